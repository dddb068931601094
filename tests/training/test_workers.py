"""Work side by side: all of it is done, and what goes wrong is said in one line."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import torch

from bakeoff.settings import BadInput
from bakeoff.training.workers import VARIABLE, count, side_by_side

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Item:
    name: str


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
    assert not psutil.Process().children()


def test_workers_end_with_a_process_that_is_killed() -> None:
    code = (
        "import bakeoff.reproducible, os, time\n"
        "from types import SimpleNamespace as Item\n"
        "from bakeoff.training.workers import side_by_side\n"
        "def work(item):\n"
        "    print('ready', flush=True)\n"
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
        with pytest.raises(BadInput, match=f"{VARIABLE} is '{bad}', and should be a number from 1 on"):
            count(CPU)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert count(CPU) == 1
