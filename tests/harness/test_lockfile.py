"""A dvc.lock that was cut anywhere is known as such, and mended from the best copy there is."""

import fcntl
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bakeoff.harness import lockfile

ENTRY = """\
  {name}:
    cmd: python -m pipeline.{name} --text "a: b"
    deps:
    - path: data/{name}
      hash: md5
      md5: 0123456789abcdef0123456789abcdef
      size: 123
    params:
      params.yaml:
        a.section:
          size: 3
    outs:
    - path: models/{name}.json
      hash: md5
      md5: 0123456789abcdef0123456789abcdef
      size: 12345
"""
FOLDER = """\
    - path: reports/{name}
      hash: md5
      md5: 0123456789abcdef0123456789abcdef.dir
      size: 4567
      nfiles: 17
"""
HEAD = "schema: '2.0'\nstages:\n"
ONE = HEAD + ENTRY.format(name="train@cnn-adam")
TWO = ONE + ENTRY.format(name="report") + FOLDER.format(name="figures")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_projects_own_lock_is_whole() -> None:
    text = (Path(__file__).parents[2] / "dvc.lock").read_text(encoding="utf-8")
    assert lockfile.whole(text)
    assert lockfile.entries(text) > 50


@pytest.mark.parametrize("text", [ONE, TWO, ONE + FOLDER.format(name="b")])
def test_a_whole_lock_is_left_alone(text: str) -> None:
    lockfile.LOCK.write_text(text)
    assert not lockfile.cut(text)
    assert list(lockfile.heal()) == []
    assert lockfile.LOCK.read_text() == text


def test_every_cut_inside_an_entry_is_seen() -> None:
    ends = {len(ONE), len(TWO) - len(FOLDER.format(name="figures")), len(TWO)}  # an entry or output less is a lock too
    seen = {place for place in range(len(TWO) + 1) if not lockfile.cut(TWO[:place])}
    # A dependency's end looks like an output's only where no output follows, and then `outs:` is missing.
    assert seen == ends
    assert all(lockfile.cut(TWO[:place], fewest=2) for place in range(len(ONE) + 1))


@pytest.mark.parametrize(
    "left", ["", "\n", "\0" * 4096, "schema: '2.0'\n", HEAD, TWO[: len(ONE) + 40], TWO[:-1], TWO[:100]]
)
@pytest.mark.parametrize("copy", [ONE, None])
def test_a_cut_lock_is_put_back_or_begins_anew(left: str, copy: str | None) -> None:
    lockfile.LOCK.write_text(left)
    if copy:
        lockfile.COPY.parent.mkdir()
        lockfile.COPY.write_text(copy)
    (said,) = lockfile.heal()
    assert said.startswith("dvc.lock: was truncated, because DVC was killed while it wrote it; ")
    assert (lockfile.LOCK.read_text() if lockfile.LOCK.exists() else None) == copy
    assert list(lockfile.heal()) == []


def test_without_a_copy_what_git_has_comes_back() -> None:
    lockfile.LOCK.write_text(TWO)
    for command in (
        ["init", "--quiet"],
        ["add", "dvc.lock"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", *command], check=True)
    lockfile.LOCK.write_text("")
    assert [line.rpartition("; ")[2] for line in lockfile.heal()] == ["put back as committed"]
    assert lockfile.LOCK.read_text() == TWO


@pytest.mark.parametrize("marker", ["<<<<<<< HEAD\n", "=======\n", ">>>>>>> other\n"])
@pytest.mark.parametrize("place", [len(HEAD), len(ONE), len(TWO)])
def test_a_merge_is_for_the_user_to_mend(marker: str, place: int) -> None:
    text = TWO[:place] + marker + TWO[place:]
    lockfile.LOCK.write_text(text)
    assert list(lockfile.heal()) == []
    assert lockfile.LOCK.read_text() == text


def test_no_lock_is_no_cut_lock() -> None:
    assert list(lockfile.heal()) == []
    assert not lockfile.LOCK.exists()


def test_only_a_whole_lock_that_lost_nothing_is_kept() -> None:
    lockfile.LOCK.write_text(TWO)
    assert lockfile.keep() == 2
    for text in ("", TWO[:-5], ONE):
        lockfile.LOCK.write_text(text)
        assert lockfile.keep(2) == 2
        assert lockfile.COPY.read_text() == TWO
    lockfile.LOCK.write_text(ONE)
    assert lockfile.keep() == 1
    assert lockfile.COPY.read_text() == ONE


def rwlock(pid: int) -> bytes:
    info = {"pid": pid, "cmd": "dvc repro"}
    return json.dumps({"read": {"data/a": [info]}, "write": {"models/b": info}}).encode()


@pytest.mark.parametrize(
    "left",
    [b"", b"{", b'{"read": {"a": [', rwlock(os.getpid()), rwlock(2**22 + 1), b"{}", b"\0\0"],
    ids=["empty", "brace", "cut", "no engine", "no process", "nothing listed", "zeros"],
)
def test_readers_and_writers_who_are_gone_are_forgotten(left: bytes) -> None:
    lockfile.RWLOCK.parent.mkdir(parents=True)
    lockfile.RWLOCK.write_bytes(left)
    assert list(lockfile.heal()) == []
    assert not lockfile.RWLOCK.exists()


@pytest.mark.parametrize("name", ["dvc.lock", ".dvc/tmp/rwlock"])
def test_a_file_that_a_living_dvc_is_writing_is_not_called_cut(name: str) -> None:
    path, lock = {
        "dvc.lock": (lockfile.LOCK, lockfile.DVC_LOCK),
        ".dvc/tmp/rwlock": (lockfile.RWLOCK, lockfile.RWLOCK.with_name("rwlock.lock")),
    }[name]
    whole = rwlock(os.getpid()) if path == lockfile.RWLOCK else TWO.encode()
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        path.write_bytes(whole[: len(whole) // 2])
        with ThreadPoolExecutor(1) as beside:
            found = beside.submit(lockfile.fault)
            time.sleep(0.1)
            path.write_bytes(whole)
            fcntl.flock(held, fcntl.LOCK_UN)
            assert found.result(timeout=60) is None


def test_a_living_dvc_keeps_its_files(project: Path) -> None:
    (project / "dvc").write_text("input()")
    with subprocess.Popen([sys.executable, "dvc"], stdin=subprocess.PIPE) as living:
        lockfile.RWLOCK.parent.mkdir(parents=True)
        lockfile.RWLOCK.write_bytes(rwlock(living.pid))
        list(lockfile.heal())
        assert lockfile.RWLOCK.exists()
        living.kill()
