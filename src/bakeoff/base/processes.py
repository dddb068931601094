"""Processes of this machine: their identity, whether they have ended, and a process that ends with its parent."""

import ctypes
import os
import signal
import sys
from pathlib import Path

import psutil

PR_SET_PDEATHSIG = 1


def follow(parent: int) -> None:
    """Let this process, which was just forked from `parent`, receive SIGTERM when the parent ends."""
    end_with_parent()
    if os.getppid() != parent:  # gone already
        sys.exit(128 + signal.SIGTERM)


def end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def identity(pid: int) -> str:
    """Return a unique name of a process, which is never reused: its id, and its start time as the kernel counts it."""
    if sys.platform == "linux":
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return f"{pid}:{int(fields[19])}"
    return f"{pid}:{psutil.Process(pid).create_time()}"


def runs(named: str) -> bool:
    """Return whether the process that `identity` named is running."""
    pid = int(named.partition(":")[0])
    try:
        return identity(pid) == named and not gone(psutil.Process(pid))
    except (OSError, psutil.Error):
        return False


def gone(process: psutil.Process) -> bool:
    """Return whether a process has ended; a zombie has ended."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True
