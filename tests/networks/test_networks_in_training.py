"""What batch norm and dropout ask of the training loop: modes, running statistics and masks in their places."""

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from bakeoff.base.progress import Progress
from bakeoff.contest.cell import Cell
from bakeoff.contest.combination import Combination
from bakeoff.contest.finished_runs import FinishedRuns
from bakeoff.contest.protocol import Budget
from bakeoff.data.examples import Examples, Split
from bakeoff.networks.registry import NETWORKS
from bakeoff.networks.wide_resnet import WideResnetSettings
from bakeoff.optimizers.gradient_descent import SgdSettings
from bakeoff.training.fit import fit
from bakeoff.training.settings import plain
from bakeoff.training.supervised import Classification
from bakeoff.training.workload import Held

WIDE = WideResnetSettings(
    depth=10, widening=1, dropout=0.5, normalisation="batch", activation="relu", initialisation="he"
)


def examples() -> Examples:
    draw = np.random.default_rng(0)
    train, validation, test = (
        Split(draw.integers(256, size=(n, 1, 7, 9), dtype=np.uint8), np.arange(n, dtype=np.uint8) % 3)
        for n in (33, 9, 12)
    )
    return Examples(train, validation, test, ("a", "b", "c"))


def statistics(network: nn.Module) -> dict[str, Tensor]:
    return {name: buffer.clone() for name, buffer in network.named_buffers()}


class Modes(Classification):
    """Notes the mode that the network is in at each batch; an evaluation must move no statistics and draw nothing."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__(examples(), plain(2, 8), torch.device("cpu"))
        self.generator = generator
        self.training: list[set[bool]] = []

    def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        self.training.append({module.training for module in network.modules()})
        return super().loss(network, batch)

    def evaluate(self, network: nn.Module, split: Held) -> dict[str, float]:
        before, drawn = statistics(network), self.generator.get_state()
        measured = super().evaluate(network, split)
        assert not any(module.training for module in network.modules())
        assert all(torch.equal(before[name], buffer) for name, buffer in network.named_buffers())
        assert torch.equal(self.generator.get_state(), drawn)
        assert super().evaluate(network, split) == measured
        return measured


def train(seed: int) -> tuple[nn.Module, Modes]:
    generator = torch.Generator().manual_seed(seed)
    workload = Modes(generator)
    network = NETWORKS["wide_resnet"].build(WIDE, workload.shape, 3, generator)
    sgd = torch.optim.SGD(network.parameters(), 0.1)
    fit(network, workload, sgd, plain(2, 8), generator=generator, watch=lambda _: None)
    return network, workload


def test_batches_meet_the_network_in_training_and_held_data_do_not() -> None:
    """In the second epoch too, which follows an evaluation."""
    network, workload = train(0)
    assert workload.training == [{True}] * 10
    assert network.get_buffer("norm.num_batches_tracked").item() == 10


def test_masks_and_order_are_of_the_seed() -> None:
    world = torch.get_rng_state()
    first, again, other = (train(seed)[0].state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])
    assert torch.equal(torch.get_rng_state(), world)


@pytest.mark.parametrize("rows", [1, 4])
def test_an_evaluation_in_chunks_is_one_of_the_whole(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With statistics of the chunk it would not be."""
    network, workload = train(0)
    whole = workload.evaluate(network, "test")
    monkeypatch.setattr("bakeoff.training.supervised.CHUNK", rows)
    # Float32 keeps 7 digits; other batch sizes add in another order.
    assert workload.evaluate(network, "test") == pytest.approx(whole, rel=1e-5)


def test_what_a_cell_saves_predicts_as_what_it_measured(tmp_path: Path) -> None:
    """Its running statistics included, which are no parameters."""
    combination = Combination(
        task="images",
        data="",
        model="wide_resnet",
        optimizer="sgd",
        network=WIDE,
        hyperparameters=SgdSettings(learning_rate=0.1),
        training=plain(2, 8),
    )
    budget = Budget(trials=1, finalists=1, reruns=1, defaults=1, seeds=1, search_seed=1000)
    cell = Cell(combination, {"learning_rate": (0.09, 0.1)}, budget, metric="val/accuracy", device="cpu")
    workload = Classification(examples(), combination.training, torch.device("cpu"))
    progress = Progress(budget.trainings, "cell", StringIO())
    result = cell.run(workload, lambda *_: lambda _: None, progress, FinishedRuns("", "", tmp_path))
    result.save(tmp_path / "weights")
    restored = NETWORKS["wide_resnet"].build(WIDE, workload.shape, 3, torch.Generator())
    restored.load_state_dict({key[3:]: weight for key, weight in load_file(tmp_path / "weights").items()})
    assert workload.evaluate(restored, "test")["loss"] == result.final[0].metrics["test/loss"]
    assert result.final[0].parameters["network.parameters"] == sum(w.numel() for w in restored.parameters())
