"""Trainings side by side: processes forked from the one that holds the data, which end with it.

How many there are is never part of a result: each training has its own seed, and one thread.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Protocol, TypeVar

import joblib
import torch
import torch._dynamo  # 800 modules that torch.optim imports at its first step: once here, not in every worker anew

from bakeoff import lifeline
from bakeoff.ranks import world
from bakeoff.settings import BadInput


class Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)

VARIABLE = "BAKEOFF_WORKERS"  # Snakemake sets it to the threads that it gives a job


def count(device: torch.device) -> int:
    """How many trainings run at once: as many as `BAKEOFF_WORKERS` says, by default as this process has cores.

    One on a GPU, which processes would have to share, where torchrun has started several, and where a fork is not safe.

    Raises:
        BadInput: the variable holds no number from 1 on.
    """
    if device.type != "cpu" or sys.platform != "linux" or world()[1] > 1:
        return 1
    asked = os.environ.get(VARIABLE)
    if asked is None:
        cores: int = joblib.cpu_count()  # what affinity and a container's quota leave
        return cores
    if not asked.isdecimal() or int(asked) < 1:
        raise BadInput(f"{VARIABLE} is '{asked}', and should be a number from 1 on: of trainings that run at once")
    return int(asked)


def side_by_side(work: Callable[[T], None], items: Sequence[T], workers: int) -> Iterator[T]:
    """Do the work on each item, and yield the items as they are done; with one worker in this process.

    What the work makes it must write to files. Workers that still run when this ends get SIGTERM, and their time to
    save what they have.

    Raises:
        BadInput: a worker failed, in one line; or it was killed.
    """
    if workers == 1:
        for item in items:
            work(item)
            yield item
        return
    context = get_context("fork")
    waiting = list(reversed(items))
    running: dict[int, tuple[ForkProcess, Connection, T]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                item = waiting.pop()
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=_worker, args=(work, item, sender, os.getpid()), daemon=True)
                process.start()
                sender.close()
                running[process.sentinel] = process, receiver, item
            ended = connection.wait(list(running))
            for sentinel in [sentinel for sentinel in running if sentinel in ended]:
                process, receiver, item = running.pop(sentinel)
                process.join()
                if process.exitcode != 0:
                    raise BadInput(f"{item.name}: {_reason(process.exitcode, receiver)}")
                receiver.close()
                yield item
    finally:
        for process, _, _ in running.values():
            process.terminate()
        for process, _, _ in running.values():
            process.join()


def _worker(work: Callable[[T], None], item: T, sender: Connection, parent: int) -> None:
    """The life of a forked process."""
    lifeline.follow(parent)
    try:
        work(item)
    except BadInput as error:
        sender.send(str(error))
        sys.exit(2)
    except KeyboardInterrupt:  # the parent got it too
        sys.exit(130)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        said = " ".join(str(error).split())
        sender.send(f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}: {said}")
        sys.exit(1)


def _reason(status: int | None, receiver: Connection) -> str:
    if receiver.poll():
        try:
            return str(receiver.recv())
        except EOFError:
            pass
    if status == -signal.SIGKILL:
        return (
            f"its process was killed; if memory ran out, set {VARIABLE}=1; what has finished is kept for the next run"
        )
    return f"its process ended with status {status}; what has finished is kept for the next run"
