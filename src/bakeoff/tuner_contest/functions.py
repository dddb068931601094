"""Functions of the unit cube with a known minimum."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from bakeoff.tuner_contest.problem import Problem
from bakeoff.tuner_contest.settings import FunctionName
from bakeoff.tuning.settings import Range
from bakeoff.tuning.space import Point, Space

Array = NDArray[np.float64]
SAMPLES = 4096  # for the median


def branin(u: Array) -> float:
    """Source: Branin 1972, IBM Journal of Research and Development 16, on [-5, 10] x [0, 15]: three equal minima."""
    x, y = 15 * u[0] - 5, 15 * u[1]
    bowl = (y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6) ** 2
    return float(bowl + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10)


HEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])
WIDTHS = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
CENTRES = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann(u: Array) -> float:
    """Source: Hartman 1973, Naval Postgraduate School, report NPS55HH72051A, the one in six dimensions."""
    return -float(HEIGHTS @ np.exp(-(WIDTHS * (u - CENTRES) ** 2).sum(1)))


def two_of_six(u: Array) -> float:
    """Branin's function of the second and the fifth coordinate; the others have no effect."""
    return branin(u[[1, 4]])


def valley(u: Array) -> float:
    """A curved valley (Rosenbrock 1960, The Computer Journal 3) on [-1.7, 2.3]^4, with a cliff like a learning rate's.

    The box is not symmetric, because a grid of two levels would have the minimum of [-2, 2]^4 as a point.
    """
    z = 4 * u - 1.7
    curved = float(4 * ((z[1:] - z[:-1] ** 2) ** 2).sum() + ((1 - z[:-1]) ** 2).sum())
    return curved if u[0] + u[3] < 1.8 else curved + 50


# The function, its dimensions, its minimum.
FUNCTIONS: Mapping[FunctionName, tuple[Callable[[Array], float], int, float]] = {
    "branin": (branin, 2, 0.397887357729738),
    "hartmann": (hartmann, 6, -3.322368011415515),
    "two_of_six": (two_of_six, 6, 0.397887357729738),
    "valley": (valley, 4, 0.0),
}


def function_problem(name: FunctionName) -> Problem:
    """Return a function of the unit cube as a problem."""
    function, dimensions, least = FUNCTIONS[name]

    def value(point: Point) -> float:
        return function(np.array(list(point.values())))

    space = Space({f"x{k}": Range(low=0.0, high=1.0, scale="linear") for k in range(dimensions)})
    places = qmc.Sobol(dimensions, rng=np.random.default_rng(0)).random(SAMPLES)
    return Problem(name, space, value, least, float(np.median([function(place) for place in places])))
