"""Ends a stage with the engine that started it, so that `kill -9` of DVC or Snakemake leaves no second writer.

`end_with_engine` must run before any slow import: `pipeline/__init__.py` calls it first.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from bakeoff.base.processes import end_with_parent, gone, identity, runs
from bakeoff.harness import lockfile
from bakeoff.harness.lockfile import is_engine

PERIOD = 0.5  # seconds between two looks
GUARD_PERIOD = 0.1  # the guard is quicker than a DVC that is started again

# The identity of Snakemake's process, for its child processes: an ancestor that has ended cannot be found any more.
VARIABLE = "BAKEOFF_ENGINE"

_holding: list[psutil.Process] = []


def end_with_engine() -> None:
    """Send this process SIGTERM when any engine above it ends; do nothing for a stage that was started by hand.

    A second call does nothing.
    """
    if _holding:
        return
    chain = engines()
    named = os.environ.get(VARIABLE)
    if (named and not runs(named)) or (not chain and "DVC_STAGE" in os.environ):
        sys.exit(128 + signal.SIGTERM)  # the engine died while this process was starting
    if not chain:
        return
    _holding.extend(chain)
    end_with_parent()  # at once, where the engine is the direct parent
    if Path(".dvc").exists() and (dvc := plain_dvc(chain)):
        _detached(lambda: guard(dvc))  # before there is a thread: a fork copies only one
    threading.Thread(target=_watch, args=(chain,), daemon=True, name="parent watch").start()


def engines() -> list[psutil.Process]:
    """Return the ancestors up to the topmost DVC or Snakemake process, shells between them included."""
    ancestors = psutil.Process().parents()
    tops = [depth for depth, process in enumerate(ancestors) if is_engine(process)]
    return ancestors[: tops[-1] + 1] if tops else []


def _watch(chain: list[psutil.Process]) -> None:
    while not any(gone(process) for process in chain):
        time.sleep(PERIOD)
    os.kill(os.getpid(), signal.SIGTERM)


def plain_dvc(chain: list[psutil.Process]) -> psutil.Process | None:
    """Return the nearest engine if it is a plain `dvc`, which writes dvc.lock in place; see harness/engine.py."""
    nearest = next(process for process in chain if is_engine(process))
    return nearest if any(Path(word).name == "dvc" for word in nearest.cmdline()[:3]) else None


def guard(dvc: psutil.Process) -> None:
    """Copy dvc.lock whenever DVC has written it. When DVC ends, repair its files, and end.

    The first stage of a `dvc repro` starts this process; the later stages find it running.
    """
    path = Path(".bakeoff/guards") / identity(dvc.pid)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return
    kept, seen = 0, (0, 0)
    while not gone(dvc):
        if (now := lockfile.version()) != seen:
            seen, kept = now, lockfile.keep(kept)
        time.sleep(GUARD_PERIOD)
    for _ in lockfile.heal(kept):
        pass
    path.unlink(missing_ok=True)


def _detached(work: Callable[[], object]) -> None:
    """Do the work in a separate process, detached from the terminal and the pipes of this one."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            null = os.open(os.devnull, os.O_RDWR)
            for number in range(3):
                os.dup2(null, number)
            os.closerange(3, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 65536 else 65536)
            work()
    finally:
        os._exit(0)
