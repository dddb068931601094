"""Successive halving and Hyperband: what they train, what they tell, and what becomes of it in a search."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from bakeoff.tuning.dotted import EPOCHS
from bakeoff.tuning.halving import Halving, Plan, Rung, planned, rungs
from bakeoff.tuning.searchers.searcher import Problem, Proposal
from bakeoff.tuning.settings import HalvingSettings
from bakeoff.tuning.space import Space


def settings(kind: str = "halving", first: int = 1, factor: int = 3, resume: bool = False) -> HalvingSettings:
    return HalvingSettings.model_validate({"kind": kind, "first": first, "factor": factor, "resume": resume})


@pytest.mark.parametrize(
    ("first", "factor", "epochs", "levels"),
    [
        (1, 3, 9, [1, 3, 9]),
        (1, 3, 10, [1, 3, 10]),
        (2, 2, 9, [2, 4, 9]),
        (1, 2, 7, [1, 3, 7]),
        (1, 3, 8, [2, 8]),
        (3, 3, 8, [8]),
        (1, 3, 3, [1, 3]),
        (1, 3, 2, [2]),
        (4, 3, 2, [2]),
        (5, 2, 5, [5]),
    ],
)
def test_the_epochs_of_the_rungs(first: int, factor: int, epochs: int, levels: list[int]) -> None:
    assert rungs(settings(first=first, factor=factor), epochs) == levels


def test_halving_begins_with_as_many_points_as_the_budget_allows() -> None:
    # 36 points for 1 of 9 epochs, 12 for 3 and 4 for 9 cost 36 + 36 + 36 = 12 x 9 epochs.
    whole = planned(settings(), 9, 12)
    assert whole.brackets == [[Rung(1, 36, 1), Rung(3, 12, 3), Rung(9, 4, 9)]]
    assert whole.cost == 12
    assert whole.cheapest == Fraction(1, 9)


def test_hyperband_has_a_bracket_from_each_rung_on() -> None:
    whole = planned(settings("hyperband"), 9, 12)
    # 36 of 108 epochs for the first bracket, half of what is left for the second one, and then what is left.
    assert whole.brackets == [
        [Rung(1, 14, 1), Rung(3, 4, 3), Rung(9, 1, 9)],
        [Rung(3, 6, 3), Rung(9, 2, 9)],
        [Rung(9, 4, 9)],
    ]


def test_a_point_that_goes_on_costs_the_further_epochs_alone() -> None:
    # 47 x 1 + 15 x 2 + 5 x 6 = 107 of 108 epochs; a 48th point brings a 16th for 3: 48 + 32 + 30 = 110.
    whole = planned(settings(resume=True), 9, 12)
    assert whole.brackets == [[Rung(1, 47, 1), Rung(3, 15, 2), Rung(9, 5, 6)]]
    assert whole.cost == Fraction(47 + 30 + 30, 9)
    assert whole.cheapest == Fraction(1, 9)
    assert planned(settings("hyperband", resume=True), 9, 12).brackets == [
        [Rung(1, 17, 1), Rung(3, 5, 2), Rung(9, 1, 6)],
        [Rung(3, 8, 3), Rung(9, 2, 6)],
        [Rung(9, 4, 9)],
    ]


def test_a_rung_from_which_no_point_would_climb_is_left_out() -> None:
    assert planned(settings(), 9, 2).brackets == [
        [Rung(3, 3, 3), Rung(9, 1, 9)]
    ]  # 9 points from 1 epoch on cost 3 trainings
    assert planned(settings(), 9, 1).brackets == [[Rung(9, 1, 9)]]
    # Going on, 9 points cost 9 + 6 + 6 = 21 epochs, which two trainings do not pay for either.
    assert planned(settings(resume=True), 9, 2).brackets == [[Rung(3, 4, 3), Rung(9, 1, 6)]]
    assert planned(settings(resume=True), 9, 3).brackets == [[Rung(1, 13, 1), Rung(3, 4, 2), Rung(9, 1, 6)]]


@pytest.mark.parametrize("kind", ["halving", "hyperband"])
@pytest.mark.parametrize("epochs", [1, 2, 7, 9, 27])
@pytest.mark.parametrize("budget", [1, 2, 5, 16])
@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("resume", [False, True])
def test_no_plan_costs_more_than_the_budget_and_each_ends_in_full_trainings(
    kind: str, epochs: int, budget: int, factor: int, resume: bool
) -> None:
    whole = planned(settings(kind, factor=factor, resume=resume), epochs, budget)
    assert 1 <= whole.cost <= budget
    if kind == "halving":  # what is left is less than another point costs on its way up
        assert budget - whole.cost < len(rungs(settings(factor=factor), epochs))
    for bracket in whole.brackets:
        assert bracket[-1].epochs == epochs
        assert all(one.points >= other.points >= 1 for one, other in pairwise(bracket))
        assert all(one.epochs < other.epochs for one, other in pairwise(bracket))
        assert sum(rung.further for rung in bracket) == (epochs if resume else sum(rung.epochs for rung in bracket))


class Counted:
    """Proposes 0, 1, 2, ..., two at a time at most, and notes what it is told."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.asked = 0
        self.told: list[float] = []

    def ask(self, n: int) -> list[Proposal]:
        size = min(n, 2)
        self.asked += size
        return [Proposal({"x": x}) for x in range(self.asked - size, self.asked)]

    def tell(self, values: Sequence[float]) -> None:
        self.told += values


def searched(whole: Plan, batch: int) -> tuple[list[tuple[int, int]], Halving]:
    """Return the points and epochs that are trained, where x is better the nearer it is to 4.2, and at 3 diverges."""
    problem = Problem("mlp", Space({}), 100, 5, lambda _: pytest.fail("asks for a gradient"))
    searcher = Halving(problem, Counted, whole)
    trained: list[tuple[int, int]] = []
    spent = Fraction(0)
    while spent < whole.cost:
        proposals = searcher.ask(batch)
        assert 1 <= len(proposals) <= batch
        points: list[Any] = [proposal.point for proposal in proposals]
        assert [proposal.full for proposal in proposals] == [point[EPOCHS] == whole.epochs for point in points]
        spent += sum(proposal.cost for proposal in proposals)
        trained += [(point["x"], point[EPOCHS]) for point in points]
        searcher.tell([float("inf") if point["x"] == 3 else abs(point["x"] - 4.2) / point[EPOCHS] for point in points])
    assert spent == whole.cost
    return trained, searcher


@pytest.mark.parametrize("batch", [1, 2, 4, 100])
@pytest.mark.parametrize("resume", [False, True])
def test_the_best_points_of_a_rung_climb_to_the_next(batch: int, resume: bool) -> None:
    # 9 points, 3 of which climb, and 1 of these
    made = Plan(9, [[Rung(1, 9, 1), Rung(3, 3, 2 if resume else 3), Rung(9, 1, 6 if resume else 9)]])
    trained, searcher = searched(made, batch)
    assert trained[:9] == [(x, 1) for x in range(9)]
    assert trained[9:] == [(4, 3), (5, 3), (6, 3), (4, 9)]
    (inner,) = searcher.searchers
    assert isinstance(inner, Counted)
    assert inner.problem.budget == 9
    assert inner.problem.seed == 5
    assert inner.told == [float("inf") if x == 3 else abs(x - 4.2) for x in range(9)]  # the values of one epoch alone


def test_each_bracket_has_a_searcher_of_its_own() -> None:
    whole = planned(settings("hyperband"), 9, 12)
    trained, searcher = searched(whole, 3)
    epochs = [rung.epochs for bracket in whole.brackets for rung in bracket for _ in range(rung.points)]
    assert [taken for _, taken in trained] == epochs
    assert [inner.problem.budget for inner in searcher.searchers] == [14, 6, 4]  # type: ignore[attr-defined]
    assert len({inner.problem.seed for inner in searcher.searchers}) == 3  # type: ignore[attr-defined]
