"""Trajectories are the steps of the rules, on functions that are what their sources say."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from bakeoff.harness.params import check
from bakeoff.optimizers.gradient_descent import SgdSettings
from bakeoff.optimizers.momentum import MomentumSettings
from bakeoff.optimizers.registry import OPTIMIZERS, Optimizers
from bakeoff.optimizers.schedule_free import ScheduleFreeSettings
from bakeoff.optimizers.trajectories import FUNCTIONS, RATES, best_rate, trajectory

SGD = OPTIMIZERS["sgd"]


@pytest.fixture(scope="module")
def params() -> Optimizers:
    return check(Path(__file__).parents[2] / "params.yaml").optimizers


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_are_those_of_the_values(name: str) -> None:
    function = FUNCTIONS[name]
    draw = np.random.default_rng(0)
    for x, y in [function.start, *draw.uniform(-2, 2, size=(20, 2)).tolist()]:
        place = torch.tensor([x, y], dtype=torch.float64, requires_grad=True)
        expected = torch.autograd.grad(function.value(*place), place)[0].tolist()
        assert function.gradient(x, y) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_minimum_is_one(name: str) -> None:
    """No slope there, a curvature above 0 in every direction, and nothing in the window is below it."""
    function = FUNCTIONS[name]
    (left, right), (bottom, top) = function.window
    x, y = np.meshgrid(np.linspace(left, right, 201), np.linspace(bottom, top, 201))
    least = function.value(x, y).min()
    for minimum in function.minima:
        assert function.gradient(*minimum) == (0.0, 0.0)
        assert function.value(*minimum) <= least
        place = torch.tensor(minimum, dtype=torch.float64)
        hessian = torch.autograd.functional.hessian(function.value, tuple(place))
        assert np.linalg.eigvalsh(np.array([[float(entry) for entry in row] for row in hessian])).min() > 0
        assert left < minimum[0] < right and bottom < minimum[1] < top
    assert left < function.start[0] < right and bottom < function.start[1] < top


def test_values_are_those_of_the_sources() -> None:
    """24.2 and 14.203125 are those of Moré, Garbow & Hillstrom's starts, by hand."""
    assert FUNCTIONS["rosenbrock"].value(-1.2, 1.0) == pytest.approx(24.2)
    assert FUNCTIONS["beale"].value(1.0, 1.0) == 1.5**2 + 2.25**2 + 2.625**2 == 14.203125
    assert FUNCTIONS["saddle"].value(0.0, 1.0) == FUNCTIONS["saddle"].value(0.0, -1.0) == -0.25
    hessian = torch.autograd.functional.hessian(FUNCTIONS["saddle"].value, (torch.tensor(0.0), torch.tensor(0.0)))
    assert [[float(entry) for entry in row] for row in hessian] == [[1.0, 0.0], [0.0, -1.0]]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradient_descent_takes_its_steps(name: str) -> None:
    function = FUNCTIONS[name]
    x, y = function.start
    expected = [(x, y)]
    for _ in range(30):
        by_x, by_y = function.gradient(x, y)
        x, y = x - 1e-3 * by_x, y - 1e-3 * by_y
        expected.append((x, y))
    found = trajectory(SGD, SgdSettings(learning_rate=1e-3), function, 30)
    assert found.shape == (31, 2) and found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_on_the_saddle_momentum_obeys_its_recurrence() -> None:
    """Along x the slope is x: the heavy ball is x'' = (1 + beta - lr) x' - beta x, after one step of descent."""
    settings = MomentumSettings(learning_rate=0.1, beta=0.9)
    x = trajectory(OPTIMIZERS["heavy_ball"], settings, FUNCTIONS["saddle"], 40)[:, 0]
    assert x[1] == pytest.approx(0.9)
    np.testing.assert_allclose(x[2:], (1 + 0.9 - 0.1) * x[1:-1] - 0.9 * x[:-2], rtol=1e-12, atol=1e-14)


def test_schedule_free_shows_its_average() -> None:
    """At beta1 close to 0 the gradients are taken at z, which then is RMSProp with a corrected start; x is its mean."""
    settings = ScheduleFreeSettings(learning_rate=0.1, beta1=1e-9, beta2=0.9, epsilon=1e-8, weight_decay=0.0)
    found = trajectory(OPTIMIZERS["schedule_free"], settings, FUNCTIONS["saddle"], 20)[:, 0]
    z, v, points = 1.0, 0.0, []
    for t in range(1, 21):
        g = z
        v = 0.9 * v + 0.1 * g * g
        z -= 0.1 * g / (math.sqrt(v / (1 - 0.9**t)) + 1e-8)
        points.append(z)
    # The average comes out of a difference a billion times as large as it.
    np.testing.assert_allclose(found[1:], np.cumsum(points) / np.arange(1, 21), atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_leaves_the_saddle_at_its_best_rate_and_again_to_the_bit(name: str, params: Optimizers) -> None:
    spec, function = OPTIMIZERS[name], FUNCTIONS["saddle"]
    settings = getattr(params, name).defaults
    rate = best_rate(spec, settings, function, 100)
    at_best = settings.model_copy(update={"learning_rate": rate})
    found = trajectory(spec, at_best, function, 100)
    assert rate in RATES and tuple(found[0]) == function.start
    assert function.value(*found[-1]) < -0.2
    assert np.array_equal(found, trajectory(spec, at_best, function, 100))
    ends = [
        function.value(*trajectory(spec, settings.model_copy(update={"learning_rate": other}), function, 100)[-1])
        for other in (0.01, 0.1, 1.0)
    ]
    assert not any(end < function.value(*found[-1]) for end in ends)


def test_a_trajectory_that_overflows_goes_on_to_its_end() -> None:
    found = trajectory(SGD, SgdSettings(learning_rate=10.0), FUNCTIONS["rosenbrock"], 50)
    assert len(found) == 51 and not np.isfinite(found[-1]).any()
