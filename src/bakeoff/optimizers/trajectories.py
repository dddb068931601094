"""Trajectories of optimizers on functions of two variables: a bent valley, a plateau with steep walls, a saddle."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bakeoff.base.settings import Settings
from bakeoff.optimizers.evaluation import evaluated
from bakeoff.optimizers.spec import OptimizerSpec

RATES = tuple(float(f"{10 ** (k / 2):.1g}") for k in range(-8, 3))  # half decades: 1e-4, 3e-4, ..., 10


@dataclass(frozen=True)
class PlaneFunction:
    """A function of two variables.

    Attributes:
        start: the usual start of a descent.
        minima: all global minima.
        window: ((left, right), (bottom, top)) of a figure.
        value: of x and y, which may be numbers or arrays.
        gradient: of x and y, by products and sums only, which every processor computes alike.
    """

    formula: str
    source: str
    start: tuple[float, float]
    minima: tuple[tuple[float, float], ...]
    window: tuple[tuple[float, float], tuple[float, float]]
    value: Callable[[Any, Any], Any]
    gradient: Callable[[float, float], tuple[float, float]]


def rosenbrock(x: Any, y: Any) -> Any:
    a, b = 1 - x, y - x * x
    return a * a + 100 * b * b


def rosenbrock_gradient(x: float, y: float) -> tuple[float, float]:
    a, b = 1 - x, y - x * x
    return -2 * a - 400 * b * x, 200 * b


def beale(x: Any, y: Any) -> Any:
    a, b, c = 1.5 - x * (1 - y), 2.25 - x * (1 - y * y), 2.625 - x * (1 - y * y * y)
    return a * a + b * b + c * c


def beale_gradient(x: float, y: float) -> tuple[float, float]:
    a, b, c = 1.5 - x * (1 - y), 2.25 - x * (1 - y * y), 2.625 - x * (1 - y * y * y)
    by_x = -2 * (a * (1 - y) + b * (1 - y * y) + c * (1 - y * y * y))
    return by_x, 2 * x * (a + 2 * b * y + 3 * c * y * y)


def saddle(x: Any, y: Any) -> Any:
    return x * x / 2 - y * y / 2 + y * y * y * y / 4


def saddle_gradient(x: float, y: float) -> tuple[float, float]:
    return x, y * y * y - y


FUNCTIONS = {
    "rosenbrock": PlaneFunction(
        formula="(1 - x)^2 + 100 (y - x^2)^2",
        source="Rosenbrock 1960, The Computer Journal 3(3)",
        start=(-1.2, 1.0),
        minima=((1.0, 1.0),),
        window=((-2.0, 2.0), (-1.0, 3.0)),
        value=rosenbrock,
        gradient=rosenbrock_gradient,
    ),
    "beale": PlaneFunction(
        formula="(1.5 - x (1 - y))^2 + (2.25 - x (1 - y^2))^2 + (2.625 - x (1 - y^3))^2",
        source="Beale 1958, On an iterative method for finding a local minimum of a function of more than one "
        "variable; the start is that of Moré, Garbow & Hillstrom 1981, ACM TOMS 7(1)",
        start=(1.0, 1.0),
        minima=((3.0, 0.5),),
        window=((-1.0, 4.5), (-1.5, 1.5)),
        value=beale,
        gradient=beale_gradient,
    ),
    "saddle": PlaneFunction(
        formula="x^2 / 2 - y^2 / 2 + y^4 / 4",
        source="Nesterov 2004, Introductory Lectures on Convex Optimization, example 1.2.2; the start is beside the "
        "ridge y = 0, along which a descent ends in the saddle at 0",
        start=(1.0, 1e-3),
        minima=((0.0, 1.0), (0.0, -1.0)),
        window=((-1.0, 1.5), (-1.5, 1.5)),
        value=saddle,
        gradient=saddle_gradient,
    ),
}


def trajectory(spec: OptimizerSpec, settings: Settings, function: PlaneFunction, steps: int) -> NDArray[np.float64]:
    """Return the weights to evaluate (steps + 1, 2), from the start on, in float64.

    The weights are a matrix of one row, for a rule like Muon that acts on matrices. After a step that overflows they
    are infinite or NaN.
    """
    weights = torch.nn.Parameter(torch.tensor([function.start], dtype=torch.float64))
    optimizer = spec.build([weights], settings)
    path = [weights.detach().clone()]
    for _ in range(steps):
        weights.grad = torch.tensor([function.gradient(*weights[0].tolist())], dtype=torch.float64)
        optimizer.step()
        with evaluated(optimizer):
            path.append(weights.detach().clone())
    return torch.cat(path).numpy()


def best_rate(spec: OptimizerSpec, settings: Settings, function: PlaneFunction, steps: int) -> float:
    """Return the learning rate, of half decades from 1e-4 to 10, whose trajectory ends lowest.

    Trajectories with one rate for all, or with default rates, would show the rates and not the rules.

    Args:
        settings: gives all other hyperparameters.
    """

    def final_value(rate: float) -> float:
        changed = settings.model_copy(update={"learning_rate": rate})
        value = float(function.value(*trajectory(spec, changed, function, steps)[-1].tolist()))
        return value if math.isfinite(value) else math.inf

    return min(RATES, key=final_value)
