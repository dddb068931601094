"""The number of cores that this process may use."""

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")  # of a container


def available() -> int:
    """Return the number of cores that the affinity of this process and the quota of its container allow."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, period = limit(CGROUP)
    return cores if quota in ("max", "-1") else max(1, min(cores, math.ceil(int(quota) / int(period))))


def limit(cgroup: Path) -> list[str]:
    """Return the CPU quota and its period, in microseconds; the quota is `max` or -1 for no limit.

    Source: Linux kernel, Documentation/admin-guide/cgroup-v2.rst (cpu.max) and scheduler/sched-bwc.rst (version 1).
    """
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        files = [cgroup / name for name in names]
        if all(map(Path.exists, files)):
            return " ".join(file.read_text() for file in files).split()
    return ["max", "1"]
