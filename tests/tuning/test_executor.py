import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

import pytest

from bakeoff.tuning.executor import ending, search, search_in_window
from bakeoff.tuning.one_objective import OneObjective
from bakeoff.tuning.searchers.searcher import Proposal
from bakeoff.tuning.settings import StopSettings
from bakeoff.tuning.space import Point
from bakeoff.tuning.trained import Trained
from bakeoff.tuning.trial import Trial

NEVER = StopSettings(target=None, patience=None, halving=None)
of_nine = partial(search, budget=9, price=1, cheapest=1, watch=lambda _: None, goal=OneObjective("loss"))


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
    trials = search(
        searcher,
        squared,
        budget=7,
        price=1,
        cheapest=1,
        batch=3,
        stop=NEVER,
        watch=seen.append,
        goal=OneObjective("loss"),
    )
    assert searcher.batches == [3, 3, 1]
    assert searcher.told == [0.0, 1.0, math.inf, 9.0, 16.0, 25.0, 36.0]
    assert [trial.point["x"] for trial in trials] == list(range(7))
    assert trials == seen


def test_what_a_trial_costs_is_charged() -> None:
    trials = of_nine(Counter(most=1, cost=3), squared, batch=4, stop=NEVER)
    assert [trial.spent for trial in trials] == [3, 6, 9]


@pytest.mark.parametrize("searcher", [Counter(most=0), Counter(cost=5), Counter(most=1, cost=4)])
def test_a_searcher_that_breaks_the_rules_is_stopped(searcher: Counter) -> None:
    with pytest.raises(RuntimeError, match="Counter was asked for 1 to"):
        search(
            searcher,
            squared,
            budget=10,
            price=1,
            cheapest=1,
            batch=3,
            stop=NEVER,
            watch=lambda _: None,
            goal=OneObjective("loss"),
        )


def falling(*values: float | None) -> Callable[[Sequence[Point]], list[Trained]]:
    """Return trainings with these losses, one a trial; None: diverged."""

    def train(points: Sequence[Point]) -> list[Trained]:
        losses = [values[int(point["x"])] for point in points]
        return [
            Trained({}, 1) if loss is None else Trained({"val/loss": loss, "val/accuracy": 1 - loss}, None)
            for loss in losses
        ]

    return train


@pytest.mark.parametrize(
    ("stop", "objective", "batch", "tried", "by"),
    [
        ((0.5, None), "loss", 1, 3, "target"),
        ((0.5, None), "loss", 2, 4, "target"),  # the batch is finished
        ((0.4, None), "loss", 1, 9, "budget"),
        ((0.5, None), "accuracy", 1, 3, "target"),
        ((0.6, None), "accuracy", 1, 9, "budget"),
        ((0.1, None), "accuracy", 1, 1, "target"),
        ((None, 1), "loss", 1, 2, "patience"),
        ((None, 3), "loss", 1, 6, "patience"),  # the third is best; what is as good is not better
        ((None, 3), "loss", 4, 8, "patience"),
        ((None, 5), "accuracy", 1, 8, "patience"),
        ((None, 6), "accuracy", 1, 9, "budget"),  # with the last trial both are true, and nothing is left
        ((0.5, None), "loss", 9, 9, "budget"),
        ((None, 7), "loss", 1, 9, "budget"),
        ((0.5, 1), "loss", 3, 3, "target"),
    ],
)
def test_a_rule_ends_a_search_once_a_batch_is_told(
    stop: tuple[float | None, int | None], objective: str, batch: int, tried: int, by: str
) -> None:
    rules = StopSettings(target=stop[0], patience=stop[1], halving=None)
    train = falling(0.8, None, 0.5, 0.5, 0.7, None, 0.6, 0.9, 0.5)
    searcher, seen = Counter(), list[Trial]()
    trials = search(
        searcher,
        train,
        budget=9,
        price=1,
        cheapest=1,
        batch=batch,
        stop=rules,
        watch=seen.append,
        goal=OneObjective(objective),
    )
    assert len(trials) == len(searcher.told) == tried
    assert seen == trials
    assert ending(trials, rules, OneObjective(objective), 9) == by


@pytest.mark.parametrize(("first", "tried"), [(None, 9), (0.5, 7)])
def test_patience_counts_from_the_first_value_on(first: float | None, tried: int) -> None:
    rules = StopSettings(target=None, patience=2, halving=None)
    trials = of_nine(Counter(), falling(None, None, None, None, first, *[None] * 4), batch=1, stop=rules)
    assert len(trials) == tried


class Shared(Counter):
    """Proposes trainings of half the epochs, and each fourth with all of them."""

    def ask(self, n: int) -> list[Proposal]:
        points = [proposal.point for proposal in super().ask(n)]
        full = [(point["x"] + 1) % 4 == 0 for point in points]
        return [
            Proposal(point, 1 if whole else Fraction(1, 2), whole) for point, whole in zip(points, full, strict=True)
        ]


def test_a_training_with_fewer_epochs_costs_its_share_and_ends_no_search() -> None:
    def run(rules: StopSettings) -> list[Trial]:
        train = falling(0.1, 0.1, 0.2, 0.9, 0.1, 0.2, 0.1, 0.8, 0.1)
        return search(
            Shared(),
            train,
            budget=5,
            price=1,
            cheapest=Fraction(1, 2),
            batch=1,
            stop=rules,
            watch=lambda _: None,
            goal=OneObjective("loss"),
        )

    trials = run(NEVER)
    assert [trial.spent for trial in trials] == [0.5, 1, 1.5, 2.5, 3, 3.5, 4, 5]
    assert [trial.number for trial in trials if trial.full] == [4, 8]
    assert run(StopSettings(target=0.5, patience=1, halving=None)) == trials
    assert len(run(StopSettings(target=0.9, patience=None, halving=None))) == 4


@pytest.mark.parametrize("window", [1, 3, 20])
def test_in_a_window_a_trial_is_asked_for_once_those_so_many_before_it_are_told(window: int) -> None:
    events: list[tuple[str, int]] = []

    class Noting(Counter):
        def ask(self, n: int) -> list[Proposal]:
            events.append(("ask", self.asked))
            return super().ask(n)

        def tell(self, values: Sequence[float]) -> None:
            events.append(("tell", len(self.told)))
            super().tell(values)

    searcher, seen = Noting(), list[Trial]()
    trials = search_in_window(
        searcher,
        lambda point: lambda: squared([point])[0],
        budget=8,
        price=2,
        window=window,
        stop=NEVER,
        watch=seen.append,
        goal=OneObjective("loss"),
    )
    assert trials == seen
    assert [trial.spent for trial in trials] == [2, 4, 6, 8, 10, 12, 14, 16]
    assert searcher.told == [0.0, 1.0, math.inf, 9.0, 16.0, 25.0, 36.0, 49.0]
    assert searcher.batches == [1] * 8
    first = [("ask", number) for number in range(min(window, 8))]
    then = [one for told in range(8) for one in (("tell", told), ("ask", told + window)) if one[1] < 8]
    assert events == first + then


def in_window_of_three(losses: Sequence[float], budget: int, rules: StopSettings) -> list[Trial]:
    values = iter(losses)

    def begin(_: Point) -> Callable[[], Trained]:
        value = next(values)
        return lambda: Trained({"val/loss": value}, None)

    return search_in_window(
        Counter(), begin, budget=budget, price=1, window=3, stop=rules, watch=lambda _: None, goal=OneObjective("loss")
    )


def test_in_a_window_a_rule_ends_the_asking_and_what_is_asked_for_counts() -> None:
    rules = StopSettings(target=0.5, patience=None, halving=None)
    trials = in_window_of_three([0.9, 0.4, 0.8, 0.7, 0.6], 9, rules)
    assert [trial.trained.metrics["val/loss"] for trial in trials] == [0.9, 0.4, 0.8, 0.7]
    assert ending(trials, rules, OneObjective("loss"), 9) == "target"


def test_in_a_window_a_rule_that_has_held_is_not_taken_back() -> None:
    """Patience is used up with the second trial, and the third, which was running then, improves on the best."""
    rules = StopSettings(target=None, patience=1, halving=None)
    trials = in_window_of_three([0.5, 0.9, 0.4, 0.3, 0.2, 0.1], 6, rules)
    assert [trial.trained.metrics["val/loss"] for trial in trials] == [0.5, 0.9, 0.4, 0.3]
    assert OneObjective("loss").rule(trials, rules) is None
    assert ending(trials, rules, OneObjective("loss"), 6) == "patience"
