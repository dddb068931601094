"""A killed Snakemake loses its lock, a living one and another machine keep theirs; no limit on jobs a second."""

import inspect
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.scheduling.job_scheduler import JobScheduler

from bakeoff.base import processes
from bakeoff.harness import parent_watch, scheduler

OWNER = "from bakeoff.harness import scheduler; scheduler.claim(); print('claimed', flush=True); input()"


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    scheduler.LOCKS.mkdir(parents=True)
    (scheduler.LOCKS / "0.input.lock").write_text("data/a\n")
    yield scheduler.LOCKS / "0.input.lock"
    for file in scheduler._owned:
        file.close()
    scheduler._owned.clear()


def owner() -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "claimed\n"
    return process


def test_a_living_owner_keeps_its_lock_and_a_killed_one_loses_it(lock: Path) -> None:
    with owner() as living:
        scheduler.claim()
        assert lock.exists()
        living.kill()
    scheduler.claim()
    assert not lock.exists()


def test_this_process_keeps_its_own(lock: Path) -> None:
    scheduler.claim()
    lock.touch()
    scheduler.claim()
    assert lock.exists()


@pytest.mark.parametrize("host", ["another", "", socket.gethostname() + "2"])
def test_locks_of_another_machine_stay(lock: Path, host: str) -> None:
    scheduler.OWNER.parent.mkdir()
    scheduler.OWNER.write_text(host)
    scheduler.claim()
    assert lock.exists()


def test_a_process_is_named_so_that_its_successor_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(parent_watch.VARIABLE, "")
    scheduler.announce()
    named = os.environ[parent_watch.VARIABLE]
    assert processes.runs(named)
    pid, _, start = named.partition(":")
    assert not processes.runs(f"{pid}:{int(float(start)) + 1}")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        named = processes.identity(other.pid)
        assert processes.runs(named)
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        assert not processes.runs(named)  # ended, and not yet asked for its status
    assert not processes.runs(named)


def test_snakemake_s_scheduler_takes_no_limiter_for_no_limit() -> None:
    assert "if self.job_rate_limiter is None:" in inspect.getsource(JobScheduler.job_selector)
    workflow = SimpleNamespace(scheduler=SimpleNamespace(job_rate_limiter=object()))
    scheduler.no_rate_limit(workflow)
    assert workflow.scheduler.job_rate_limiter is None
