"""Data that stay in their file give the batches, and so the weights, that data in memory give."""

from pathlib import Path

import numpy as np
import pytest
import torch
from small_networks import UNET
from torch import Tensor

from bakeoff.base import memory
from bakeoff.data.examples import Examples, Split
from bakeoff.networks.mlp import MlpSettings
from bakeoff.networks.registry import NETWORKS
from bakeoff.networks.unet import UnetSettings
from bakeoff.training.fit import Outcome, fit
from bakeoff.training.settings import AugmentationSettings, TrainingSettings, plain
from bakeoff.training.supervised import Classification, Picked, Segmentation, Stored, Supervised, fits

CPU = torch.device("cpu")
KINDS = ("classes", "pixels", "table")
PLAIN = plain(2, 5).model_copy(update={"evaluations": 3, "evaluation_share": 0.3})  # 5 of 9 validation examples
MOVED = PLAIN.model_copy(
    update={
        "augmentation": AugmentationSettings(
            shift=1, crop=1, flip=True, cutout=2, rotation=0.0, elastic=None, intensity=None, window=0
        )
    }
)


def saved(kind: str, path: Path) -> Path:
    def split(n: int, seed: int) -> Split:
        draw = np.random.default_rng(seed)
        y = draw.integers(3, size=(n, 8, 8) if kind == "pixels" else n, dtype=np.uint8)
        y[:3] = np.arange(3).reshape(3, *[1] * (y.ndim - 1))
        if kind == "table":
            return Split(draw.normal(size=(n, 6)).astype(np.float32), y)
        return Split(draw.integers(256, size=(n, 1, 8, 8), dtype=np.uint8), y)

    Examples(split(23, 0), split(9, 1), split(11, 2), ("a", "b", "c")).save(path)
    return path


def train(kind: str, path: Path, *, refit: bool) -> tuple[Supervised, dict[str, Tensor], Outcome, dict[str, float]]:
    asked: TrainingSettings = PLAIN if kind == "table" else MOVED
    workload = (Segmentation if kind == "pixels" else Classification)(Examples.load(path), asked, CPU, refit=refit)
    generator = torch.Generator().manual_seed(0)
    if kind == "pixels":
        settings = UnetSettings(**UNET | {"channels": 4})
        network = NETWORKS["unet"].build(settings, workload.shape, 3, generator)
    else:
        mlp = {"hidden": [8], "activation": "relu", "normalisation": "none", "dropout": 0.0, "initialisation": "he"}
        network = NETWORKS["mlp"].build(MlpSettings.model_validate(mlp), workload.shape, 3, generator)
    sgd = torch.optim.SGD(network.parameters(), 0.1)
    outcome = fit(network, workload, sgd, asked, generator=generator, watch=lambda _: None)
    return workload, network.state_dict(), outcome, workload.evaluate(network, "test")


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_weights_are_the_same_to_the_bit(
    kind: str, *, refit: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(kind, tmp_path / "examples.npz")
    workload, weights, outcome, tested = train(kind, path, refit=refit)
    assert isinstance(workload.train[0], Tensor)
    monkeypatch.setattr(memory, "available", lambda: 0)
    workload, again, same, measured = train(kind, path, refit=refit)
    for part in (workload.train, *workload.held.values()):
        for some in part:
            stored = some.stored if isinstance(some, Picked) else some
            assert isinstance(stored, Stored) and all(isinstance(array, np.memmap) for array in stored.arrays)
    assert same == outcome
    assert measured == tested
    assert all(torch.equal(again[name], weights[name]) for name in weights)


def test_what_lies_in_memory_is_at_most_half_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """43 images of 64 pixels as float32, and a label each as int64."""
    examples = Examples.load(saved("classes", tmp_path / "examples.npz"))
    for left, fit_in in ((2 * 43 * (64 * 4 + 8), True), (2 * 43 * (64 * 4 + 8) - 1, False)):
        monkeypatch.setattr(memory, "available", lambda left=left: left)
        assert fits(examples, CPU) == fit_in


@pytest.mark.parametrize(
    ("limit", "used", "left"), [("max", "7", 500), ("90", "70", 20), ("90", "99", 0), ("900", "1", 500)]
)
def test_a_container_may_have_less(
    limit: str, used: str, left: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: type("Memory", (), {"available": 500}))
    for name, text in (("LIMIT", limit), ("USED", used)):
        (tmp_path / name).write_text(text + "\n")
        monkeypatch.setattr(memory, name, tmp_path / name)
    assert memory.available() == left
