import math
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bakeoff.optimizers.schedules import Constant, Cosine, ScheduleSettings
from bakeoff.optimizers.settings import RegularisationSettings
from bakeoff.training import fit as loop
from bakeoff.training.fit import Outcome, fit
from bakeoff.training.settings import EarlyStopSettings, LoopSettings, plain
from bakeoff.training.workload import Held

Row = Mapping[str, float]


class Line:
    """Mean squares of a line through the origin, in two batches; validation is at x = 1, y = 2. Test data explode."""

    x, y = torch.tensor([[1.0], [2.0], [3.0], [5.0]]), torch.tensor([[2.0], [4.0], [7.0], [9.0]])
    steps = 2

    def batches(self, generator: torch.Generator, start: int = 0) -> Iterator[Tensor]:
        yield from torch.split(torch.randperm(4, generator=generator), 2)[start:]

    def loss(self, network: nn.Module, batch: Tensor) -> Tensor:
        assert network.training
        errors: Tensor = network(self.x[batch]) - self.y[batch]
        return errors.square().mean()

    def evaluate(self, network: nn.Module, split: Held) -> dict[str, float]:
        assert split in ("validation", "validation_subset")
        network.eval()
        return {"loss": (network(torch.ones(1, 1)) - 2).square().item()}


def settings(epochs: int, **changes: Any) -> LoopSettings:
    """Measured at the end of each epoch, unless the changes say otherwise."""
    return plain(epochs, "full").model_copy(update={"evaluations": epochs} | changes)


def slope(start: float = 0.0) -> nn.Linear:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, start)
    return network


def train(lr: float, asked: LoopSettings, start: float = 0.0) -> tuple[float, Outcome, list[Row]]:
    network, seen = slope(start), list[Row]()
    sgd, generator = torch.optim.SGD(network.parameters(), lr), torch.Generator().manual_seed(3)
    outcome = fit(network, Line(), sgd, asked, generator=generator, watch=seen.append)
    return network.weight.item(), outcome, seen


def by_hand(lr: float, epochs: int) -> Iterator[tuple[Row, list[float]]]:
    """The history of gradient descent in float64, with the weight after each step of the epoch."""
    weight, order = 0.0, torch.Generator().manual_seed(3)
    for epoch in range(1, epochs + 1):
        losses, gradients, weights = [], [], []
        for rows in torch.split(torch.randperm(4, generator=order), 2):
            x, y = Line.x[rows, 0].double().numpy(), Line.y[rows, 0].double().numpy()
            losses.append(((weight * x - y) ** 2).mean())
            gradients.append((2 * (weight * x - y) * x).mean())
            weight -= lr * gradients[-1]
            weights.append(weight)
        norm = sum(map(abs, gradients)) / 2
        row = {"epoch": epoch, "step": 2 * epoch, "train/loss": sum(losses) / 2, "val_subset/loss": (weight - 2) ** 2}
        row |= {"val/loss": row["val_subset/loss"]} if epoch == epochs else {}
        yield row | {"train/gradient_norm": norm, "train/update_norm": lr * norm}, weights


def test_fit_is_gradient_descent_over_the_batches() -> None:
    (first, _), (second, weights) = by_hand(0.01, epochs=2)
    trained, outcome, seen = train(0.01, settings(2, norms=True))
    assert trained == pytest.approx(weights[-1], rel=1e-6)  # float32 against float64
    assert (outcome.diverged, outcome.best) == (None, 4)
    assert seen == outcome.history
    assert outcome.history[0] == pytest.approx(first, rel=1e-5)
    assert outcome.history[1] == pytest.approx(second, rel=1e-5)
    assert outcome.final == {
        name: value
        for name, value in outcome.history[1].items()
        if name not in ("epoch", "step") and not name.startswith("val_subset/")
    }
    assert outcome.on_subset == {"val_subset/loss": outcome.history[1]["val_subset/loss"]}


def test_norms_stand_in_the_history_on_request_and_change_nothing() -> None:
    (trained, plain, _), (again, measured, _) = (train(0.01, settings(2, norms=norms)) for norms in (False, True))
    assert trained == again
    for row, more in zip(plain.history, measured.history, strict=True):
        assert set(more) - set(row) == {"train/gradient_norm", "train/update_norm"}
        assert more.items() >= row.items()


def test_norms_are_over_all_weights_together() -> None:
    network = nn.Linear(2, 1)
    network.weight.grad, network.bias.grad = torch.tensor([[1.0, -2.0]]), torch.tensor([2.0])
    norms = loop.Norms(network.parameters())
    norms.before()
    with torch.no_grad():
        network.weight += torch.tensor([[3.0, 0.0]])
        network.bias -= 4
    norms.after()
    # Differences of weights near 1 are good to a rounding of those: 6e-8.
    assert norms.mean() == pytest.approx({"train/gradient_norm": 3.0, "train/update_norm": 5.0}, rel=1e-6)


@pytest.mark.parametrize(
    ("schedule", "moved"),
    [
        (Constant(kind="constant", warmup=0.0), [1, 1, 1, 1, 1, 1]),
        (Constant(kind="constant", warmup=0.5), [1 / 4, 1 / 2, 3 / 4, 1, 1, 1]),
        # (1 + cos(pi s / 6)) / 2
        (Cosine(kind="cosine", warmup=0.0, end=0.0), [1, 0.9330127, 0.75, 0.5, 0.25, 0.0669873]),
    ],
)
def test_the_schedule_goes_over_the_steps_of_the_whole_training(schedule: ScheduleSettings, moved: list[float]) -> None:
    network, rates = slope(), list[float]()

    class Noted(torch.optim.SGD):
        def step(self) -> None:  # type: ignore[override]
            rates.append(self.param_groups[0]["lr"])
            super().step()

    sgd = Noted(network.parameters(), 3.0)
    asked = settings(3, schedule=schedule)
    fit(network, Valley(1, 1, 1), sgd, asked, generator=torch.Generator(), watch=lambda _: None)
    assert rates == pytest.approx([3 * share for share in moved], rel=1e-6)  # as many digits as are written above
    assert network.weight.item() == pytest.approx(sum(rates), rel=1e-6)


def test_more_steps_than_were_expected_stay_at_the_end_of_the_schedule() -> None:
    class Longer(Valley):
        steps = 1

    network = slope()
    sgd, asked = torch.optim.SGD(network.parameters(), 1.0), settings(2, schedule=Constant(kind="constant", warmup=0.9))
    fit(network, Longer(1, 1), sgd, asked, generator=torch.Generator(), watch=lambda _: None)
    assert network.weight.item() == pytest.approx(1 / 3 + 2 / 3 + 2 / 3 + 2 / 3)


def test_regularisation_stands_between_gradient_and_step() -> None:
    """From 2 on: L2 adds 0.1 theta to the gradient of -1, the clip halves it, the decay takes a tenth of lr theta."""
    network, regularisation = slope(2.0), RegularisationSettings(l1=0.0, l2=0.1, weight_decay=0.1, clip=0.4)
    sgd, asked = torch.optim.SGD(network.parameters(), 0.5), settings(1, regularisation=regularisation, norms=True)
    warm = asked.model_copy(update={"schedule": Constant(kind="constant", warmup=0.5)})
    outcome = fit(network, Valley(1), sgd, warm, generator=torch.Generator(), watch=lambda _: None)
    after = 2 * (1 - 0.25 * 0.1) + 0.25 * 0.4  # the first of two steps, at half the rate
    expected = after * (1 - 0.5 * 0.1) + 0.5 * 0.4
    assert network.weight.item() == pytest.approx(expected, rel=1e-6)
    assert outcome.history[0]["train/gradient_norm"] == pytest.approx(1.0)
    assert outcome.history[0]["train/update_norm"] == pytest.approx(
        (abs(after - 2) + abs(expected - after)) / 2, rel=1e-5
    )
    assert outcome.history[0]["train/loss"] == pytest.approx(-(2 + after) / 2)


def test_a_diverged_loss_ends_the_run_and_keeps_what_came_before() -> None:
    """The error grows by |1 - 2 lr x^2| a step, for the mean x^2 of a batch: to more than float32 holds."""
    _, outcome, seen = train(1e3, settings(20))
    assert outcome.diverged is not None and 4 < outcome.diverged < 40
    assert [row["epoch"] for row in outcome.history] == list(range(1, (outcome.diverged + 1) // 2))
    assert seen == outcome.history
    assert (outcome.best, outcome.final) == (None, {})


@pytest.mark.parametrize("above", [1.5, 20.0, 1e6])
@pytest.mark.parametrize("look", [1, 3, 64])
def test_a_loss_too_far_above_the_first_ends_the_run_at_its_step(
    above: float, look: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(loop.LOOK, "cpu", look)
    losses, weight, order = list[float](), 0.0, torch.Generator().manual_seed(3)
    while not losses or losses[-1] <= above * losses[0]:
        for rows in torch.split(torch.randperm(4, generator=order), 2):
            x, y = Line.x[rows, 0].double().numpy(), Line.y[rows, 0].double().numpy()
            losses.append(((weight * x - y) ** 2).mean())
            weight -= 0.3 * (2 * (weight * x - y) * x).mean()
    expected = next(step for step, loss in enumerate(losses, 1) if loss > above * losses[0])
    _, outcome, _ = train(0.3, settings(40, diverged_above=above))
    assert outcome.diverged == expected
    assert len(outcome.history) == (expected - 1) // 2


def test_the_time_of_a_look_at_the_losses_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    every = train(0.01, settings(3, diverged_above=20.0))
    monkeypatch.setitem(loop.LOOK, "cpu", 64)
    assert train(0.01, settings(3, diverged_above=20.0)) == every


def test_a_diverged_loss_takes_no_step() -> None:
    """The first loss is not finite: the weights are what they were, not NaN."""
    trained, outcome, _ = train(0.01, settings(2), start=1e30)
    assert outcome == Outcome(history=[], diverged=1, best=None)
    assert trained == pytest.approx(1e30)


def test_weights_that_break_in_the_last_step_count_as_diverged() -> None:
    """Both losses of the first epoch are finite at a rate of 1e12; what the last step leaves is not."""
    _, outcome, _ = train(1e12, settings(1))
    assert outcome == Outcome(history=[], diverged=2, best=None)


class Valley(Line):
    """Validation losses as given, one a moment; each batch moves the weight by the learning rate."""

    def __init__(self, *losses: float) -> None:
        self.losses = iter(losses)

    def loss(self, network: nn.Module, _: Tensor) -> Tensor:
        weight: Tensor = -next(network.parameters()).sum()
        return weight

    def evaluate(self, _network: nn.Module, split: Held) -> dict[str, float]:
        assert split in ("validation", "validation_subset")
        return {"loss": next(self.losses)}


@pytest.mark.parametrize(
    ("losses", "ended", "best"),
    [
        ((5, 4, 3, 2, 1), 5, 5),
        ((5, 3, 4, 4, 1), 4, 2),  # two epochs after the least: the 1 is never seen
        ((5, 3, 4, 2, 3), 5, 4),
        ((3, 3, 3, 1, 1), 3, 1),  # as low as before is not lower
    ],
)
def test_an_early_stop_goes_back_to_the_least_validation_loss(losses: tuple[int, ...], ended: int, best: int) -> None:
    network, asked = slope(), settings(5, early_stop=EarlyStopSettings(patience=2))
    sgd = torch.optim.SGD(network.parameters(), 1.0)
    outcome = fit(network, Valley(*losses), sgd, asked, generator=torch.Generator(), watch=lambda _: None)
    assert len(outcome.history) == ended
    assert (outcome.best, outcome.diverged) == (2 * best, None)  # two batches an epoch
    assert outcome.final["val/loss"] == losses[best - 1]
    assert network.weight.item() == 2 * best


def test_without_an_early_stop_the_last_weights_stay() -> None:
    network = slope()
    sgd = torch.optim.SGD(network.parameters(), 1.0)
    outcome = fit(network, Valley(1, 2, 3), sgd, settings(3), generator=torch.Generator(), watch=lambda _: None)
    assert (outcome.best, network.weight.item()) == (6, 6)


def test_a_run_that_diverges_after_its_best_epoch_is_diverged() -> None:
    network, asked = slope(), settings(3, early_stop=EarlyStopSettings(patience=3))
    sgd = torch.optim.SGD(network.parameters(), 1.0)
    valley = Valley(1, math.inf, 1)
    outcome = fit(network, valley, sgd, asked, generator=torch.Generator(), watch=lambda _: None)
    assert (outcome.best, outcome.diverged, len(outcome.history)) == (None, 4, 1)
