"""Trainings on the workers of a Dask cluster, in place of processes of this machine.

The searches use it. Where a training runs, and on how many workers, is never part of a result. A worker that dies loses
its training alone, which another worker then begins again.
"""

import hashlib
import logging
import operator
import os
import platform
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar
from urllib.parse import urlsplit

from bakeoff.base import machine, reproducible
from bakeoff.base.settings import BadInput
from bakeoff.base.workers import Answering, Queued, answering, nothing

Q = TypeVar("Q")
A = TypeVar("A")

VARIABLE = "BAKEOFF_DASK"  # the address of a scheduler, such as tcp://head:8786
INSTALL = "pip install 'bakeoff[dask]'"
FOLDER = Path(".bakeoff/dask")  # of the workers, for files of their own
THREADS = "the number of threads"
KEPT = "Finished trainings are kept for the next run"
CONNECT = 10  # seconds to reach the scheduler
START = "start some by `bakeoff worker ADDRESS` in this project's folder on other machines"


def answers(
    ask: Callable[[Q], A], workers: int, arrived: Callable[[Q, A], None] = nothing
) -> AbstractContextManager[Answering[Q, A]]:
    """Return `answering` by the cluster that the environment names, or else by processes of this machine.

    Args:
        workers: the number of processes.
    """
    scheduler = os.environ.get(VARIABLE)
    return on_cluster(ask, scheduler, arrived) if scheduler else answering(ask, workers, arrived)


def serve(scheduler: str) -> NoReturn:
    """Become a worker of a cluster, with one thread and the environment that makes bytes equal.

    Raises:
        BadInput: the package is not installed.
    """
    if find_spec("distributed") is None:
        raise BadInput(f"the package distributed is not installed; {INSTALL}")
    options = ["--nthreads", "1", "--no-dashboard", "--local-directory", str(FOLDER)]
    os.execv(sys.executable, [sys.executable, "-m", "distributed.cli.dask_worker", scheduler, *options])


@contextmanager
def on_cluster(ask: Callable[[Q], A], scheduler: str, arrived: Callable[[Q, A], None]) -> Iterator[Answering[Q, A]]:
    """Yield an object that has questions answered by the workers of a cluster.

    `ask` is sent to each worker once, with the data that it holds; after that only questions and answers are sent.

    Args:
        scheduler: its address.
        arrived: is called in this process with a question and its answer, as soon as it is there.

    Raises:
        BadInput: the scheduler does not answer, a worker is not as this process is, or all workers are gone.
    """
    try:
        from distributed import Client
    except ImportError:
        raise BadInput(f"{VARIABLE} is set, and the package distributed is not installed; {INSTALL}") from None
    # Otherwise its warnings come between the lines of the stage.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        parts = urlsplit(scheduler)
        socket.create_connection((parts.hostname or "", parts.port or 0), CONNECT).close()
        client: Any = Client(scheduler, timeout=CONNECT, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{VARIABLE}: no scheduler answers at '{scheduler}' ({type(error).__name__}); start one by "
            "`dask scheduler`, or unset the variable"
        ) from None
    with client:
        check(client)
        yield OnCluster(client, ask, arrived)


def check(client: Any) -> None:
    """Check that each worker gives the bytes that this process would give.

    Raises:
        BadInput: there is no worker, or one differs.
    """
    try:
        described = client.run(describe_worker, on_error="return")
    except OSError as error:  # its own TimeoutError among them
        raise BadInput(f"{VARIABLE}: a worker ended while it was asked what it is ({error}); run this again") from None
    if not described:
        raise BadInput(f"{VARIABLE}: the scheduler has no workers; {START}")
    for place, found in sorted(described.items()):
        if fault := difference(found):
            raise BadInput(f"{VARIABLE}: the worker at {place} {fault}; {START}")


def difference(found: Mapping[str, str] | BaseException) -> str | None:
    """Return how a worker differs from this process; None if it gives the same bytes.

    Args:
        found: what the worker says of itself, or why it cannot.
    """
    if isinstance(found, BaseException):
        return f"cannot import this project ({found})"
    # Trainings beside each other in one process could disturb each other.
    for name, value in (describe() | {THREADS: "1"}).items():
        if found.get(name) != value:
            return f"has {name} {found.get(name)}: expected {value}, as here"
    return None


@cache  # a worker keeps the code that it has loaded, also if the files change
def describe() -> dict[str, str]:
    """Return what determines the bytes of a training in this process, besides its settings and data."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    versions = {name: version(name) for name in reproducible.HEAVY}
    environment = "set" if reproducible.applied() else "not set"
    python = ".".join(map(str, sys.version_info[:2]))
    avx2 = "found" if "avx2" in machine.flags() else "not found"
    return {
        "the architecture": platform.machine(),
        "AVX2": avx2,
        "Python": python,
        **versions,
        "code with digest": digest.hexdigest()[:12],
        "the environment": environment,
    }


def describe_worker(dask_worker: Any = None) -> dict[str, str]:
    """Return the same for the worker in which this runs, with the number of its threads.

    Args:
        dask_worker: handed over by `Client.run`, under this name; None inside a task.
    """
    from distributed import get_worker

    return describe() | {THREADS: str((dask_worker or get_worker()).state.nthreads)}


class OnCluster(Queued[Q, A]):
    """Finds the answers on the workers of a cluster."""

    def __init__(self, client: Any, ask: Callable[[Q], A], arrived: Callable[[Q, A], None]) -> None:
        from distributed.protocol.serialize import serialize_bytes

        held = client.scatter(_Reading(ask), broadcast=True, hash=False)

        def submit(question: Q) -> Any:
            # The scheduler reads the arguments of a task, and has neither this project nor its environment.
            return client.submit(operator.call, held, serialize_bytes(question), pure=False)

        super().__init__(submit, arrived)

    def result(self, future: Any) -> A:
        """Return an answer, of a worker that is as this process is: workers may join during a search."""
        from distributed import CancelledError, KilledWorker

        try:
            answer, description = future.result()
        except KilledWorker:
            raise BadInput(
                f"{VARIABLE}: a training ended several workers, one after the other; if memory ran out, give them "
                f"more. {KEPT}"
            ) from None
        except CancelledError:
            raise BadInput(f"{VARIABLE}: all workers are gone; {START}. {KEPT}") from None
        if fault := difference(description):
            raise BadInput(f"{VARIABLE}: a worker that joined during the search {fault}; {START}. {KEPT}")
        found: A = answer
        return found


@dataclass(frozen=True)
class _Reading(Generic[Q, A]):
    """Answers a question that arrives as bytes, and describes the worker that does."""

    ask: Callable[[Q], A]

    def __call__(self, question: bytes) -> tuple[A, dict[str, str]]:
        from distributed.protocol.serialize import deserialize_bytes

        return self.ask(deserialize_bytes(question)), describe_worker()
