"""Snakemake's process: its lock on the project, its identity for child processes, and its limit on jobs a second.

The lock of a killed Snakemake is removed, never that of a running one. Snakemake's lock consists of files, which stay
after a kill, so that `--unlock` is needed. The main process therefore also holds a lock of the operating system, which
ends with the process.
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
    """Acquire the lock of this folder, and remove the lock files of a Snakemake that was killed.

    If another Snakemake runs here, do nothing: Snakemake itself refuses to run. Locks of another machine that shares
    the folder are kept, because it is unknown whether their owner still runs.
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
    """Publish the identity of this process to its child processes, which end when it does."""
    os.environ[parent_watch.VARIABLE] = processes.identity(os.getpid())


def no_rate_limit(workflow: Any) -> None:
    """Remove Snakemake's limit on jobs a second, which protects the queue of a cluster and has no use on one machine.

    While jobs wait, the limit wakes the scheduler by timers, and each wake-up starts another timer. In a run of a
    hundred jobs they took three minutes of processor time.
    """
    workflow.scheduler.job_rate_limiter = None
