"""The memory available for data, and the reuse of freed memory."""

import ctypes
from pathlib import Path

import psutil

LIMIT, USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")  # of a container

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
LARGE = 2**25  # bytes: the highest that all of its versions take


def available() -> int:
    """Return the number of bytes that this process may still allocate, within the limit of its container."""
    free: int = psutil.virtual_memory().available
    limit = LIMIT.read_text().strip() if LIMIT.exists() and USED.exists() else "max"
    return free if limit == "max" else min(free, max(0, int(limit) - int(USED.read_text())))


def keep() -> None:
    """Let this process keep freed memory for its next allocations.

    By default glibc returns it to the system at the end of each training step. The next step gets it back page by page,
    and each page is zeroed first, which is a tenth of the time of a small ResNet. Without glibc this does nothing.
    Results do not change.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    # The second setting alone would be harmful, so it is only made if the first one succeeds (musl refuses both).
    if mallopt and mallopt(M_MMAP_THRESHOLD, LARGE):
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
