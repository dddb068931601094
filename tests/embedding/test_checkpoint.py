import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bakeoff.embedding.checkpoint import Checkpoint


def test_what_was_saved_last_is_loaded(tmp_path: Path) -> None:
    checkpoint = Checkpoint("stage@item", "recipe", tmp_path)
    assert checkpoint.load() is None
    checkpoint.save(b"first")
    checkpoint.save(b"one", memoryview(b"two"))
    assert Checkpoint("stage@item", "recipe", tmp_path).load() == b"onetwo"
    assert Checkpoint("stage@item", "other recipe", tmp_path).load() is None
    assert Checkpoint("other stage", "recipe", tmp_path).load() is None
    assert [path.name for path in tmp_path.rglob("*")] == ["stage@item", "recipe"]


@pytest.mark.parametrize("place", [0, 40, -1])
def test_a_flipped_byte_is_noticed(place: int, tmp_path: Path) -> None:
    checkpoint = Checkpoint("stage", "recipe", tmp_path)
    checkpoint.save(b"x" * 100)
    content = bytearray(checkpoint.path.read_bytes())
    content[place] ^= 1
    checkpoint.path.write_bytes(content)
    assert checkpoint.load() is None
    checkpoint.path.write_bytes(content[:50])
    assert checkpoint.load() is None


def test_a_full_disk_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = Checkpoint("stage", "recipe", tmp_path)
    checkpoint.save(b"old")

    def full(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        checkpoint.save(b"new")
    assert checkpoint.load() == b"old"


def test_it_goes_when_the_work_is_done_and_stays_when_it_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Checkpoint("stage", "recipe", tmp_path) as checkpoint:
        checkpoint.save(b"state")
        raise RuntimeError
    assert checkpoint.load() == b"state"
    Checkpoint("stage", "of other settings", tmp_path).save(b"state")
    with checkpoint:
        pass
    assert not list(tmp_path.iterdir())


def test_it_is_due_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: now)
    now = 100.0
    checkpoint = Checkpoint("stage", "recipe", tmp_path)
    assert not checkpoint.due
    now = 161.0
    assert checkpoint.due
    checkpoint.save(b"")
    assert not checkpoint.due


STOPPED = """
import os, signal, sys
from pathlib import Path
from bakeoff.embedding.checkpoint import Checkpoint
signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
with Checkpoint("stage", "recipe", Path(sys.argv[1])) as checkpoint:
    os.kill(os.getpid(), signal.SIGTERM)
    print("still here", flush=True)
    assert checkpoint.due
    checkpoint.settle(b"state")
    print("not here", flush=True)
"""


def test_a_signal_waits_for_the_state_to_be_saved(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", STOPPED, tmp_path], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("still here\n", 128 + signal.SIGTERM), done.stderr
    assert Checkpoint("stage", "recipe", tmp_path).load() == b"state"
