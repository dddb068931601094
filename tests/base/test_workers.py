"""Work side by side: all of it is done, and what goes wrong is said in one line."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import torch

from bakeoff.base.settings import BadInput
from bakeoff.base.workers import VARIABLE, answering, count, side_by_side

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Item:
    name: str


@pytest.fixture
def no_worker_remains() -> Iterator[None]:
    """Fail where a process of this test runs after it; other tests' servers may."""
    before = set(psutil.Process().children())
    yield
    after = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    assert set(after) <= before


ITEMS = [Item(f"item-{n}") for n in range(5)]


@pytest.mark.parametrize("workers", [1, 2, 9])
def test_each_item_is_worked_on_once(tmp_path: Path, workers: int) -> None:
    def work(item: Item) -> None:
        with (tmp_path / item.name).open("a") as file:
            file.write(f"{os.getpid()}\n")

    done = list(side_by_side(work, ITEMS, workers))
    assert sorted(done, key=ITEMS.index) == ITEMS
    written = [(tmp_path / item.name).read_text().split() for item in ITEMS]
    assert all(len(lines) == 1 for lines in written)
    assert (str(os.getpid()) in written[0]) == (workers == 1)


def test_no_more_run_at_once_than_there_are_workers(tmp_path: Path) -> None:
    def work(item: Item) -> None:
        (tmp_path / item.name).touch()
        most = max(len(list(tmp_path.iterdir())) for _ in range(20) if time.sleep(0.005) is None)
        (tmp_path / item.name).unlink()
        if most > 2:
            raise RuntimeError(f"{most} at once")

    assert len(list(side_by_side(work, ITEMS, 2))) == 5


def wrong(item: Item) -> None:
    raise BadInput(f"params.yaml: {item.name} is too small")


def broken(_: Item) -> None:
    raise ZeroDivisionError("one\nby zero")


def killed(_: Item) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def left(_: Item) -> None:
    sys.exit(3)


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (wrong, r"item-0: params.yaml: item-0 is too small"),
        (broken, r"item-0: ZeroDivisionError in test_workers.py, line \d+: one by zero"),
        (killed, rf"item-0: its process was killed; if memory ran out, set {VARIABLE}=1; .*kept"),
        (left, r"item-0: its process ended with status 3; .*kept"),
    ],
)
def test_a_worker_that_fails_says_so_in_one_line(work: Callable[[Item], None], message: str) -> None:
    with pytest.raises(BadInput, match=f"^{message}") as raised:
        list(side_by_side(work, ITEMS[:1] * 2, 2))
    assert "\n" not in str(raised.value)


@pytest.mark.usefixtures("no_worker_remains")
def test_when_one_fails_the_others_are_asked_to_end(tmp_path: Path) -> None:
    def work(item: Item) -> None:
        if item.name == "item-0":
            while not (tmp_path / "ready").exists():
                time.sleep(0.005)
            raise BadInput("no")
        try:
            (tmp_path / "ready").touch()
            time.sleep(60)
        finally:
            (tmp_path / "saved").touch()

    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        with pytest.raises(BadInput, match="item-0: no"):
            list(side_by_side(work, ITEMS[:2], 2))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (tmp_path / "saved").exists()


def test_workers_end_with_a_process_that_is_killed() -> None:
    code = (
        "import bakeoff.base.reproducible, os, time\n"
        "from types import SimpleNamespace as Item\n"
        "from bakeoff.base.workers import side_by_side\n"
        "def work(item):\n"
        "    os.write(1, b'ready\\n')\n"
        "    time.sleep(60)\n"
        "list(side_by_side(work, [Item(name='a'), Item(name='b')], 2))\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}
    ) as running:
        assert running.stdout is not None
        assert [running.stdout.readline() for _ in range(2)] == ["ready\n"] * 2
        running.kill()
        assert running.stdout.read() == ""  # ends with the last process that holds the pipe


@pytest.mark.usefixtures("no_worker_remains")
def test_answers_come_in_the_order_of_the_questions_from_processes_forked_once() -> None:
    held = {"offset": 100}  # no part of a question, and in a function that could not be sent

    def ask(question: int) -> tuple[int, int]:
        time.sleep(0.02 * (3 - question % 4))  # the later ones of a batch are ready first
        return question + held["offset"], os.getpid()

    for workers in (1, 2, 4):
        with answering(ask, workers) as answers:
            held["offset"] = -1 if workers > 1 else 100  # too late for those that are forked
            found = [*answers(range(4)), *answers([7, 5])]
        held["offset"] = 100
        assert [answer for answer, _ in found] == [100, 101, 102, 103, 107, 105]
        processes = {process for _, process in found}
        assert (
            processes == {os.getpid()} if workers == 1 else os.getpid() not in processes and len(processes) <= workers
        )


def refuse(_: int) -> None:
    raise BadInput("params.yaml: no")


def stop(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.usefixtures("no_worker_remains")
@pytest.mark.parametrize(
    ("ask", "message"),
    [(refuse, "params.yaml: no"), (stop, f"a training's process was killed; if memory ran out, set {VARIABLE}=1")],
)
def test_where_no_answer_comes_it_is_said_in_one_line(ask: Callable[[int], None], message: str) -> None:
    with pytest.raises(BadInput, match=f"^{message}$"), answering(ask, 2) as answers:
        answers([1, 2])


ANSWERING = """
import bakeoff.base.reproducible, os, signal, sys, time
from bakeoff.base.workers import answering
signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
def ask(question):
    os.write(1, b'ready\\n')
    time.sleep(60)
try:
    with answering(ask, 2) as answers:
        answers([1, 2])
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_processes_that_answer_end_with_the_one_that_asks(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ANSWERING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        process_group=0,
    ) as running:
        assert running.stdout is not None
        assert [running.stdout.readline() for _ in range(2)] == ["ready\n"] * 2
        if number == signal.SIGINT:  # Ctrl-C is for the whole group
            os.killpg(running.pid, number)
        else:
            running.send_signal(number)
        rest, errors = running.communicate(timeout=10)  # the pipes end with the last process that holds them
    assert (rest, errors) == ("", "")
    assert running.returncode == (-number if number == signal.SIGKILL else 128 + number)


def test_there_are_as_many_as_cores_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert 1 <= count(CPU) <= (os.cpu_count() or 1)
    monkeypatch.setenv("WORLD_SIZE", "2")  # torchrun
    assert count(CPU) == 1
    monkeypatch.delenv("WORLD_SIZE")
    monkeypatch.setenv(VARIABLE, "7")
    assert count(CPU) == 7
    assert count(torch.device("cuda")) == 1
    for bad in ("0", "two", "-1", ""):
        monkeypatch.setenv(VARIABLE, bad)
        with pytest.raises(BadInput, match=f"{VARIABLE} is '{bad}', and should be a positive number"):
            count(CPU)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert count(CPU) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_an_answer_is_handed_over_as_soon_as_it_is_there(workers: int) -> None:
    """Where a later question cannot be answered, those that were are not lost."""

    def ask(question: int) -> int:
        if question == 2:
            raise BadInput("no")
        return 10 * question

    arrived: list[tuple[int, int]] = []
    asking = answering(ask, workers, lambda *both: arrived.append(both))
    with pytest.raises(BadInput, match=r"^no$"), asking as answers:
        assert answers([0, 1]) == [0, 10]
        answers([3, 2])
    assert {(0, 0), (1, 10)} <= set(arrived) <= {(0, 0), (1, 10), (3, 30)}
    assert workers > 1 or len(arrived) == 3


@pytest.mark.usefixtures("no_worker_remains")
def test_an_answer_does_not_wait_for_those_before_it(tmp_path: Path) -> None:
    def ask(question: int) -> int:
        while question == 0 and not (tmp_path / "arrived").exists():
            time.sleep(0.005)
        return question

    with answering(ask, 2, lambda *_: (tmp_path / "arrived").touch()) as answers:
        assert answers([0, 1]) == [0, 1]


@pytest.mark.parametrize("workers", [1, 2])
def test_questions_that_begin_one_by_one_are_answered_once_each(workers: int) -> None:
    arrived: list[tuple[int, int]] = []

    def square(number: int) -> int:
        return number**2

    with answering(square, workers, lambda *pair: arrived.append(pair)) as ask:
        first, second = ask.begin(2), ask.begin(3)
        assert first() == 4
        third = ask.begin(4)
        assert (third(), second()) == (16, 9)
        assert ask([5, 6]) == [25, 36]
    assert sorted(arrived) == [(number, number**2) for number in (2, 3, 4, 5, 6)]


def test_an_answer_arrives_while_an_earlier_one_is_waited_for(tmp_path: Path) -> None:
    """The first question waits until the answer to the second has arrived."""

    def wait(number: int) -> bool:
        if number == 1:
            for _ in range(3000):
                if (tmp_path / "2").exists():
                    return True
                time.sleep(0.01)
            return False
        return True

    with answering(wait, 2, lambda number, _: (tmp_path / str(number)).touch()) as ask:
        first, _ = ask.begin(1), ask.begin(2)
        assert first()
