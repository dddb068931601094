"""Processes of this machine: which is which, whether one has ended, and one that ends with its parent."""

import ctypes
import os
import signal
import sys
from pathlib import Path

import psutil

PR_SET_PDEATHSIG = 1


def follow(parent: int) -> None:
    """Send this process, just forked from `parent`, SIGTERM as soon as that one is gone."""
    end_with_parent()
    if os.getppid() != parent:  # gone already
        sys.exit(128 + signal.SIGTERM)


def end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def identity(pid: int) -> str:
    """The process as no other is named, neither now nor later: its number, and its start by the kernel's own count."""
    if sys.platform == "linux":
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return f"{pid}:{int(fields[19])}"
    return f"{pid}:{psutil.Process(pid).create_time()}"


def runs(named: str) -> bool:
    """Whether the process that `identity` named is alive."""
    pid = int(named.partition(":")[0])
    try:
        return identity(pid) == named and not gone(psutil.Process(pid))
    except (OSError, psutil.Error):
        return False


def gone(process: psutil.Process) -> bool:
    """Whether a process has ended, be it that its parent has not asked for its status yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True
