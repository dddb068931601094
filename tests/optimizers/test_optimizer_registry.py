"""Each optimizer follows its paper's formula, and its state survives a save."""

import io
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.settings import Settings

Array = NDArray[np.float64]
Directions = Iterator[Array]  # what is subtracted, times the learning rate, at each step

CONSTANTS: dict[str, dict[str, float]] = {
    "sgd": {},
    "momentum": {"beta": 0.9},
    "adagrad": {"epsilon": 1e-3},
    "adadelta": {"rho": 0.95, "epsilon": 1e-3},
    "rmsprop": {"beta": 0.9, "epsilon": 1e-3},
    "adam": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-3},
}  # large epsilons, for a misplaced one to show


def sgd(gradients: Array) -> Directions:
    yield from gradients


def momentum(gradients: Array, beta: float) -> Directions:
    v = gradients[0]
    for g in gradients:
        v = beta * v + (1 - beta) * g
        yield v


def adagrad(gradients: Array, epsilon: float) -> Directions:
    for t in range(1, len(gradients) + 1):
        yield gradients[t - 1] / (np.sqrt((gradients[:t] ** 2).sum(0)) + epsilon)


def adadelta(gradients: Array, rho: float, epsilon: float) -> Directions:
    mean_g2 = mean_d2 = np.zeros_like(gradients[0])
    for g in gradients:
        mean_g2 = rho * mean_g2 + (1 - rho) * g**2
        d = np.sqrt(mean_d2 + epsilon) / np.sqrt(mean_g2 + epsilon) * g
        mean_d2 = rho * mean_d2 + (1 - rho) * d**2
        yield d


def rmsprop(gradients: Array, beta: float, epsilon: float) -> Directions:
    mean_g2 = np.zeros_like(gradients[0])
    for g in gradients:
        mean_g2 = beta * mean_g2 + (1 - beta) * g**2
        yield g / (np.sqrt(mean_g2) + epsilon)


def adam(gradients: Array, beta1: float, beta2: float, epsilon: float) -> Directions:
    m = v = np.zeros_like(gradients[0])
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        yield m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + epsilon)


FORMULAS: dict[str, Callable[..., Directions]] = {
    "sgd": sgd,
    "momentum": momentum,
    "adagrad": adagrad,
    "adadelta": adadelta,
    "rmsprop": rmsprop,
    "adam": adam,
}


def constants(name: str) -> Settings:
    return OPTIMIZERS[name].settings.model_validate(CONSTANTS[name])


def test_every_optimizer_has_a_formula() -> None:
    assert FORMULAS.keys() == CONSTANTS.keys() == OPTIMIZERS.keys()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_ten_steps_follow_the_formula(name: str) -> None:
    draw = np.random.default_rng(0)
    # Scales from 1e-2 to 1e2: a rule that mixes up gradients and their squares stands out.
    start, gradients = draw.normal(size=(3, 4)), draw.normal(size=(10, 3, 4)) * np.logspace(-2, 2, 4)
    theta = torch.nn.Parameter(torch.tensor(start))
    optimizer = OPTIMIZERS[name].build([theta], 0.1, constants(name))
    expected = start
    for g, direction in zip(gradients, FORMULAS[name](gradients, **CONSTANTS[name]), strict=True):
        theta.grad = torch.tensor(g)
        optimizer.step()
        expected = expected - 0.1 * direction
        # Float64 keeps 16 digits; ten steps of some ten operations each lose three at most.
        np.testing.assert_allclose(theta.detach().numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_survives_save_and_load_bit_for_bit(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    gradients = torch.randn(10, 5, 3, generator=generator)
    theta = torch.nn.Parameter(torch.randn(5, 3, generator=generator))
    optimizer = OPTIMIZERS[name].build([theta], 0.1, constants(name))
    follow(optimizer, theta, gradients[:5])

    saved = io.BytesIO()
    torch.save(optimizer.state_dict(), saved)
    saved.seek(0)
    resumed = torch.nn.Parameter(theta.detach().clone())
    other = OPTIMIZERS[name].build([resumed], 0.1, constants(name))
    other.load_state_dict(torch.load(saved))

    follow(optimizer, theta, gradients[5:])
    follow(other, resumed, gradients[5:])
    assert torch.equal(theta, resumed)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_weight_without_a_gradient_stays(name: str) -> None:
    moving, resting = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
    optimizer = OPTIMIZERS[name].build([moving, resting], 0.1, constants(name))
    moving.grad = torch.ones(2)
    optimizer.step()
    assert (moving < 1).all() and torch.equal(resting, torch.ones(2))


def follow(optimizer: torch.optim.Optimizer, theta: torch.nn.Parameter, gradients: torch.Tensor) -> None:
    for g in gradients:
        theta.grad = g.clone()
        optimizer.step()
