"""Snakemake's process: its lock on the project, its name for all that it starts, and its limit on jobs a second.

A lock that a killed Snakemake left behind is removed, never that of a living one. Snakemake knows its lock by files
alone, which outlive it, and then asks for `--unlock`. Beside them, the main process holds a lock of the operating
system, which ends with it.
"""

import fcntl
import os
import socket
from pathlib import Path
from typing import Any, TextIO

from bakeoff.base import processes
from bakeoff.harness import parent_watch

LOCKS = Path(".snakemake/locks")
OWNER = Path(".bakeoff/snakemake")

_owned: list[TextIO] = []  # open as long as this process lives


def claim() -> None:
    """Become the one Snakemake that runs here, and remove the locks of one that was killed.

    Where another runs, nothing happens, and Snakemake itself refuses. Locks that another machine of a shared folder
    made are left too: whether their owner lives cannot be seen from here.
    """
    if _owned:
        return
    OWNER.parent.mkdir(parents=True, exist_ok=True)
    file = OWNER.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return
    _owned.append(file)
    file.seek(0)
    if file.read() == socket.gethostname():
        for lock in LOCKS.glob("*.lock"):
            lock.unlink(missing_ok=True)
    file.seek(0)
    file.truncate()
    file.write(socket.gethostname())
    file.flush()


def announce() -> None:
    """Name this process to all that it starts: they end when it does."""
    os.environ[parent_watch.VARIABLE] = processes.identity(os.getpid())


def no_rate_limit(workflow: Any) -> None:
    """Take away Snakemake's limit on jobs a second, which protects a cluster's queue and does nothing on one machine.

    Each job that waits under the limit sets a timer that wakes the scheduler, which sets the next one. They add up: a
    run of a hundred jobs spent three minutes of processor time on them.
    """
    workflow.scheduler.job_rate_limiter = None
