"""How much memory there is for data."""

from pathlib import Path

import psutil

LIMIT, USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")  # of a container


def available() -> int:
    """Bytes that this process may still take: of the machine's, and of its container's where that has a limit."""
    free: int = psutil.virtual_memory().available
    limit = LIMIT.read_text().strip() if LIMIT.exists() and USED.exists() else "max"
    return free if limit == "max" else min(free, max(0, int(limit) - int(USED.read_text())))
