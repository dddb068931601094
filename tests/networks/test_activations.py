import math
from collections.abc import Callable
from typing import get_args

import pytest
import torch

from bakeoff.networks.activations import ACTIVATIONS, Step
from bakeoff.networks.settings import ActivationName

FORMULAS: dict[str, Callable[[float], float]] = {
    "step": lambda x: float(x > 0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "relu": lambda x: max(0.0, x),
    "softplus": lambda x: math.log(1 + math.exp(x)),
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
}


def test_every_activation_is_tried() -> None:
    assert FORMULAS.keys() == ACTIVATIONS.keys() == set(get_args(ActivationName))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_follows_its_formula(name: str) -> None:
    x = torch.linspace(-5, 5, 11, dtype=torch.float64)
    expected = torch.tensor([FORMULAS[name](value) for value in x.tolist()], dtype=torch.float64)
    # Float64 keeps 16 digits; erf, near -1 at x = -5, loses the absolute ones.
    torch.testing.assert_close(ACTIVATIONS[name].build()(x), expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS.keys() - {"step"}))
def test_activation_has_the_gradient_of_its_formula(name: str) -> None:
    x = torch.linspace(-2.9, 3.1, 13, dtype=torch.float64, requires_grad=True)
    ACTIVATIONS[name].build()(x).sum().backward()
    assert x.grad is not None
    f, h = FORMULAS[name], 1e-6
    slopes = [(f(value + h) - f(value - h)) / (2 * h) for value in x.tolist()]
    # Central differences: h^2 of error in the formula, 1e-16 / h of rounding.
    torch.testing.assert_close(x.grad, torch.tensor(slopes, dtype=torch.float64), rtol=0, atol=1e-9)


def test_gradient_passes_straight_through_the_step_near_its_edge() -> None:
    x = torch.tensor([-5.0, -1.001, -1.0, -0.3, 0.0, 1e-9, 0.7, 1.0, 1.001, 5.0], requires_grad=True)
    y = Step()(x)
    assert y.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    (y * torch.arange(1.0, 11.0)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 0, 3, 4, 5, 6, 7, 8, 0, 0]


def test_a_step_is_exact_at_every_input_and_keeps_a_divergence() -> None:
    x = torch.randn(10_000, generator=torch.Generator().manual_seed(0))
    assert set(Step()(x).tolist()) == {0.0, 1.0}
    assert Step()(torch.tensor([math.inf, -math.inf])).tolist() == [1, 0]
    assert Step()(torch.tensor(math.nan)).isnan()
