"""Trainings are measured at moments spaced by steps, and being measured changes nothing of them."""

import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bakeoff.base import settings
from bakeoff.data.examples import Examples, Split
from bakeoff.networks.registry import NETWORKS
from bakeoff.networks.wide_resnet import WideResnetSettings
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.fit import Outcome, fit
from bakeoff.training.settings import EarlyStopSettings, LoopSettings, TrainingSettings, plain
from bakeoff.training.supervised import Classification
from bakeoff.training.workload import Held

CPU = torch.device("cpu")
HYPERPARAMETERS: dict[str, dict[str, Any]] = {
    name: section["defaults"]
    for name, section in settings.load(Path(__file__).parents[2] / "params.yaml")["optimizers"].items()
}
WIDE = WideResnetSettings(
    depth=10, widening=1, dropout=0.3, normalisation="batch", activation="relu", initialisation="he"
)


@cache
def examples() -> Examples:
    draw = torch.Generator().manual_seed(0)
    splits = (
        Split(
            torch.randint(256, (n, 1, 8, 8), generator=draw, dtype=torch.uint8).numpy(),
            torch.arange(n).byte().numpy() % 3,
        )
        for n in (30, 12, 9)
    )
    return Examples(*splits, ("a", "b", "c"))


def asked(evaluations: int, **changes: Any) -> TrainingSettings:
    """Three epochs of four steps."""
    return plain(3, 8).model_copy(update={"evaluations": evaluations, "evaluation_share": 0.2} | changes)


@cache
def train(optimizer: str, plan: TrainingSettings) -> tuple[dict[str, Tensor], Tensor, Outcome]:
    """Return the weights and buffers, the generator's state at the end, and the outcome."""
    generator = torch.Generator().manual_seed(0)
    workload = Classification(examples(), plan, CPU)
    network = NETWORKS["wide_resnet"].build(WIDE, workload.shape, 3, generator)
    rule = OPTIMIZERS[optimizer]
    update = rule.build(network.parameters(), rule.settings.model_validate(HYPERPARAMETERS[optimizer]))
    outcome = fit(network, workload, update, plan, generator=generator, watch=lambda _: None)
    return network.state_dict(), generator.get_state(), outcome


def decisive(outcome: Outcome) -> dict[str, float]:
    return {name: value for name, value in outcome.final.items() if name.startswith("val/")}


@pytest.mark.parametrize("evaluations", [3, 12, 1000])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_number_of_evaluations_changes_neither_weights_nor_final_metrics(optimizer: str, evaluations: int) -> None:
    weights, generator, once = train(optimizer, asked(1))
    again, drawn, often = train(optimizer, asked(evaluations))
    assert all(torch.equal(again[name], weights[name]) for name in weights)
    assert torch.equal(generator, drawn)
    assert decisive(often) == decisive(once) and decisive(once).keys() == {"val/loss", "val/accuracy", "val/auc"}
    assert often.best == once.best == 12


@pytest.mark.parametrize("share", [0.01, 0.5, 1.0, None])
def test_the_subset_changes_neither_weights_nor_final_metrics(share: float | None) -> None:
    weights, _, once = train("schedule_free", asked(1))
    again, _, often = train("schedule_free", asked(5, evaluation_share=share))
    assert all(torch.equal(again[name], weights[name]) for name in weights)
    assert decisive(often) == decisive(once)


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("patience", [1, 3])
def test_an_early_stop_goes_by_the_ends_of_epochs(patience: int, shards: int) -> None:
    plan = {"early_stop": EarlyStopSettings(patience=patience), "shards": shards}
    weights, _, once = train("heavy_ball", asked(1, **plan))
    again, _, often = train("heavy_ball", asked(5, **plan))
    assert all(torch.equal(again[name], weights[name]) for name in weights)
    assert (often.best, decisive(often)) == (once.best, decisive(once))
    ends = [row["step"] for row in often.history if "val/loss" in row]
    assert ends == [row["step"] for row in once.history] == list(range(4, once.history[-1]["step"] + 1, 4))
    # The moments are 3, 5, 8, 10 and the end.
    assert [row["step"] for row in often.history] == sorted({3, 5, 8, 10, *ends} & set(range(ends[-1] + 1)))
    assert all("val_subset/loss" in row for row in often.history)


class Counted:
    """Each step's loss is its number; the weights stay."""

    def __init__(self, *lengths: int, steps: int, broken: int = 0) -> None:
        """Args:
        lengths: of the epochs.
        steps: of an epoch, as expected.
        broken: the step after which metrics are not finite.
        """
        self.lengths, self.steps, self.broken = iter(lengths), steps, broken
        self.taken, self.seen = 0, list[tuple[int, Held]]()

    def batches(self, _: torch.Generator, start: int = 0) -> Iterator[int]:
        yield from range(start, next(self.lengths))

    def loss(self, network: nn.Module, _: int) -> Tensor:
        assert network.training
        self.taken += 1
        return self.taken + 0 * next(network.parameters()).sum()

    def evaluate(self, network: nn.Module, split: Held) -> dict[str, float]:
        network.eval()
        self.seen.append((self.taken, split))
        return {"loss": math.inf if self.broken and self.taken >= self.broken else self.taken / 100}


def run(workload: Counted, epochs: int, evaluations: int, **changes: Any) -> Outcome:
    network = nn.Linear(1, 1)
    plan: LoopSettings = plain(epochs, "full").model_copy(
        update={"evaluations": evaluations, "evaluation_share": 0.5} | changes
    )
    sgd, seen = torch.optim.SGD(network.parameters(), 0.1), list[Any]()
    outcome = fit(network, workload, sgd, plan, generator=torch.Generator(), watch=seen.append)  # type: ignore[type-var]
    assert seen == outcome.history
    return outcome


@pytest.mark.parametrize(
    ("steps", "epochs", "evaluations", "moments"),
    [
        (110, 3, 12, [28, 55, 83, 110, 138, 165, 193, 220, 248, 275, 303, 330]),
        (10, 1, 1, [10]),
        (10, 1, 2, [5, 10]),
        (10, 1, 3, [4, 7, 10]),
        (10, 1, 10, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (10, 1, 11, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (2, 2, 10**9, [1, 2, 3, 4]),
        (1, 1, 12, [1]),
        (1, 5, 2, [3, 5]),
        (3, 4, 4, [3, 6, 9, 12]),
    ],
)
def test_moments_are_spaced_evenly_and_the_last_is_the_end(
    steps: int, epochs: int, evaluations: int, moments: list[int]
) -> None:
    workload = Counted(*[steps] * epochs, steps=steps)
    outcome = run(workload, epochs, evaluations)
    assert [row["step"] for row in outcome.history] == moments
    assert [row["epoch"] for row in outcome.history] == pytest.approx([step / steps for step in moments])
    assert workload.seen == [
        *((step, "validation_subset") for step in moments[:-1]),
        (moments[-1], "validation"),
        (moments[-1], "validation_subset"),
    ]
    # The loss of a row is the mean over the steps since the row before.
    spans = zip([0, *moments], moments, strict=False)
    assert [row["train/loss"] for row in outcome.history] == [
        fmean(range(first + 1, last + 1)) for first, last in spans
    ]
    assert outcome.best == moments[-1] and outcome.final.keys() == {"train/loss", "val/loss"}


@pytest.mark.parametrize(
    ("lengths", "moments"),
    [
        ((4, 4), [2, 4, 6, 8]),
        ((3, 3), [2, 4, 6]),  # the end comes with a moment
        ((2, 3), [2, 4, 5]),  # it comes before the last moment
        ((6, 6), [2, 4, 6, 12]),  # the moments are those of the expected length
        ((1, 0), [1]),
    ],
)
def test_epochs_of_another_length_than_expected_end_with_the_last_moment(
    lengths: tuple[int, ...], moments: list[int]
) -> None:
    outcome = run(Counted(*lengths, steps=4), 2, 4)
    assert [row["step"] for row in outcome.history] == moments
    epochs = [row["epoch"] for row in outcome.history]
    assert epochs == sorted(epochs) and epochs[-1] == 2 and max(epochs[:-1], default=0) <= 2


@pytest.mark.parametrize("broken", [1, 4, 5, 7, 12])
@pytest.mark.parametrize("early_stop", [None, EarlyStopSettings(patience=3)])
def test_a_metric_that_is_not_finite_ends_the_run_at_its_moment(
    broken: int, early_stop: EarlyStopSettings | None
) -> None:
    moments = [3, 6, 9, 12] if early_stop is None else [3, 4, 6, 8, 9, 12]
    outcome = run(Counted(4, 4, 4, steps=4, broken=broken), 3, 4, early_stop=early_stop)
    assert outcome.diverged == next(step for step in moments if step >= broken)
    assert [row["step"] for row in outcome.history] == [step for step in moments if step < broken]
    assert (outcome.best, outcome.final, outcome.on_subset) == (None, {}, {})


def test_a_loss_that_diverges_between_two_moments_keeps_the_rows_before() -> None:
    outcome = run(Counted(20, steps=20), 1, 4, diverged_above=12.5)
    assert outcome.diverged == 13
    assert [row["step"] for row in outcome.history] == [5, 10]
