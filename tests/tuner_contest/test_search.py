"""Searches spend their budgets, and count regrets as they should."""

import math
from typing import get_args

import numpy as np
import pytest

from bakeoff.base.settings import PATH, load
from bakeoff.tuner_contest.functions import FUNCTIONS, function_problem
from bakeoff.tuner_contest.problem import Problem
from bakeoff.tuner_contest.searches import levels, searched
from bakeoff.tuner_contest.settings import ContestMethod, FunctionName
from bakeoff.tuning.registry import SEARCHERS
from bakeoff.tuning.settings import Choice, Range
from bakeoff.tuning.space import Space

PARAMS = load(PATH)["tuning"]


def line(worst: float = math.inf) -> Problem:
    space = Space({"x": Range(low=0.0, high=1.0, scale="linear")})
    return Problem("line", space, lambda point: 3 + 4 * float(point["x"]), least=3.0, median=5.0, worst=worst)


def test_regrets_are_of_the_best_so_far_in_units_of_the_median_point() -> None:
    assert line().regrets([5.0, 6.0, 4.0, 4.5]).tolist() == [1.0, 1.0, 0.5, 0.5]


def test_a_diverged_trial_counts_as_the_worst() -> None:
    assert line(worst=7.0).regrets([math.inf, 6.0, math.inf]).tolist() == [2.0, 1.5, 1.5]


@pytest.mark.parametrize("budget", [8, 16, 32, 64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_grid_has_as_many_points_as_the_budget_and_few_more(name: FunctionName, budget: int) -> None:
    counts = levels(function_problem(name).space, budget, seed=3).values()
    assert budget <= math.prod(counts) < 2 * budget
    assert max(counts) - min(counts) <= 1


def test_a_grid_has_no_more_levels_than_whole_numbers_and_counts_the_choices() -> None:
    ranges = {"few": Range(low=1, high=2, scale="linear"), "many": Range(low=0.0, high=1.0, scale="linear")}
    space = Space({**ranges, "kind": Choice(choices=("a", "b", "c"))}, frozenset({"few"}))
    assert levels(space, 30, seed=0) == {"few": 2, "many": 5}


@pytest.mark.parametrize("method", get_args(ContestMethod))
def test_every_method_spends_its_budget_from_a_seed(method: ContestMethod) -> None:
    problem = function_problem("branin")
    settings = None if method == "grid" else SEARCHERS[method].settings.model_validate(PARAMS[method])
    values = searched(method, settings, problem, 14, seed=1, batch=4)
    assert len(values) == 14
    assert values == searched(method, settings, problem, 14, seed=1, batch=4)
    assert values != searched(method, settings, problem, 14, seed=2, batch=4)
    assert np.min(values) >= problem.least


@pytest.mark.parametrize("method", [one for one in get_args(ContestMethod) if one not in ("grid", "gp")])
def test_a_smaller_budget_is_the_beginning_of_a_larger_one(method: ContestMethod) -> None:
    problem, settings = function_problem("branin"), SEARCHERS[method].settings.model_validate(PARAMS[method])
    longer = searched(method, settings, problem, 24, seed=1, batch=4)
    assert longer[:16] == searched(method, settings, problem, 16, seed=1, batch=4)
