"""Searches spend their budgets, and count regrets as they should."""

import math
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
import pytest

from bakeoff.base.settings import PATH, load
from bakeoff.tuner_contest.functions import FUNCTIONS, function_problem
from bakeoff.tuner_contest.problem import Problem
from bakeoff.tuner_contest.search import build, levels, searched
from bakeoff.tuner_contest.settings import ContestMethod, FunctionName
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.searchers.searcher import Proposal
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


def found(method: ContestMethod, budget: int, seed: int) -> list[float]:
    """The values of a search of Branin's function with the settings of params.yaml."""
    problem = function_problem("branin")
    settings = None if method == "grid" else SEARCHERS[method].settings.model_validate(PARAMS[method])
    return searched(build(method, settings, problem.space, budget, seed), problem, budget, batch=4)


@pytest.mark.parametrize("method", get_args(ContestMethod))
def test_every_method_spends_its_budget_from_a_seed(method: ContestMethod) -> None:
    values = found(method, 14, seed=1)
    assert len(values) == 14
    assert values == found(method, 14, seed=1)
    assert values != found(method, 14, seed=2)
    assert np.min(values) >= function_problem("branin").least


@pytest.mark.parametrize("method", [one for one in get_args(ContestMethod) if one not in ("grid", "gp")])
def test_a_smaller_budget_is_the_beginning_of_a_larger_one(method: ContestMethod) -> None:
    assert found(method, 24, seed=1)[:16] == found(method, 16, seed=1)


class Descending:
    """A searcher that notes how much it is asked for, and what it is told."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.told: list[list[float]] = []

    def ask(self, n: int) -> list[Proposal]:
        self.asked.append(n)
        return [Proposal({"x": 1 / (1 + sum(self.asked) - place)}) for place in range(n)]

    def tell(self, values: Sequence[Any]) -> None:
        self.told.append(list(values))


def test_a_searcher_is_told_each_batch_in_the_order_asked() -> None:
    searcher, problem = Descending(), line()
    values = searched(searcher, problem, 10, batch=4)
    assert searcher.asked == [4, 4, 2]
    assert searcher.told == [values[:4], values[4:8], values[8:]]
    assert values[:4] == [3 + 4 / 5, 3 + 4 / 4, 3 + 4 / 3, 3 + 4 / 2]
