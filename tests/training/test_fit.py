from collections.abc import Iterator, Mapping

import pytest
import torch
from torch import Tensor, nn

from bakeoff.training.fit import Outcome, fit
from bakeoff.training.workload import Held

Row = Mapping[str, float]


class Line:
    """Mean squares of a line through the origin, in two batches; validation is at x = 1, y = 2. Test data explode."""

    x, y = torch.tensor([[1.0], [2.0], [3.0], [5.0]]), torch.tensor([[2.0], [4.0], [7.0], [9.0]])

    def batches(self, generator: torch.Generator) -> Iterator[Tensor]:
        yield from torch.split(torch.randperm(4, generator=generator), 2)

    def loss(self, network: nn.Module, batch: Tensor) -> Tensor:
        assert network.training
        errors: Tensor = network(self.x[batch]) - self.y[batch]
        return errors.square().mean()

    def evaluate(self, network: nn.Module, split: Held) -> dict[str, float]:
        assert split == "validation"
        network.eval()
        return {"loss": (network(torch.ones(1, 1)) - 2).square().item()}


def train(lr: float, epochs: int = 2) -> tuple[float, Outcome, list[Row]]:
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    seen: list[Row] = []
    sgd, generator = torch.optim.SGD(network.parameters(), lr), torch.Generator().manual_seed(3)
    outcome = fit(network, Line(), sgd, epochs=epochs, generator=generator, watch=seen.append)
    return network.weight.item(), outcome, seen


def test_fit_is_gradient_descent_over_the_batches() -> None:
    weight, order = 0.0, torch.Generator().manual_seed(3)
    history = []
    for epoch in (1, 2):
        losses = []
        for rows in torch.split(torch.randperm(4, generator=order), 2):
            x, y = Line.x[rows, 0].numpy(), Line.y[rows, 0].numpy()
            losses.append(((weight * x - y) ** 2).mean())
            weight -= 0.01 * (2 * (weight * x - y) * x).mean()
        history.append({"epoch": epoch, "train/loss": sum(losses) / 2, "val/loss": (weight - 2) ** 2})

    trained, outcome, seen = train(0.01)
    assert trained == pytest.approx(weight, rel=1e-6)  # float32 against float64
    assert outcome.diverged is None
    assert seen == outcome.history
    for row, expected in zip(outcome.history, history, strict=True):
        assert row == pytest.approx(expected, rel=1e-5)


def test_a_diverged_loss_ends_the_run_and_keeps_what_came_before() -> None:
    _, outcome, seen = train(lr=1e4, epochs=20)
    assert outcome.diverged is not None and 1 < outcome.diverged < 20
    assert [row["epoch"] for row in outcome.history] == list(range(1, outcome.diverged))
    assert seen == outcome.history


def test_a_diverged_loss_takes_no_step() -> None:
    """The first loss is not finite: the weights are what they were, not NaN."""
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 1e30)
    sgd = torch.optim.SGD(network.parameters(), 0.01)
    outcome = fit(network, Line(), sgd, epochs=2, generator=torch.Generator(), watch=lambda _: None)
    assert outcome == Outcome(history=[], diverged=1)
    assert network.weight.item() == pytest.approx(1e30)


def test_weights_that_break_in_the_last_step_count_as_diverged() -> None:
    """Both losses of the first epoch are finite at a rate of 1e12; what the last step leaves is not."""
    _, outcome, _ = train(lr=1e12, epochs=1)
    assert outcome == Outcome(history=[], diverged=1)
