import math
from collections.abc import Sequence

import pytest

from bakeoff.tuning.executor import Trial, search
from bakeoff.tuning.objective import Trained
from bakeoff.tuning.searcher import Proposal
from bakeoff.tuning.space import Point


class Counter:
    """Proposes 0, 1, 2, ... and notes what it is told."""

    def __init__(self, most: int = 100, cost: int = 1) -> None:
        self.most, self.cost, self.asked = most, cost, 0
        self.batches: list[int] = []
        self.told: list[float] = []

    def ask(self, n: int) -> list[Proposal]:
        size = min(n, self.most)
        self.batches.append(size)
        self.asked += size
        return [Proposal({"x": float(x)}, self.cost) for x in range(self.asked - size, self.asked)]

    def tell(self, values: Sequence[float]) -> None:
        self.told += values


def squared(points: Sequence[Point]) -> list[Trained]:
    return [
        Trained({}, diverged=1) if point["x"] == 2 else Trained({"val/loss": point["x"] ** 2}, None) for point in points
    ]


def test_a_search_asks_in_batches_tells_in_order_and_ends_with_the_budget() -> None:
    searcher, seen = Counter(), list[Trial]()
    trials = search(searcher, squared, budget=7, batch=3, watch=seen.append, objective="loss")
    assert searcher.batches == [3, 3, 1]
    assert searcher.told == [0.0, 1.0, math.inf, 9.0, 16.0, 25.0, 36.0]
    assert [trial.point["x"] for trial in trials] == list(range(7))
    assert trials == seen


def test_what_a_trial_costs_is_charged() -> None:
    trials = search(Counter(most=1, cost=3), squared, budget=9, batch=4, watch=lambda _: None, objective="loss")
    assert [trial.spent for trial in trials] == [3, 6, 9]


@pytest.mark.parametrize("searcher", [Counter(most=0), Counter(cost=5), Counter(most=1, cost=4)])
def test_a_searcher_that_breaks_the_rules_is_stopped(searcher: Counter) -> None:
    with pytest.raises(RuntimeError, match="Counter was asked for 1 to"):
        search(searcher, squared, budget=10, batch=3, watch=lambda _: None, objective="loss")
