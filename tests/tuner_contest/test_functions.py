"""The functions have the minima that they state."""

import numpy as np
import pytest
from scipy.optimize import minimize

from bakeoff.tuner_contest.functions import FUNCTIONS, function_problem
from bakeoff.tuner_contest.settings import FunctionName

EVERY = pytest.mark.parametrize("name", FUNCTIONS)


@EVERY
def test_a_function_has_the_minimum_that_regrets_count_from(name: FunctionName) -> None:
    (function, dimensions, least), rng = FUNCTIONS[name], np.random.default_rng(0)
    box = [(0.0, 1.0)] * dimensions
    starts = rng.random((40, dimensions))
    lowest = min(minimize(function, start, method="L-BFGS-B", bounds=box).fun for start in starts)
    assert lowest == pytest.approx(least, abs=1e-5)  # L-BFGS-B ends before the last digits
    assert lowest > least - 1e-9


def test_only_two_of_six_dimensions_matter() -> None:
    function, _, _ = FUNCTIONS["two_of_six"]
    place = np.full(6, 0.3)
    moved = [function(np.where(np.arange(6) == axis, 0.8, place)) != function(place) for axis in range(6)]
    assert moved == [False, True, False, False, True, False]


@EVERY
def test_the_problem_has_the_value_of_the_function(name: FunctionName) -> None:
    function, dimensions, least = FUNCTIONS[name]
    problem = function_problem(name)
    place = np.linspace(0.1, 0.7, dimensions)
    assert problem.value(problem.space.point(place.tolist())) == pytest.approx(function(place))
    draws = np.random.default_rng(5).random((20_000, dimensions))
    assert np.mean([function(one) < problem.median for one in draws]) == pytest.approx(0.5, abs=0.02)
    assert problem.least == least
