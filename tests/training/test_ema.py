"""The moving average of the weights: its formula, and what it leaves alone."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from bakeoff.training.ema import WeightAverage
from bakeoff.training.fit import Outcome, fit
from bakeoff.training.settings import EarlyStopSettings, EmaSettings, plain
from tests.training.test_fit import Line


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def steps(of: nn.Module, number: int) -> None:
    """Change all weights, and batch norm's statistics."""
    draw = torch.Generator().manual_seed(number)
    of.train()(torch.randn(5, 3, generator=draw))
    with torch.no_grad():
        for weight in of.parameters():
            weight.add_(torch.randn(weight.shape, generator=draw))


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9, 0.999])
def test_the_average_is_that_of_torch(decay: float) -> None:
    trained = network()

    def average(mean: Tensor, weight: Tensor, seen: Tensor | int) -> Tensor:
        if not mean.is_floating_point():
            return weight
        step = int(seen)
        share = min(decay, (1 + step) / (10 + step))
        return share * mean + (1 - share) * weight

    # torch copies the weights at the first call, and averages from the second on, with 1 as `seen`.
    peer = AveragedModel(trained, avg_fn=average, use_buffers=True)
    peer.update_parameters(trained)
    own = WeightAverage(trained, decay)
    for number in range(1, 20):
        steps(trained, number)
        own.update()
        peer.update_parameters(trained)
    before = copy.deepcopy(trained.state_dict())
    with own.evaluated():
        for name, weight in trained.state_dict().items():
            torch.testing.assert_close(weight, peer.module.state_dict()[name], rtol=1e-5, atol=1e-6)
    assert all(torch.equal(before[name], weight) for name, weight in trained.state_dict().items())


def run(**changes: Any) -> tuple[float, Outcome]:
    line = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(line.weight)
    asked = plain(6, "full").model_copy(update={"evaluations": 6} | changes)
    sgd, generator = torch.optim.SGD(line.parameters(), 0.01), torch.Generator().manual_seed(3)
    outcome = fit(line, Line(), sgd, asked, generator=generator, watch=lambda _: None)
    return line.weight.item(), outcome


def test_training_goes_on_as_without_it_and_the_average_is_measured_and_left() -> None:
    (last, plainly), (mean, averaged) = run(), run(ema=EmaSettings(decay=0.9))
    assert [row["train/loss"] for row in averaged.history] == [row["train/loss"] for row in plainly.history]
    assert 0 < mean < last  # the weight rises from 0
    assert averaged.final["val/loss"] == pytest.approx((mean - 2) ** 2) != plainly.final["val/loss"]


def test_without_a_decay_the_average_is_the_last_weight() -> None:
    assert run(ema=EmaSettings(decay=0.0)) == run()


def test_an_early_stop_keeps_the_average_of_its_best_epoch() -> None:
    mean, outcome = run(ema=EmaSettings(decay=0.5), early_stop=EarlyStopSettings(patience=1))
    assert outcome.final["val/loss"] == pytest.approx((mean - 2) ** 2)
