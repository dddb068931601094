from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from bakeoff.data.examples import Examples, Split
from bakeoff.networks.settings import CnnSettings
from bakeoff.optimizers.settings import AdamSettings, SgdSettings
from bakeoff.progress import Progress
from bakeoff.record import Run
from bakeoff.settings import Settings
from bakeoff.training.cell import Cell, Trained
from bakeoff.training.fit import Watch
from bakeoff.training.settings import CellSettings, plain
from bakeoff.training.supervised import Classification

Row = Mapping[str, float]


def cell(learning_rate: float = 0.01, optimizer: str = "adam") -> Cell:
    sgd, adam = SgdSettings(learning_rate=1.0), AdamSettings(learning_rate=1.0, beta1=0.9, beta2=0.999, epsilon=1e-8)
    constants: Settings = sgd if optimizer == "sgd" else adam
    return Cell(
        task="images",
        data="data/images/images.npz",
        model="cnn",
        optimizer=optimizer,
        network=CnnSettings(
            channels=(3, 4),
            kernel=3,
            hidden=5,
            normalisation="none",
            activation="relu",
            initialisation="he",
            dropout=0.0,
        ),
        constants=constants,
        learning_rate=learning_rate,
        training=CellSettings(**dict(plain(3, 8)), seeds=2),
        device="cpu",
    )


class Watched(Classification):
    """Random images; notes which splits are read."""

    def __init__(self) -> None:
        draw = np.random.default_rng(0)
        train, validation, test = (
            Split(draw.integers(256, size=(n, 1, 9, 9), dtype=np.uint8), np.arange(n, dtype=np.uint8) % 3)
            for n in (30, 9, 12)
        )
        super().__init__(Examples(train, validation, test, ("a", "b", "c")), plain(3, 8), torch.device("cpu"))
        self.read: list[str] = []

    def evaluate(self, network: torch.nn.Module, split: Any) -> dict[str, float]:
        self.read.append(split)
        return super().evaluate(network, split)


class Watchers(dict[str, list[Row]]):
    """What was seen of each run while it ran."""

    def __call__(self, run: str, parameters: Mapping[str, Any]) -> Watch:
        assert parameters["seed"] == int(run[-1])
        self[run] = []
        return self[run].append


def train(what: Cell, workload: Classification | None = None) -> tuple[Trained, Watchers, Progress]:
    watchers, progress = Watchers(), Progress(what.epochs, "cell", StringIO())
    return what.train(workload or Watched(), watchers, progress), watchers, progress


def test_a_cell_trains_each_seed_and_reads_the_test_split_once() -> None:
    workload = Watched()
    trained, watchers, progress = train(cell(), workload)
    assert workload.read == ["validation", "validation", "validation", "test"] * 2
    assert progress.done == progress.total == 6
    assert {run.name: run.history for run in trained.runs} == watchers
    assert [run.name for run in trained.runs] == ["cnn-adam-s0", "cnn-adam-s1"]
    for run in trained.runs:
        last = dict(run.history[-1])
        assert (last.pop("epoch"), last.pop("step")) == (3, 12)
        assert last.items() <= run.metrics.items()
        assert run.metrics.keys() - last.keys() == {"test/loss", "test/accuracy", "test/auc"}


def test_parameters_are_flat_and_complete() -> None:
    run = train(cell())[0].runs[1]
    assert run.parameters == {
        "task": "images",
        "data": "data/images/images.npz",
        "model": "cnn",
        "optimizer": "adam",
        "seed": 1,
        "optimizer.learning_rate": 0.01,
        "optimizer.beta1": 0.9,
        "optimizer.beta2": 0.999,
        "optimizer.epsilon": 1e-8,
        "network.channels": [3, 4],
        "network.kernel": 3,
        "network.hidden": 5,
        "network.normalisation": "none",
        "network.activation": "relu",
        "network.initialisation": "he",
        "network.dropout": 0.0,
        "network.parameters": (9 + 1) * 3 + (27 + 1) * 4 + (2 * 2 * 4 + 1) * 5 + (5 + 1) * 3,
        "training.epochs": 3,
        "training.batch_size": 8,
        "training.augmentation.shift": 0,
        "training.augmentation.crop": 0,
        "training.augmentation.flip": False,
        "training.augmentation.cutout": 0,
        "training.schedule.kind": "constant",
        "training.schedule.warmup": 0.0,
        "training.regularisation.l1": 0.0,
        "training.regularisation.l2": 0.0,
        "training.regularisation.weight_decay": 0.0,
        "training.regularisation.clip": None,
        "training.label_smoothing": 0.0,
        "training.early_stop": None,
        "training.diverged_above": None,
        "training.norms": False,
    }


def test_same_settings_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "again"):
        trained = train(cell())[0]
        trained.save(tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "again").read_bytes()
    weights = load_file(tmp_path / "first")
    assert {key.split(".")[0] for key in weights} == {"s0", "s1"}
    assert not torch.equal(weights["s0.0.weight"], weights["s1.0.weight"])


def test_saved_weights_are_those_that_were_measured() -> None:
    """Channels-last weights saved in their order in memory would come back scrambled."""
    workload = Watched()
    trained, _, _ = train(cell(), workload)
    network, _ = cell().fit(workload, 1, lambda _: None)
    network.load_state_dict({key[3:]: w for key, w in trained.weights.items() if key.startswith("s1.")})
    assert workload.evaluate(network, "test")["loss"] == trained.runs[1].metrics["test/loss"]


def test_optimizers_meet_the_same_start_and_the_same_order() -> None:
    """A rate of nearly 0 leaves the start as it is: then both see the same losses, batch by batch."""
    adam, sgd = (train(cell(learning_rate=1e-12, optimizer=name))[0].runs[1] for name in ("adam", "sgd"))
    assert adam.history == sgd.history


def test_a_diverged_seed_is_counted_and_its_numbers_are_not() -> None:
    trained, _, progress = train(cell(learning_rate=1e30, optimizer="sgd"))
    assert [run.diverged for run in trained.runs] == [2, 2]
    assert all(run.metrics == {} and run.history == [] for run in trained.runs)
    assert trained.weights == {}
    assert trained.summary() == {"diverged": 2}
    assert progress.done == progress.total


def test_no_weights_still_make_a_file(tmp_path: Path) -> None:
    Trained([], {}).save(tmp_path / "none.safetensors")
    assert load_file(tmp_path / "none.safetensors") == {}


def test_summary_is_over_the_finished_runs() -> None:
    runs = [Run("a", {}, {"test/loss": 1.0}), Run("b", {}, {"test/loss": 4.0}), Run("c", {}, {}, diverged=2)]
    expected = {"diverged": 1, "test/loss": 2.5, "test/loss.std": 4.5**0.5}
    assert Trained(runs, {}).summary() == pytest.approx(expected)
    assert Trained(runs[:1], {}).summary() == {"diverged": 0, "test/loss": 1.0}
