"""Spends the budget of a search: asks for a batch, has it tried, tells it in the order asked."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from bakeoff.tuning.objective import Trained
from bakeoff.tuning.searcher import Searcher
from bakeoff.tuning.settings import StopSettings
from bakeoff.tuning.space import Point


@dataclass(frozen=True)
class Trial:
    number: int  # from 1, in the order of asking
    spent: int | float  # trainings of the whole search up to and with this trial; a share where they had fewer epochs
    point: Point
    trained: Trained
    full: bool = True  # whether it had all epochs; only such trials are compared


def search(
    searcher: Searcher,
    train: Callable[[Sequence[Point]], Sequence[Trained]],
    *,
    budget: Fraction | int,
    cheapest: Fraction | int,
    batch: int,
    stop: StopSettings,
    watch: Callable[[Trial], None],
    objective: str,
) -> list[Trial]:
    """All trials; their costs add up to `budget` trainings, or to less where a rule of `stop` ends the search.

    What is asked for depends on `batch` alone, so that it changes no result where `train` tries the points of a batch.

    Args:
        cheapest: the least that a trial costs.

    Raises:
        RuntimeError: the searcher gave no proposal, more than it was asked for, or some beyond the budget.
    """
    trials: list[Trial] = []
    spent = Fraction(0)
    while spent < budget and rule(trials, stop, objective) is None:
        wanted = min(batch, int((budget - spent) / cheapest))
        proposals = searcher.ask(wanted)
        cost = sum(proposal.cost for proposal in proposals)
        if not 1 <= len(proposals) <= wanted or cost > budget - spent:
            raise RuntimeError(
                f"{type(searcher).__name__} was asked for 1 to {wanted} points within {budget - spent} trainings, "
                f"and gave {len(proposals)} for {cost}"
            )
        batch_trained = train([proposal.point for proposal in proposals])
        searcher.tell([trained.value(objective) for trained in batch_trained])
        for proposal, trained in zip(proposals, batch_trained, strict=True):
            spent += proposal.cost
            whole = int(spent) if spent.denominator == 1 else float(spent)
            trials.append(Trial(len(trials) + 1, whole, proposal.point, trained, proposal.cost >= 1))
            watch(trials[-1])
    return trials


def full(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that had all epochs of the study."""
    return [trial for trial in trials if trial.full]


def rule(trials: Sequence[Trial], stop: StopSettings, objective: str) -> Literal["target", "patience"] | None:
    """Return the rule that ends a search after these trials; None if it goes on.

    A diverged trial is no better than any other; before the first value there is nothing to be better than. Trials with
    fewer epochs than the others do not count.
    """
    best, since = math.inf, 0
    for trial in full(trials):
        value = trial.trained.value(objective)
        if value < best:
            best, since = value, 0
        elif math.isfinite(best):
            since += 1
    sign = 1 if objective == "loss" else -1  # as in Trained.value
    if stop.target is not None and best <= sign * stop.target:
        return "target"
    return "patience" if stop.patience is not None and since >= stop.patience else None


def ending(
    trials: Sequence[Trial], stop: StopSettings, objective: str, budget: Fraction | int
) -> Literal["target", "patience", "budget"]:
    """Return what ended a search: its budget, where all of it was spent, or else a rule."""
    if trials[-1].spent >= float(budget):
        return "budget"
    return rule(trials, stop, objective) or "budget"
