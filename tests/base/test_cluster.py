"""Trainings on a Dask cluster: as here, in the order of the questions, also when a worker is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from distributed import Client

from bakeoff.base import cluster, reproducible
from bakeoff.base.progress import Progress
from bakeoff.base.settings import BadInput
from bakeoff.base.workers import answering, nothing
from tests.tuning import test_resume
from tests.tuning.test_resume import RESUMED, Search
from tests.tuning.test_study import small_study

SECONDS = 60  # in which a cluster starts
WORKER = [sys.executable, "-m", "distributed.cli.dask_worker"]
BARE = ["env", *(f"--unset={name}" for name in reproducible.ENVIRONMENT)]
OURS = [*BARE, str(Path(sys.executable).with_name("bakeoff")), "worker"]

pytestmark = pytest.mark.xdist_group("dask")  # they share a cluster


def started(command: list[str], folder: Path) -> "subprocess.Popen[bytes]":
    """Start a process in a group of its own."""
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, start_new_session=True, stdout=log, stderr=log)


def ended(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Start a scheduler outside the project and its environment, and yield its address."""
    file = folder / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    process = started([*BARE, sys.executable, "-m", "distributed.cli.dask_scheduler", *options], folder)
    try:
        until(file.exists)
        yield json.loads(file.read_text())["address"]
    finally:
        ended(process)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("scheduler")) as address:
        yield address


@pytest.fixture
def scheduler_of_its_own(tmp_path: Path) -> Iterator[str]:
    with served(tmp_path) as address:
        yield address


def until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not there():
        assert time.monotonic() < end
        time.sleep(0.05)


@contextmanager
def joined(scheduler: str, folder: Path, *commands: Sequence[str]) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Start workers by these commands, and wait until the scheduler has them; none is left."""
    (folder / "params.yaml").touch()  # by which `bakeoff` knows a project's folder
    running = [started([*command, scheduler], folder) for command in commands]
    try:
        until(lambda: len(workers(scheduler)) == len(running))
        yield running
    finally:
        for process in running:
            ended(process)
    until(lambda: not workers(scheduler))


def workers(scheduler: str) -> Mapping[str, Any]:
    with Client(scheduler, set_as_default=False) as client:
        found: Mapping[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
        return found


@pytest.fixture(scope="module")
def two_workers(scheduler: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with joined(scheduler, tmp_path_factory.mktemp("workers"), OURS, OURS):
        yield


@pytest.mark.usefixtures("two_workers")
def test_the_answers_are_in_the_order_of_the_questions(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cluster.VARIABLE, scheduler)
    held, arrived = list(range(100)), []
    own = os.getpid()

    def ask(question: int) -> tuple[int, bool]:
        time.sleep(0.05 * (question % 3))
        return held[question] ** 2, os.getpid() != own

    with cluster.answers(ask, 1, lambda question, answer: arrived.append((question, answer))) as answering:
        for questions in ([5, 3, 2, 4], [1], []):
            assert answering(questions) == [(question**2, True) for question in questions]
    assert sorted(arrived) == [(question, (question**2, True)) for question in (1, 2, 3, 4, 5)]


@pytest.mark.usefixtures("two_workers")
def test_a_search_on_a_cluster_gives_what_one_process_gives(scheduler: str) -> None:
    found = []
    for context in (lambda ask: answering(ask, 1), lambda ask: cluster.on_cluster(ask, scheduler, nothing)):
        study = small_study("bayes")
        with context(study.train) as train, Progress(study.trainings, "tune", StringIO()) as progress:
            found.append(study.run(train, lambda *_: lambda _: None, progress))
    assert found[0] == found[1]


@pytest.mark.usefixtures("two_workers")
def test_halving_on_a_cluster_goes_on_from_checkpoints(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = Search("random", tmp_path / "here", RESUMED).run(trials=4)
    monkeypatch.setattr(test_resume, "answering", lambda ask, _, arrived: cluster.on_cluster(ask, scheduler, arrived))
    there = Search("random", tmp_path / "there", RESUMED)
    assert there.run(trials=4) == records
    assert any(path.is_file() for path in there.checkpoints.rglob("*"))


@pytest.mark.usefixtures("two_workers")
def test_other_libraries_are_refused(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = cluster.describe() | {"torch": "9.9"}

    def by_worker(dask_worker: Any) -> dict[str, str]:
        from bakeoff.base.cluster import describe_worker  # the worker's own, which is not replaced

        return describe_worker(dask_worker)

    monkeypatch.setattr(cluster, "describe", lambda: own)
    monkeypatch.setattr(cluster, "describe_worker", by_worker)
    refused(scheduler, r"the worker at tcp://\S+ has torch 2\.\S+: expected 9\.9, as here; start some")


def test_a_killed_worker_s_training_is_begun_again_by_another_and_without_any_the_search_ends(tmp_path: Path) -> None:
    """A machine is gone: the worker, and the process that would start it again."""
    begun = tmp_path / "begun"
    begun.mkdir()

    def ask(question: int) -> int:
        with (begun / str(question)).open("a") as file:
            file.write(f"{os.getpgid(0)}\n")
        time.sleep(0.3)
        return -question

    def arrived(question: int, _: int) -> None:
        if question in (0, 8):
            lost = pair[question // 8].pid
            until(lambda: any(str(lost) in file.read_text().split() for file in begun.iterdir()))
            os.killpg(lost, signal.SIGKILL)

    with (
        served(tmp_path) as scheduler,
        joined(scheduler, tmp_path, OURS, OURS) as pair,
        cluster.on_cluster(ask, scheduler, arrived) as answers,
    ):
        assert answers(range(8)) == [-question for question in range(8)]
        repeated = [file.name for file in begun.iterdir() if len(file.read_text().split()) > 1]
        assert 1 <= len(repeated) <= 2  # what the worker trained, and a result that had not yet been fetched
        with pytest.raises(BadInput, match="all workers are gone; start some by `bakeoff worker ADDRESS`"):
            answers([8, 9, 10])


def test_workers_that_would_give_other_bytes_are_refused_as_is_a_cluster_without_workers(
    scheduler_of_its_own: str, tmp_path: Path
) -> None:
    refused(scheduler_of_its_own, r"the scheduler has no workers; start some")
    with joined(scheduler_of_its_own, tmp_path, [*BARE, *WORKER, "--nthreads", "1"]):
        refused(scheduler_of_its_own, r"cannot import this project|has the environment not set: expected set")
    with joined(scheduler_of_its_own, tmp_path, [*WORKER, "--nthreads", "2"]):
        refused(scheduler_of_its_own, r"has the number of threads 2: expected 1, as here; start some")


def refused(scheduler: str, message: str) -> None:
    with pytest.raises(BadInput, match=message), cluster.on_cluster(int, scheduler, nothing):
        pass


def test_a_process_describes_the_code_that_it_has_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker of earlier searches goes on with the old code after an edit of the files."""
    before = cluster.describe()
    monkeypatch.setattr(Path, "read_bytes", lambda _: b"edited")
    assert cluster.describe() == before


def test_an_answer_of_other_code_is_refused() -> None:
    """A worker that joins during a search was not there for the check at its start."""
    on_cluster = cluster.OnCluster(SimpleNamespace(scatter=lambda *_, **__: None), int, nothing)
    own = cluster.describe() | {cluster.THREADS: "1"}
    assert on_cluster.result(SimpleNamespace(result=lambda: (7, own))) == 7
    other = own | {"code with digest": "abc"}
    with pytest.raises(BadInput, match="a worker that joined during the search has code with digest abc: expected"):
        on_cluster.result(SimpleNamespace(result=lambda: (7, other)))


def test_what_differs_is_named() -> None:
    own = cluster.describe() | {cluster.THREADS: "1"}
    assert cluster.difference(own) is None
    assert cluster.difference(own | {"Python": "3.10"}) == f"has Python 3.10: expected {own['Python']}, as here"
    assert cluster.difference(own | {"AVX2": "not found"}) == "has AVX2 not found: expected found, as here"
    assert cluster.difference(ImportError("no bakeoff")) == "cannot import this project (no bakeoff)"


def test_a_scheduler_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT", 1)
    for address in ("tcp://127.0.0.1:1", "nonsense", "tcp://", " ", "tcp://127.0.0.1:99999"):
        refused(address, rf"no scheduler answers at '{address}'")


def test_trainings_are_on_this_machine_where_no_cluster_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cluster.VARIABLE, raising=False)
    with cluster.answers(lambda question: (question, os.getpid()), 1) as answers:
        assert answers([1, 2]) == [(1, os.getpid()), (2, os.getpid())]
