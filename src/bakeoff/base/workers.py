"""Parallel trainings: processes forked from the one that has loaded the data, which end with it.

Their number does not change a result: each training has its own seed, and one thread.
"""

import os
import signal
import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import active_children, connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

import torch

from bakeoff.base import cores
from bakeoff.base.distributed import world
from bakeoff.base.processes import follow
from bakeoff.base.settings import BadInput


class Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)
Q = TypeVar("Q")
A = TypeVar("A")

_ask: Callable[[Any], Any]  # of a process that answers

VARIABLE = "BAKEOFF_WORKERS"  # Snakemake sets it to the threads that it gives a job


def count(device: torch.device) -> int:
    """Return the number of parallel trainings: `BAKEOFF_WORKERS`, by default the number of cores of this process.

    It is 1 on a GPU, which processes would have to share, under torchrun, and where forking is not safe.

    Raises:
        BadInput: the variable is not a positive integer.
    """
    if device.type != "cpu" or sys.platform != "linux" or world()[1] > 1:
        return 1
    asked = os.environ.get(VARIABLE)
    if asked is None:
        return cores.available()
    if not asked.isdecimal() or int(asked) < 1:
        raise BadInput(f"{VARIABLE} is '{asked}', and should be a positive number of parallel trainings")
    return int(asked)


def side_by_side(work: Callable[[T], None], items: Sequence[T], workers: int) -> Iterator[T]:
    """Do the work on each item, and yield the items as they finish; one worker means this process.

    The work must write its results to files. Workers that still run when this ends receive SIGTERM, and have time to
    save their state.

    Raises:
        BadInput: a worker failed or was killed; one line.
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


def nothing(_question: Any, _answer: Any) -> None:
    """Ignore an answer."""


class Answering(ABC, Generic[Q, A]):
    """Finds the answers to questions: to many together, or to one while others are sought."""

    @abstractmethod
    def begin(self, question: Q) -> Callable[[], A]:
        """Return what waits for the answer to a question, to be called once."""

    def __call__(self, questions: Iterable[Q]) -> list[A]:
        """Return the answers in the order of the questions."""
        return [answer() for answer in [self.begin(question) for question in questions]]


class Alone(Answering[Q, A]):
    """Finds each answer in this process, once it is waited for."""

    def __init__(self, ask: Callable[[Q], A], arrived: Callable[[Q, A], None] = nothing) -> None:
        self.ask, self.arrived = ask, arrived

    def begin(self, question: Q) -> Callable[[], A]:
        return partial(self.answer, question)

    def answer(self, question: Q) -> A:
        found = self.ask(question)
        self.arrived(question, found)
        return found


class Queued(Answering[Q, A]):
    """Finds the answers by futures, which end in any order.

    Attributes:
        sought: the questions whose answers have not arrived.
        ended: of these, the answers that are known, in the order in which they were found.
    """

    def __init__(self, submit: Callable[[Q], Any], arrived: Callable[[Q, A], None]) -> None:
        """Args:
        submit: returns the future of a question's answer, of `concurrent.futures` or with the same methods.
        """
        self.submit, self.arrived = submit, arrived
        self.sought: dict[Any, Q] = {}
        self.ended: SimpleQueue[Any] = SimpleQueue()

    def begin(self, question: Q) -> Callable[[], A]:
        future = self.submit(question)
        self.sought[future] = question
        future.add_done_callback(self.ended.put)
        return partial(self.answer, future)

    def answer(self, future: Any) -> A:
        while future in self.sought:
            ended = self.ended.get()
            self.arrived(self.sought.pop(ended), self.result(ended))
        return self.result(future)

    def result(self, future: Any) -> A:
        found: A = future.result()
        return found


@contextmanager
def answering(
    ask: Callable[[Q], A], workers: int, arrived: Callable[[Q, A], None] = nothing
) -> Iterator[Answering[Q, A]]:
    """Yield a function that answers many questions in parallel, and returns the answers in order.

    The processes are forked here, once for all questions, with the data of `ask`, so that only questions and answers
    are transferred. With one worker this process answers.

    Args:
        arrived: called in this process with a question and its answer, as soon as it is known.

    Raises:
        BadInput: a worker was killed.
    """
    if workers == 1:
        yield Alone(ask, arrived)
        return
    others = active_children()
    context = get_context("fork")
    with ProcessPoolExecutor(workers, context, initializer=_listen, initargs=(ask, os.getpid())) as pool:
        pool.submit(int).result()  # forks them all: once autograd has run beside a GPU, a fork could use it no more
        started = [process for process in active_children() if process not in others]
        try:
            yield Queued(lambda question: pool.submit(_answer, question), arrived)
        except BaseException as error:
            for process in started:
                process.terminate()
            if isinstance(error, BrokenProcessPool):
                raise BadInput(f"a training's process was killed; if memory ran out, set {VARIABLE}=1") from error
            raise


def _listen(ask: Callable[[Any], Any], parent: int) -> None:
    """Initialize a forked process: SIGTERM ends it at once, because it saves nothing; its parent handles Ctrl-C."""
    global _ask
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    follow(parent)
    _ask = ask


def _answer(question: Any) -> Any:
    return _ask(question)


def _worker(work: Callable[[T], None], item: T, sender: Connection, parent: int) -> None:
    """Run a forked process to its end."""
    follow(parent)
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
            f"its process was killed; if memory ran out, set {VARIABLE}=1; finished trainings are kept for the next run"
        )
    return f"its process ended with status {status}; finished trainings are kept for the next run"
