"""Fronts and hypervolumes, beside what their definitions give point by point."""

import math

import numpy as np
import pytest

from bakeoff.tuning.pareto import Pair, front, hypervolume, ideal, spread, worst

POINTS = [(3.0, 1.0), (1.0, 3.0), (2.0, 2.0), (2.0, 3.0), (1.0, 3.0), (math.inf, math.inf), (3.0, 0.5)]


def dominates(one: Pair, other: Pair) -> bool:
    return one != other and one[0] <= other[0] and one[1] <= other[1]


def drawn(seed: int, count: int = 40) -> list[Pair]:
    """Return points of which many share a value, and some are equal."""
    found: list[Pair] = [tuple(pair) for pair in np.random.default_rng(seed).integers(8, size=(count, 2)).astype(float)]
    return found


def test_the_front_has_the_non_dominated_points_the_best_by_the_first_objective_first() -> None:
    assert front(POINTS) == [1, 2, 6]
    assert front([(math.inf, math.inf)]) == []
    assert front([]) == []


@pytest.mark.parametrize("seed", range(20))
def test_no_point_dominates_one_of_the_front_and_of_equal_points_the_first_counts(seed: int) -> None:
    points = drawn(seed)
    wanted = [
        place
        for place, point in enumerate(points)
        if not any(dominates(other, point) for other in points) and point not in points[:place]
    ]
    assert sorted(front(points)) == wanted
    assert [points[place] for place in front(points)] == sorted(points[place] for place in wanted)


@pytest.mark.parametrize("seed", range(20))
def test_the_hypervolume_is_the_area_that_is_dominated(seed: int) -> None:
    points = drawn(seed)
    reference = worst(points)
    # All values are whole, so the area is a number of unit squares.
    squares = [(x, y) for x in range(int(reference[0])) for y in range(int(reference[1]))]
    dominated = [(x, y) for x, y in squares if any(point[0] <= x and point[1] <= y for point in points)]
    assert hypervolume(points, reference) == len(dominated)


def test_a_front_of_one_point_at_the_reference_has_no_area() -> None:
    assert hypervolume([(2.0, 5.0)], (2.0, 5.0)) == 0
    assert hypervolume([], (2.0, 5.0)) == 0


def test_the_reference_and_the_ideal_point_have_the_worst_and_the_best_of_each() -> None:
    assert worst([(3.0, 1.0), (1.0, 2.0)]) == (3.0, 2.0)
    assert ideal([(3.0, 1.0), (1.0, 2.0)]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("count", "most", "places"),
    [(3, 5, [0, 1, 2]), (3, 3, [0, 1, 2]), (4, 1, [0]), (5, 2, [0, 4]), (5, 3, [0, 2, 4]), (10, 4, [0, 3, 6, 9])],
)
def test_points_are_spread_evenly_over_a_front(count: int, most: int, places: list[int]) -> None:
    assert spread(count, most) == places


def test_spread_points_differ_and_have_both_ends() -> None:
    for count in range(2, 40):
        for most in range(2, 12):
            places = spread(count, most)
            assert places == sorted(set(places))
            assert (places[0], places[-1], len(places)) == (0, count - 1, min(count, most))
