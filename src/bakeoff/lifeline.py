"""A stage dies with the engine that started it: after `kill -9` of DVC or Snakemake no second writer is left behind."""

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil

ENGINES = ("dvc", "snakemake")
PERIOD = 0.5  # seconds between two looks
PR_SET_PDEATHSIG = 1


def hold() -> None:
    """Send this process SIGTERM as soon as any engine above it is gone; a no-op for a stage that was run by hand."""
    chain = engines()
    if not chain:
        if "DVC_STAGE" in os.environ:  # DVC started it, and died while it was importing
            sys.exit(128 + signal.SIGTERM)
        return
    _end_with_parent()  # at once, where the engine is the direct parent
    threading.Thread(target=_watch, args=(chain,), daemon=True, name="lifeline").start()


def follow(parent: int) -> None:
    """Send this process, just forked from `parent`, SIGTERM as soon as that one is gone."""
    _end_with_parent()
    if os.getppid() != parent:  # gone already
        sys.exit(128 + signal.SIGTERM)


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def engines() -> list[psutil.Process]:
    """The ancestors up to the topmost DVC or Snakemake process; shells between them die with them or don't matter."""
    ancestors = psutil.Process().parents()
    tops = [depth for depth, process in enumerate(ancestors) if _is_engine(process)]
    return ancestors[: tops[-1] + 1] if tops else []


def _is_engine(process: psutil.Process) -> bool:
    try:
        words = process.cmdline()[:3]
    except psutil.Error:
        return False
    return any(Path(word).name in ENGINES for word in words)


def _watch(chain: list[psutil.Process]) -> None:
    while all(process.is_running() for process in chain):
        time.sleep(PERIOD)
    os.kill(os.getpid(), signal.SIGTERM)
