"""Spends the budget of a search: asks for points, has them tried, tells them in the order asked."""

from collections import deque
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Literal

from bakeoff.tuning.goal import Goal
from bakeoff.tuning.searchers.searcher import Searcher
from bakeoff.tuning.settings import StopSettings
from bakeoff.tuning.space import Point
from bakeoff.tuning.trained import Trained
from bakeoff.tuning.trial import Trial


def search(
    searcher: Searcher,
    train: Callable[[Sequence[Point]], Sequence[Trained]],
    *,
    budget: Fraction | int,
    price: int,
    cheapest: Fraction | int,
    batch: int,
    stop: StopSettings,
    watch: Callable[[Trial], None],
    goal: Goal,
) -> list[Trial]:
    """All trials; their costs add up to `budget`, or to less where a rule of `stop` ends the search.

    What is asked for depends on `batch` alone, so that it changes no result where `train` tries the points of a batch.

    Args:
        budget: in trials with all epochs, like the costs of the proposals.
        price: trainings of such a trial; what a trial has spent counts trainings.
        cheapest: the least that a trial costs.

    Raises:
        RuntimeError: the searcher gave no proposal, more than it was asked for, or some beyond the budget.
    """
    trials: list[Trial] = []
    spent = Fraction(0)
    while spent < budget and goal.rule(trials, stop) is None:
        wanted = min(batch, int((budget - spent) / cheapest))
        proposals = searcher.ask(wanted)
        cost = sum(proposal.cost for proposal in proposals)
        if not 1 <= len(proposals) <= wanted or cost > budget - spent:
            raise RuntimeError(
                f"{type(searcher).__name__} was asked for 1 to {wanted} points within a budget of {budget - spent}, "
                f"and gave {len(proposals)} for {cost}"
            )
        batch_trained = train([proposal.point for proposal in proposals])
        searcher.tell([goal.told(trained) for trained in batch_trained])
        for proposal, trained in zip(proposals, batch_trained, strict=True):
            spent += proposal.cost
            paid = spent * price
            whole = int(paid) if paid.denominator == 1 else float(paid)
            trials.append(Trial(len(trials) + 1, whole, proposal.point, trained, proposal.full))
            watch(trials[-1])
    return trials


def search_in_window(
    searcher: Searcher,
    begin: Callable[[Point], Callable[[], Trained]],
    *,
    budget: int,
    price: int,
    window: int,
    stop: StopSettings,
    watch: Callable[[Trial], None],
    goal: Goal,
) -> list[Trial]:
    """All trials: as many as the budget has, or fewer where a rule of `stop` ends the search.

    Trial i is asked for once all trials up to i - window are told, each by itself in the order asked, however many are
    tried at a time: so that this changes no result. After a rule holds no trial is asked for, and those in the window
    count.

    Args:
        begin: returns what waits for the trial of a point.
        budget: trials.
        price: trainings of a trial.
    """
    trials: list[Trial] = []
    waiting: deque[tuple[Point, Callable[[], Trained]]] = deque()
    ended = False
    while True:
        ended = ended or goal.rule(trials, stop) is not None  # trials in the window may improve on the best again
        while not ended and len(waiting) < window and len(trials) + len(waiting) < budget:
            (proposal,) = searcher.ask(1)
            waiting.append((proposal.point, begin(proposal.point)))
        if not waiting:
            return trials
        point, trial_of = waiting.popleft()
        trained = trial_of()
        searcher.tell([goal.told(trained)])
        trials.append(Trial(len(trials) + 1, (len(trials) + 1) * price, point, trained))
        watch(trials[-1])


def ending(
    trials: Sequence[Trial], stop: StopSettings, goal: Goal, budget: Fraction | int
) -> Literal["target", "patience", "budget"]:
    """Return what ended a search: its budget, where all of it was spent, or else a rule."""
    if trials[-1].spent >= float(budget):
        return "budget"
    if rule := goal.rule(trials, stop):
        return rule
    # In a window: the trials that were still running may have improved on the best one.
    held = (goal.rule(trials[:count], stop) for count in range(len(trials)))
    return next((rule for rule in held if rule), "budget")
