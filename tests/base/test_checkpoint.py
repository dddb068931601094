import errno
import io
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bakeoff.base.checkpoint import Checkpoint, pack, unpack
from bakeoff.base.settings import BadInput


def test_what_was_saved_last_is_loaded(tmp_path: Path) -> None:
    checkpoint = Checkpoint("stage@item", "recipe", tmp_path)
    assert checkpoint.load() is None
    checkpoint.save(b"first")
    checkpoint.save(b"one", memoryview(b"two"))
    assert Checkpoint("stage@item", "recipe", tmp_path).load() == b"onetwo"
    assert Checkpoint("stage@item", "other recipe", tmp_path).load() is None
    assert Checkpoint("other stage", "recipe", tmp_path).load() is None
    assert {path.name for path in tmp_path.rglob("*")} == {"stage@item", "recipe", "recipe.previous"}


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


@pytest.mark.parametrize("harm", ["flipped", "cut", "emptied", "gone"])
def test_the_one_before_stands_in_for_a_damaged_one(harm: str, tmp_path: Path) -> None:
    checkpoint = Checkpoint("stage", "recipe", tmp_path)
    for state in (b"first", b"second", b"third"):
        checkpoint.save(state)
    content = checkpoint.path.read_bytes()
    if harm == "gone":  # a kill between the two renames
        checkpoint.path.unlink()
    else:
        checkpoint.path.write_bytes({"flipped": content[:-1] + b"x", "cut": content[:-1], "emptied": b""}[harm])
    assert checkpoint.load() == b"second"
    checkpoint.save(b"fourth")
    assert checkpoint.load() == b"fourth"


def test_runs_of_a_stage_have_states_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Checkpoint("stage", "recipe", tmp_path) as checkpoint:
        first, second = (checkpoint.run(name) for name in ("cnn-adam-s0", "cnn-adam-t1-s1001"))
        first.save(b"one")
        assert second.load() is None
        second.save(b"two")
        os.kill(os.getpid(), signal.SIGTERM)
        assert first.due and second.due and checkpoint.due
        checkpoint.signals.arrived = None
        raise RuntimeError
    with Checkpoint("stage", "recipe", tmp_path) as checkpoint:
        assert checkpoint.run("cnn-adam-s0").load() == b"one"
        assert checkpoint.run("cnn-adam-t1-s1001").load() == b"two"


def test_a_state_comes_back_as_it_was() -> None:
    state = {
        "weights": torch.randn(2, 3, 4, 5, generator=torch.Generator()).to(memory_format=torch.channels_last),
        "generator": torch.Generator().get_state(),
        "history": [{"epoch": 1, "val/loss": 0.1 + 0.2}],
        "nothing": None,
    }
    loaded = unpack(bytes(pack(state)))
    assert loaded.keys() == state.keys()
    for name in ("weights", "generator"):
        assert torch.equal(loaded[name], state[name])
    assert loaded["weights"].stride() == state["weights"].stride()
    assert (loaded["history"], loaded["nothing"]) == (state["history"], None)


def test_a_state_that_would_run_something_is_refused() -> None:
    buffer = io.BytesIO()
    torch.save({"weights": Path("/")}, buffer)  # pickled as a call
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        unpack(buffer.getvalue())


def test_a_full_disk_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = Checkpoint("stage", "recipe", tmp_path)
    checkpoint.save(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="recipe: cannot be written: No space left on device; free some space"):
        checkpoint.save(b"new")
    assert checkpoint.load() == b"old"
    assert [path.name for path in (tmp_path / "stage").iterdir()] == ["recipe"]


def test_it_stays_when_the_work_fails_and_until_the_outputs_stand(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Checkpoint("stage", "recipe", tmp_path) as checkpoint:
        checkpoint.save(b"state")
        raise RuntimeError
    assert checkpoint.load() == b"state"
    with checkpoint:
        pass
    assert checkpoint.load() == b"state"


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
from bakeoff.base.checkpoint import Checkpoint
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
