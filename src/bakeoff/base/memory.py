"""How much memory there is for data, and what becomes of memory that is freed."""

import ctypes
from pathlib import Path

import psutil

LIMIT, USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")  # of a container

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
LARGE = 2**25  # bytes: the highest that all of its versions take


def available() -> int:
    """Bytes that this process may still take: of the machine's, and of its container's where that has a limit."""
    free: int = psutil.virtual_memory().available
    limit = LIMIT.read_text().strip() if LIMIT.exists() and USED.exists() else "max"
    return free if limit == "max" else min(free, max(0, int(limit) - int(USED.read_text())))


def keep() -> None:
    """Have this process keep the memory that it frees, up to its most so far, for its own next use.

    glibc returns it at the end of each training step, and the next step gets it back page by page, each zeroed first: a
    tenth of the time of a small ResNet. Without glibc nothing happens; results are the same anyway.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    # Refused, as by musl, whose function does nothing, the first leaves the second undone: alone it would do harm.
    if mallopt and mallopt(M_MMAP_THRESHOLD, LARGE):
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
