"""Each optimizer follows its paper's formula, and its state survives a save."""

import io
import typing
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from bakeoff.base.settings import Settings
from bakeoff.optimizers import lion as lion_module
from bakeoff.optimizers.registry import OPTIMIZERS, OptimizerName, Optimizers, by_name
from bakeoff.optimizers.settings import OptimizerSection, Scale

Array = NDArray[np.float64]
Path = Iterator[Array]  # the weights after each step
STEPS = 12
LR = 0.1

ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-3}
HYPERPARAMETERS: dict[str, dict[str, Any]] = {
    "sgd": {},
    "momentum": {"beta": 0.9},
    "heavy_ball": {"beta": 0.9},
    "nesterov": {"beta": 0.9},
    "adagrad": {"epsilon": 1e-3},
    "adagrad_lagged": {"initial": 0.1},
    "adadelta": {"rho": 0.95, "epsilon": 1e-3},
    "rmsprop": {"beta": 0.9, "epsilon": 1e-3},
    "adam": ADAM,
    "adam_uncorrected": ADAM,
    "adamw": ADAM | {"weight_decay": 0.3},
    "nadam": ADAM | {"warmup": 25.0},
    "radam": ADAM,
    "lion": {"beta1": 0.9, "beta2": 0.99, "weight_decay": 0.3},
    "muon": {
        "beta": 0.95,
        "steps": 5,
        "coefficients": (3.4445, -4.775, 2.0315),
        "epsilon": 1e-3,
        "adam_rate": 0.2,
        "adam_beta1": 0.9,
        "adam_beta2": 0.95,
        "adam_epsilon": 1e-3,
    },
    "schedule_free": ADAM | {"weight_decay": 0.3},
}  # large epsilons, decays and rates, for a misplaced one to show


def sgd(theta: Array, gradients: Array) -> Path:
    for g in gradients:
        theta = theta - LR * g
        yield theta


def momentum(theta: Array, gradients: Array, beta: float) -> Path:
    v = gradients[0]
    for g in gradients:
        v = beta * v + (1 - beta) * g
        theta = theta - LR * v
        yield theta


def heavy_ball(theta: Array, gradients: Array, beta: float) -> Path:
    """Polyak's own form, without a velocity."""
    before = theta
    for g in gradients:
        theta, before = theta - LR * g + beta * (theta - before), theta
        yield theta


def nesterov(theta: Array, gradients: Array, beta: float) -> Path:
    """Sutskever's equations; the gradient is taken, and the weights are read, at the point ahead."""
    v = np.zeros_like(theta)
    for g in gradients:
        v = beta * v - LR * g
        theta = theta + v
        yield theta + beta * v


def adagrad(theta: Array, gradients: Array, epsilon: float) -> Path:
    for t, g in enumerate(gradients, 1):
        theta = theta - LR * g / (np.sqrt((gradients[:t] ** 2).sum(0)) + epsilon)
        yield theta


def adagrad_lagged(theta: Array, gradients: Array, initial: float) -> Path:
    for k, g in enumerate(gradients):
        theta = theta - LR / np.sqrt(initial + (gradients[:k] ** 2).sum(0)) * g
        yield theta


def adadelta(theta: Array, gradients: Array, rho: float, epsilon: float) -> Path:
    mean_g2 = mean_d2 = np.zeros_like(theta)
    for g in gradients:
        mean_g2 = rho * mean_g2 + (1 - rho) * g**2
        d = np.sqrt(mean_d2 + epsilon) / np.sqrt(mean_g2 + epsilon) * g
        mean_d2 = rho * mean_d2 + (1 - rho) * d**2
        theta = theta - LR * d
        yield theta


def rmsprop(theta: Array, gradients: Array, beta: float, epsilon: float) -> Path:
    mean_g2 = np.zeros_like(theta)
    for g in gradients:
        mean_g2 = beta * mean_g2 + (1 - beta) * g**2
        theta = theta - LR * g / (np.sqrt(mean_g2) + epsilon)
        yield theta


def adam(theta: Array, gradients: Array, beta1: float, beta2: float, epsilon: float, rate: float = LR) -> Path:
    m = v = np.zeros_like(theta)
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        theta = theta - rate * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
        yield theta


def adam_uncorrected(theta: Array, gradients: Array, beta1: float, beta2: float, epsilon: float) -> Path:
    m = v = np.zeros_like(theta)
    for g in gradients:
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * m**2
        theta = theta - LR * m / (np.sqrt(v) + epsilon)
        yield theta


def adamw(theta: Array, gradients: Array, beta1: float, beta2: float, epsilon: float, weight_decay: float) -> Path:
    """Adam's steps do not depend on the weights: they come beside the decay."""
    still = theta
    for moved in adam(theta, gradients, beta1, beta2, epsilon):
        theta = theta - LR * weight_decay * theta + (moved - still)
        still = moved
        yield theta


def nadam(theta: Array, gradients: Array, beta1: float, beta2: float, warmup: float, epsilon: float) -> Path:
    mu = beta1 * (1 - 0.5 * 0.96 ** (np.arange(1, len(gradients) + 2) / warmup))  # mu_1, mu_2, ...
    m = v = np.zeros_like(theta)
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        g_hat, m_hat = g / (1 - mu[:t].prod()), m / (1 - mu[: t + 1].prod())
        theta = theta - LR * ((1 - mu[t - 1]) * g_hat + mu[t] * m_hat) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
        yield theta


def radam(theta: Array, gradients: Array, beta1: float, beta2: float, epsilon: float) -> Path:
    """At beta2 = 0.999 the first 4 of the steps are not rectified."""
    m = v = np.zeros_like(theta)
    longest = 2 / (1 - beta2) - 1
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        length = longest - 2 * t * beta2**t / (1 - beta2**t)
        step = m / (1 - beta1**t)
        if length > 4:
            above, below = (length - 4) * (length - 2) / length, (longest - 4) * (longest - 2) / longest
            step = step * np.sqrt(above / below) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
        theta = theta - LR * step
        yield theta


def lion(theta: Array, gradients: Array, beta1: float, beta2: float, weight_decay: float) -> Path:
    m = np.zeros_like(theta)
    for g in gradients:
        c = beta1 * m + (1 - beta1) * g
        m = beta2 * m + (1 - beta2) * g
        theta = theta - LR * (np.sign(c) + weight_decay * theta)
        yield theta


def muon(
    theta: Array,
    gradients: Array,
    beta: float,
    steps: int,
    coefficients: tuple[float, float, float],
    epsilon: float,
    adam_rate: float,
    adam_beta1: float,
    adam_beta2: float,
    adam_epsilon: float,
) -> Path:
    """By the singular values, where Newton and Schulz do without them."""
    if theta.ndim < 2:
        yield from adam(theta, gradients, adam_beta1, adam_beta2, adam_epsilon, rate=adam_rate * LR)
        return
    B = np.zeros_like(theta)
    for g in gradients:
        B = beta * B + g
        U, s, V = np.linalg.svd((g + beta * B).reshape(len(theta), -1), full_matrices=False)
        s = s / (np.sqrt((s**2).sum()) + epsilon)
        for _ in range(steps):
            s = sum(factor * s**power for factor, power in zip(coefficients, (1, 3, 5), strict=True))
        theta = theta - LR * np.sqrt(max(1, U.shape[0] / V.shape[1])) * ((U * s) @ V).reshape(theta.shape)
        yield theta


def schedule_free(
    theta: Array, gradients: Array, beta1: float, beta2: float, epsilon: float, weight_decay: float
) -> Path:
    """The paper's three sequences, each written out; at a constant rate x is the plain mean of the z."""
    x = y = z = theta
    v = np.zeros_like(theta)
    for t, g in enumerate(gradients, 1):
        v = beta2 * v + (1 - beta2) * g**2
        z = z - LR * g / (np.sqrt(v / (1 - beta2**t)) + epsilon) - LR * weight_decay * y
        x = (1 - 1 / t) * x + 1 / t * z
        y = (1 - beta1) * z + beta1 * x
        yield y


FORMULAS: dict[str, Callable[..., Path]] = {
    "sgd": sgd,
    "momentum": momentum,
    "heavy_ball": heavy_ball,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "adagrad_lagged": adagrad_lagged,
    "adadelta": adadelta,
    "rmsprop": rmsprop,
    "adam": adam,
    "adam_uncorrected": adam_uncorrected,
    "adamw": adamw,
    "nadam": nadam,
    "radam": radam,
    "lion": lion,
    "muon": muon,
    "schedule_free": schedule_free,
}


def hyperparameters(name: str) -> Settings:
    return OPTIMIZERS[name].settings.model_validate(HYPERPARAMETERS[name] | {"learning_rate": LR})


def test_every_optimizer_has_a_formula() -> None:
    assert FORMULAS.keys() == HYPERPARAMETERS.keys() == OPTIMIZERS.keys() == set(typing.get_args(OptimizerName))


def test_every_optimizer_has_its_section_in_params_yaml() -> None:
    sections = {name: field.annotation for name, field in Optimizers.model_fields.items()}
    assert sections == {name: OptimizerSection[spec.settings] for name, spec in OPTIMIZERS.items()}


def test_two_optimizers_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^bakeoff\.optimizers\.lion: the optimizer 'lion' is defined twice"):
        by_name("optimizer", [(lion_module, spec) for spec in lion_module.SPECS * 2])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_description_says_where_everything_is_from(name: str) -> None:
    spec = OPTIMIZERS[name]
    assert all((spec.formula, spec.source, spec.deviations, spec.rate_source))
    assert spec.scales["learning_rate"] is Scale.LOG


@pytest.mark.parametrize("shape", [(4,), (3, 4), (5, 3), (3, 2, 2, 2)], ids=["vector", "wide", "tall", "kernels"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_twelve_steps_follow_the_formula(name: str, shape: tuple[int, ...]) -> None:
    draw = np.random.default_rng(0)
    start = draw.normal(size=shape)
    # Scales from 1e-2 to 1e2: a rule that mixes up gradients and their squares stands out.
    gradients = draw.normal(size=(STEPS, *shape)) * 10 ** draw.uniform(-2, 2, size=shape)
    theta = torch.nn.Parameter(torch.tensor(start))
    optimizer = OPTIMIZERS[name].build([theta], hyperparameters(name))
    for g, expected in zip(gradients, FORMULAS[name](start, gradients, **HYPERPARAMETERS[name]), strict=True):
        theta.grad = torch.tensor(g)
        optimizer.step()
        # Float64 keeps 16 digits; twelve steps of some ten operations each lose three at most.
        np.testing.assert_allclose(theta.detach().numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_survives_save_and_load_bit_for_bit(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = [(5, 3), (4,), (3, 2, 2, 2)]
    gradients = [[torch.randn(shape, generator=generator) for shape in shapes] for _ in range(STEPS)]
    weights = [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]
    optimizer = OPTIMIZERS[name].build(weights, hyperparameters(name))
    follow(optimizer, weights, gradients[: STEPS // 2])

    saved = io.BytesIO()
    torch.save(optimizer.state_dict(), saved)
    saved.seek(0)
    resumed = [torch.nn.Parameter(theta.detach().clone()) for theta in weights]
    other = OPTIMIZERS[name].build(resumed, hyperparameters(name))
    other.load_state_dict(torch.load(saved, weights_only=True))

    follow(optimizer, weights, gradients[STEPS // 2 :])
    follow(other, resumed, gradients[STEPS // 2 :])
    assert all(map(torch.equal, weights, resumed))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_is_what_an_optimizer_keeps_of_each_weight_of_a_matrix(name: str) -> None:
    theta = torch.nn.Parameter(torch.ones(5, 3))
    optimizer = OPTIMIZERS[name].build([theta], hyperparameters(name))
    follow(optimizer, [theta], [[torch.ones(5, 3)]] * 2)
    kept = optimizer.state_dict()["state"].get(0, {}).values()
    floats = [value.numel() for value in kept if isinstance(value, torch.Tensor) and value.numel() > 1]
    assert sum(floats) == OPTIMIZERS[name].state_per_weight * theta.numel()


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("gradient", [1e-30, 1.0, 1e30])
def test_the_largest_rate_raises_nothing(name: str, gradient: float) -> None:
    """Weights overflow, or a square does and the rule stands still: the loss tells the loop, not an exception."""
    weights = [torch.nn.Parameter(torch.ones(shape)) for shape in [(2,), (3, 2)]]
    largest = OPTIMIZERS[name].settings.model_validate(HYPERPARAMETERS[name] | {"learning_rate": 1e30})
    optimizer = OPTIMIZERS[name].build(weights, largest)
    follow(optimizer, weights, [[torch.full_like(theta, gradient) for theta in weights]] * 3)
    if gradient == 1.0:
        assert all(not (theta.abs() < 1e20).any() for theta in weights)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_rate_above_the_largest_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=r"less than or equal to 10{30}\b"):
        OPTIMIZERS[name].settings.model_validate(HYPERPARAMETERS[name] | {"learning_rate": 1e31})


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_weight_without_a_gradient_stays(name: str) -> None:
    moving, resting = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
    optimizer = OPTIMIZERS[name].build([moving, resting], hyperparameters(name))
    moving.grad = torch.ones(2)
    optimizer.step()
    assert (moving < 1).all() and torch.equal(resting, torch.ones(2))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_of_zero_gives_no_nan(name: str) -> None:
    """As a dead unit's, or a pixel's that is black in every image."""
    weights = [torch.nn.Parameter(torch.ones(shape)) for shape in [(2,), (3, 2)]]
    optimizer = OPTIMIZERS[name].build(weights, hyperparameters(name))
    follow(optimizer, weights, [[torch.zeros_like(theta) for theta in weights]] * 3)
    assert all(theta.isfinite().all() for theta in weights)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_schedule_that_ends_at_zero_stops_every_weight(name: str) -> None:
    weights = [torch.nn.Parameter(torch.ones(shape)) for shape in [(2,), (3, 2)]]
    optimizer = OPTIMIZERS[name].build(weights, hyperparameters(name))
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 0.0)
    follow(optimizer, weights, [[torch.ones_like(theta) for theta in weights]] * 3)
    assert all((theta == 1).all() for theta in weights)


def follow(
    optimizer: torch.optim.Optimizer, weights: list[torch.nn.Parameter], gradients: list[list[torch.Tensor]]
) -> None:
    for row in gradients:
        for theta, g in zip(weights, row, strict=True):
            theta.grad = g.clone()
        optimizer.step()
