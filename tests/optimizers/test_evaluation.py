"""The weights to evaluate: Schedule-Free's average, and those that were trained of all others."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from schedulefree import AdamWScheduleFree, AdamWScheduleFreeReference
from torch import Tensor

from bakeoff.harness.params import check
from bakeoff.optimizers.evaluation import evaluated, settle
from bakeoff.optimizers.registry import OPTIMIZERS, Optimizers

HYPERPARAMETERS = {"beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3, "weight_decay": 0.3}
STEPS = 12
SHAPES = [(3, 4), (4,)]


def drawn(dtype: torch.dtype, seed: int = 0) -> tuple[list[torch.nn.Parameter], list[list[Tensor]]]:
    """Weights, and gradients of each step."""
    generator = torch.Generator().manual_seed(seed)
    weights = [torch.nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype)) for shape in SHAPES]
    return weights, [[torch.randn(shape, generator=generator, dtype=dtype) for shape in SHAPES] for _ in range(STEPS)]


def schedule_free(weights: list[torch.nn.Parameter], **changed: float) -> torch.optim.Optimizer:
    spec = OPTIMIZERS["schedule_free"]
    return spec.build(weights, spec.settings.model_validate(HYPERPARAMETERS | {"learning_rate": 0.1} | changed))


def step(optimizer: torch.optim.Optimizer, weights: list[torch.nn.Parameter], row: list[Tensor]) -> None:
    for theta, g in zip(weights, row, strict=True):
        theta.grad = g.clone()
    optimizer.step()


@pytest.mark.parametrize("library", [AdamWScheduleFree, AdamWScheduleFreeReference])
@pytest.mark.parametrize("warmup", [0, 5])
def test_both_points_are_those_of_the_authors_program(library: Any, warmup: int, capsys: Any) -> None:
    weights, gradients = drawn(torch.float64)
    others, _ = drawn(torch.float64)
    optimizer = schedule_free(weights)
    theirs = library(others, lr=0.1, betas=(0.8, 0.99), eps=1e-3, weight_decay=0.3, warmup_steps=warmup)
    theirs.train()
    for number, row in enumerate(gradients, 1):
        for group in optimizer.param_groups:
            group["lr"] = 0.1 * min(1, number / warmup) if warmup else 0.1
        step(optimizer, weights, row)
        step(theirs, others, row)
        for mine, other in zip(weights, others, strict=True):  # y
            torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-13)
    theirs.eval()
    settle(optimizer)
    for mine, other in zip(weights, others, strict=True):  # x
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-13)
    capsys.readouterr()  # the reference prints


def test_the_average_weighs_each_step_by_its_squared_rate() -> None:
    weights, gradients = drawn(torch.float64)
    optimizer = schedule_free(weights, weight_decay=0.0)
    rates = 0.1 * np.linspace(1, 0, STEPS)  # falls, and ends at 0
    theta, z, points, v = weights[0], weights[0].detach().numpy().copy(), [], np.zeros(SHAPES[0])
    for t, (rate, row) in enumerate(zip(rates, gradients, strict=True), 1):
        optimizer.param_groups[0]["lr"] = rate
        step(optimizer, weights, row)
        v = 0.99 * v + 0.01 * row[0].numpy() ** 2
        z = z - rate * row[0].numpy() / (np.sqrt(v / (1 - 0.99**t)) + 1e-3)
        points.append(z)
    settle(optimizer)
    expected = np.average(points, axis=0, weights=rates**2)
    np.testing.assert_allclose(theta.detach().numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_look_at_the_weights_changes_no_bit_of_the_training(name: str, params: Optimizers) -> None:
    (weights, gradients), (others, _) = drawn(torch.float32), drawn(torch.float32)
    defaults = getattr(params, name).defaults
    optimizer, undisturbed = (OPTIMIZERS[name].build(rows, defaults) for rows in (weights, others))
    for row in gradients:
        step(optimizer, weights, row)
        step(undisturbed, others, row)
        before = [theta.detach().clone() for theta in weights]
        with pytest.raises(KeyboardInterrupt), evaluated(optimizer):
            seen = [theta.detach().clone() for theta in weights]
            raise KeyboardInterrupt
        assert all(map(torch.equal, weights, before))
    assert all(map(torch.equal, weights, others))
    assert all(map(torch.equal, weights, seen)) == (name != "schedule_free")
    settle(optimizer)
    assert all(map(torch.equal, weights, seen))


def test_before_the_first_step_the_weights_are_the_average() -> None:
    weights, _ = drawn(torch.float32)
    before = [theta.detach().clone() for theta in weights]
    with evaluated(schedule_free(weights)):
        assert all(map(torch.equal, weights, before))


@pytest.fixture(scope="module")
def params() -> Optimizers:
    return check(Path(__file__).parents[2] / "params.yaml").optimizers
