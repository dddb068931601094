import math

import numpy as np
import pytest
import torch
from small_networks import UNET

from bakeoff.base.settings import BadInput
from bakeoff.data.examples import Examples, Split
from bakeoff.training.supervised import Supervised
from bakeoff.training.workload import Held
from bakeoff.tuning.objective import Objective, Penalised, thinned
from tests.tuning.bases import base

POINT = {"optimizer.learning_rate": 0.5, "optimizer.beta": 0.8, "penalty.weight_decay": 0.01}
LOST = {"optimizer.learning_rate": 1e30, "optimizer.beta": 0.5, "penalty.weight_decay": 1.0}
NETWORK = {"hidden": [4], "normalisation": "none", "activation": "relu", "initialisation": "he", "dropout": 0.0}


def examples(size: int = 40) -> Examples:
    """Three clouds of points around the corners of a triangle."""
    rng = np.random.default_rng(0)

    def split(n: int) -> Split:
        y = rng.integers(3, size=n, dtype=np.uint8)
        corners = np.array([[0, 3], [3, -2], [-3, -2]], np.float32)
        return Split((corners[y] + rng.normal(size=(n, 2))).astype(np.float32), y)

    return Examples(split(size), split(20), split(20), ("a", "b", "c"))


def objective(epochs: int = 2) -> Objective:
    return Objective(examples(), base(NETWORK, epochs=epochs, batch_size=16), seed=3)


def test_penalty_is_half_the_decay_times_the_squares_of_weights_and_biases() -> None:
    candidate = objective().base.at({})
    free, penalised = (objective().workload(candidate, decay) for decay in (0.0, 0.6))
    assert isinstance(penalised, Penalised) and not isinstance(free, Penalised)
    network = torch.nn.Linear(2, 3)
    with torch.no_grad():
        network.weight.fill_(2.0)
        network.bias.fill_(1.0)
    batch = next(free.batches(torch.Generator().manual_seed(0)))
    difference = penalised.loss(network, batch) - free.loss(network, batch)
    assert difference.item() == pytest.approx(0.3 * (6 * 4 + 3 * 1), rel=1e-5)  # float32
    assert penalised.evaluate(network, "validation") == free.evaluate(network, "validation")


def test_a_trial_is_a_function_of_its_point() -> None:
    first = objective()(POINT)
    assert first.value("loss") == first.metrics["val/loss"]
    assert first.value("accuracy") == -first.metrics["val/accuracy"]
    assert objective()(POINT) == first
    for name in POINT:
        assert objective()(POINT | {name: POINT[name] * 0.9}) != first


def test_a_diverged_trial_ranks_last() -> None:
    trained = objective()(LOST)
    assert trained.diverged == 2
    assert trained.metrics == {}
    assert trained.value("loss") == trained.value("accuracy") == math.inf
    assert objective().confirm(LOST, 0) == trained


def test_only_a_confirmation_reads_the_test_split(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Held] = []
    evaluate = Supervised.evaluate

    def spy(self: Supervised, network: torch.nn.Module, split: Held) -> dict[str, float]:
        read.append(split)
        return evaluate(self, network, split)

    monkeypatch.setattr(Supervised, "evaluate", spy)
    assert not any(name.startswith("test/") for name in objective()(POINT).metrics)
    assert read == ["validation"]
    read.clear()
    metrics = objective().confirm(POINT, seed=9).metrics
    assert read == ["validation", "test"]
    measured = {f"{part}/{metric}" for part in ("val", "test") for metric in ("loss", "accuracy", "auc")}
    assert set(metrics) == {"train/loss"} | measured


def test_confirmations_start_from_their_own_seed() -> None:
    trial = objective()(POINT).metrics
    assert {name: objective().confirm(POINT, 3).metrics[name] for name in trial} == trial
    assert objective().confirm(POINT, 4).metrics["val/loss"] != trial["val/loss"]


def pictures(kind: str) -> Examples:
    rng = np.random.default_rng(2)

    def split(n: int) -> Split:
        x = rng.integers(256, size=(n, 1, 8, 8), dtype=np.uint8)
        labels = rng.integers(2, size=(n, 8, 8) if kind == "scans" else n, dtype=np.uint8)
        return Split(x, labels)

    return Examples(split(12), split(8), split(8), ("a", "b"))


CNN = {
    "channels": [2, 2],
    "kernel": 3,
    "hidden": 4,
    "normalisation": "none",
    "activation": "relu",
    "initialisation": "he",
    "dropout": 0.0,
}
ADAM = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}


@pytest.mark.parametrize("point", [{}, {"penalty.weight_decay": 0.1}, {"training.batch_size": 4}])
@pytest.mark.parametrize(
    ("model", "network", "kind", "searched"),
    [
        ("cnn", CNN, "images", {"network.channels.1": 3, "network.activation": "gelu", "network.dropout": 0.3}),
        ("unet", UNET, "scans", {"network.channels": 3, "optimizer.beta1": 0.5, "training.schedule.warmup": 0.5}),
    ],
)
def test_any_network_and_any_setting_can_be_searched(
    model: str, network: dict[str, object], kind: str, searched: dict[str, object], point: dict[str, object]
) -> None:
    shared = base(network, epochs=1, batch_size=5, model=model, optimizer="adam", hyperparameters=ADAM)
    whole = Objective(pictures(kind), shared, seed=1)
    metric = "dice" if kind == "scans" else "accuracy"
    usual = whole(point)
    assert usual.value(metric) == -usual.metrics[f"val/{metric}"]
    assert whole(point) == usual
    for name, value in searched.items():
        assert whole(point | {name: value}).metrics["train/loss"] != usual.metrics["train/loss"], name
    assert f"test/{metric}" in whole.confirm(point, 7).metrics


def test_thinned_draws_training_examples_and_leaves_the_others() -> None:
    whole = examples()
    few, other = (thinned(whole, 30, seed, "here") for seed in (0, 1))
    rows = [np.flatnonzero((whole.train.x == x).all(axis=1)) for x in few.train.x]
    assert len({int(row) for (row,) in rows}) == 30
    assert [whole.train.y[row] for (row,) in rows] == few.train.y.tolist()
    assert not np.array_equal(few.train.x, other.train.x)
    assert few.validation is whole.validation
    assert few.test is whole.test
    with pytest.raises(BadInput, match=r"here is 41, and the training split has 40"):
        thinned(whole, 41, 0, "here")
