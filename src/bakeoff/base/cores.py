"""How many cores this process may use."""

import math
import os
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container: microseconds, or `max`, in a period of so many


def available() -> int:
    """Return the number of cores that the affinity of this process and the quota of its container leave it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, period = QUOTA.read_text().split() if QUOTA.exists() else ("max", "1")
    return cores if quota == "max" else max(1, min(cores, math.ceil(int(quota) / int(period))))
