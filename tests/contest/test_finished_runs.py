import signal
from pathlib import Path

import pytest
import torch

from bakeoff.base.record import Run
from bakeoff.contest.finished_runs import FinishedRuns, Trained

RUN = Run(
    "cnn-adam-s0", {"seed": 0, "network.channels": [3, 4]}, {"val/loss": 0.1 + 0.2}, [{"epoch": 1, "val/loss": 1e-9}]
)
TRAINED = Trained(RUN, {"0.weight": torch.tensor([[1.5, -0.1]]), "0.count": torch.tensor(7)})


def kept(folder: Path, recipe: str = "c0de") -> FinishedRuns:
    return FinishedRuns("train_images@cnn-adam", recipe, folder)


def test_what_is_kept_comes_back_to_the_bit(tmp_path: Path) -> None:
    kept(tmp_path).save("cnn-adam-s0", TRAINED)
    found = kept(tmp_path)["cnn-adam-s0"]
    assert found.run == RUN
    assert found.weights.keys() == TRAINED.weights.keys()
    for name, weight in TRAINED.weights.items():
        assert torch.equal(found.weights[name], weight) and found.weights[name].dtype == weight.dtype


def test_one_wrong_bit_is_as_good_as_nothing(tmp_path: Path) -> None:
    kept(tmp_path).save("cnn-adam-s0", TRAINED)
    path = kept(tmp_path).ended("cnn-adam-s0").path
    whole = bytearray(path.read_bytes())
    for place in (3, 40, len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert kept(tmp_path).get("cnn-adam-s0") is None
    path.write_bytes(whole[:-1])
    assert kept(tmp_path).get("cnn-adam-s0") is None
    with pytest.raises(KeyError, match="cnn-adam-s0"):
        kept(tmp_path)["cnn-adam-s0"]


def test_another_recipe_finds_nothing(tmp_path: Path) -> None:
    kept(tmp_path).save("cnn-adam-s0", TRAINED)
    assert kept(tmp_path, "0ther").get("cnn-adam-s0") is None


def test_what_has_ended_stays_when_a_later_training_fails_and_when_all_are_done(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), kept(tmp_path) as left:
        left.save("cnn-adam-s0", TRAINED)
        raise RuntimeError
    assert kept(tmp_path).get("cnn-adam-s0") is not None
    with kept(tmp_path):
        pass
    assert kept(tmp_path).get("cnn-adam-s0") is not None  # until the outputs of the stage stand


def test_a_signal_waits_until_the_training_is_kept_and_then_ends_the_cell(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), kept(tmp_path) as cell, cell.checkpoint("cnn-adam-s0") as checkpoint:
        checkpoint.save(b"half of it")
        signal.raise_signal(signal.SIGINT)
        cell.save("cnn-adam-s0", TRAINED)
    assert kept(tmp_path)["cnn-adam-s0"].run == RUN
    assert not checkpoint.path.exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_training_that_fails_leaves_its_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), kept(tmp_path) as cell, cell.checkpoint("cnn-adam-s0") as checkpoint:
        checkpoint.save(b"half of it")
        raise RuntimeError
    with kept(tmp_path).checkpoint("cnn-adam-s0") as again:
        assert again.load() == b"half of it"
