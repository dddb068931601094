"""Penalties, decay and clip are their formulas, and meet weights alone."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.optim import SGD, Adam, AdamW

from bakeoff.optimizers.regularisation import Regularisation, norm
from bakeoff.optimizers.settings import RegularisationSettings

SHAPES = [(4, 3), (2, 3, 3, 3), (4,), ()]  # a matrix, kernels; a bias, a scale
PENALISED = [True, True, False, False]


def settings(
    l1: float = 0.0, l2: float = 0.0, weight_decay: float = 0.0, clip: float | None = None
) -> RegularisationSettings:
    return RegularisationSettings(l1=l1, l2=l2, weight_decay=weight_decay, clip=clip)


def drawn(dtype: torch.dtype = torch.float64) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    parameters = [nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype)) for shape in SHAPES]
    for theta in parameters:
        theta.grad = torch.randn(theta.shape, generator=generator, dtype=dtype)
    with torch.no_grad():
        parameters[0][0, 0] = 0.0  # where |theta| has no slope
    return parameters


def arrays(parameters: list[nn.Parameter]) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Weights and gradients, as they are now."""
    weights = [theta.detach().numpy().copy() for theta in parameters]
    return weights, [theta.grad.numpy().copy() for theta in parameters if theta.grad is not None]


@pytest.mark.parametrize(("l1", "l2"), [(0.3, 0.0), (0.0, 0.7), (0.3, 0.7)])
def test_a_penalty_adds_its_gradient_to_weights_alone(l1: float, l2: float) -> None:
    parameters = drawn()
    weights, before = arrays(parameters)
    Regularisation(parameters, settings(l1=l1, l2=l2)).gradients()
    after = arrays(parameters)[1]
    for theta, g, given, penalised in zip(weights, before, after, PENALISED, strict=True):
        expected = g + l1 * np.sign(theta) + l2 * theta if penalised else g
        np.testing.assert_allclose(given, expected, rtol=1e-14, atol=1e-15)  # two or three operations


def test_the_penalties_are_what_autograd_makes_of_their_formula() -> None:
    parameters = drawn()
    weights = [theta for theta in parameters if theta.ndim > 1]
    with torch.no_grad():
        weights[0][0, 0] = 1.0
    for theta in parameters:
        theta.grad = torch.zeros_like(theta)
    penalty = torch.stack([0.3 * theta.abs().sum() + 0.7 / 2 * theta.square().sum() for theta in weights]).sum()
    expected = torch.autograd.grad(penalty, weights)
    Regularisation(parameters, settings(l1=0.3, l2=0.7)).gradients()
    for theta, g in zip(weights, expected, strict=True):
        torch.testing.assert_close(theta.grad, g, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("share", [0.5, 2.0])
def test_the_clip_is_that_of_torch(share: float) -> None:
    parameters, others = drawn(), drawn()
    clip = share * norm(parameters)
    length = Regularisation(parameters, settings(clip=clip)).gradients()
    expected = torch.nn.utils.clip_grad_norm_(others, clip).item()
    assert length == pytest.approx(expected, rel=1e-14)
    assert norm(parameters) == pytest.approx(min(clip, expected), rel=1e-14)
    for mine, theirs in zip(arrays(parameters)[1], arrays(others)[1], strict=True):
        theirs = theirs * ((expected + 1e-6) / expected if share < 1 else 1)  # torch's guard against 0
        np.testing.assert_allclose(mine, theirs, rtol=1e-13)


def test_the_clip_sees_the_penalties() -> None:
    parameters = drawn()
    for theta in parameters:
        theta.grad = torch.zeros_like(theta)
    length = Regularisation(parameters, settings(l2=10.0, clip=1e-3)).gradients()
    expected = 10 * math.sqrt(sum(float((theta.detach() ** 2).sum()) for theta in parameters if theta.ndim > 1))
    assert length == pytest.approx(expected, rel=1e-14) and norm(parameters) == pytest.approx(1e-3, rel=1e-14)


def test_the_norm_of_large_gradients_does_not_overflow() -> None:
    theta = nn.Parameter(torch.zeros(2, 2))
    theta.grad = torch.full((2, 2), 1e30)
    assert Regularisation([theta], settings(clip=1.0)).gradients() == pytest.approx(2e30, rel=1e-6)  # float32's 1e30
    torch.testing.assert_close(theta.grad, torch.full((2, 2), 0.5))


def test_an_infinite_gradient_is_not_hidden_by_the_clip() -> None:
    theta = nn.Parameter(torch.zeros(2, 2))
    theta.grad = torch.tensor([[1.0, math.inf], [0.0, 0.0]])
    assert Regularisation([theta], settings(clip=1.0)).gradients() == math.inf
    assert theta.grad.isnan().any()


def test_decay_of_the_weights_is_that_of_adamw() -> None:
    """AdamW decays biases too: they are compared without."""
    parameters, others = drawn(), drawn()
    first = Adam(parameters, lr=0.1)
    second = AdamW([{"params": others[:2], "weight_decay": 0.3}, {"params": others[2:], "weight_decay": 0.0}], lr=0.1)
    regularisation = Regularisation(parameters, settings(weight_decay=0.3))
    for _ in range(10):
        regularisation.gradients()
        regularisation.decay(0.1)
        first.step()
        second.step()
    for mine, theirs in zip(arrays(parameters)[0], arrays(others)[0], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-13)


def test_under_gradient_descent_l2_is_decay() -> None:
    parameters, others = drawn(), drawn()
    Regularisation(parameters, settings(l2=0.3)).gradients()
    Regularisation(others, settings(weight_decay=0.3)).decay(0.1)
    for rows in (parameters, others):
        SGD(rows, lr=0.1).step()
    for mine, theirs in zip(arrays(parameters)[0], arrays(others)[0], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-13, atol=1e-15)


def test_nothing_asked_for_changes_nothing() -> None:
    parameters, others = drawn(torch.float32), drawn(torch.float32)
    regularisation = Regularisation(parameters, settings())
    assert regularisation.gradients() is None
    regularisation.decay(0.1)
    for mine, theirs in zip(parameters, others, strict=True):
        assert torch.equal(mine, theirs) and mine.grad is not None and theirs.grad is not None
        assert torch.equal(mine.grad, theirs.grad)


def test_what_has_no_gradient_is_passed_over() -> None:
    moving, resting = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2, 2))
    moving.grad = torch.ones(2, 2)
    assert Regularisation(iter([moving, resting]), settings(l1=1.0, l2=1.0, clip=10.0)).gradients() == 6.0
    assert resting.grad is None
    assert Regularisation([resting], settings(clip=1.0)).gradients() == 0.0
