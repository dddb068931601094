"""Compares the methods over the searches of all problems."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bakeoff.tuner_contest.model import Bounded, MethodOnProblem, MethodResult, ProblemResult, TableResult, TunerContest
from bakeoff.tuner_contest.problem import Problem
from bakeoff.tuner_contest.settings import REFERENCE, TunerContestBudget
from bakeoff.tuner_contest.statistics import Bootstrap, Estimate, mean_ranks, ratio, win_rate

Array = NDArray[np.float64]
Values = Sequence[float]


class Key(NamedTuple):
    """One search."""

    method: str
    problem: str
    budget: int
    seed: int


def searches(methods: Sequence[str], problems: Sequence[str], budget: TunerContestBudget, seed: int) -> Iterator[Key]:
    """Yield all searches.

    Only a grid depends on its budget; of the other methods a smaller budget is the first trials of the largest one.
    """
    for repeat in range(budget.repeats):
        for method in methods:
            for problem in problems:
                for trials in budget.trials if method == "grid" else budget.trials[-1:]:
                    yield Key(method, problem, trials, seed + repeat)


@dataclass(frozen=True)
class Searches:
    """The values of all trials of all searches."""

    values: Mapping[Key, Values]
    problems: Mapping[str, Problem]
    budget: TunerContestBudget
    seed: int

    @property
    def methods(self) -> list[str]:
        return list(dict.fromkeys(key.method for key in self.values))

    def all_values(self, method: str, problem: str, trials: int) -> Array:
        """Return values (repeats, trials); those of a grid with this budget."""
        longest = trials if method == "grid" else self.budget.trials[-1]
        rows = [
            self.values[Key(method, problem, longest, self.seed + repeat)][:trials]
            for repeat in range(self.budget.repeats)
        ]
        return np.array(rows)

    def regrets(self, method: str, problem: str, trials: int) -> Array:
        """Return the regret of the best so far (repeats, trials)."""
        return np.array([self.problems[problem].regrets(row) for row in self.all_values(method, problem, trials)])

    def final(self, method: str, trials: int) -> Array:
        """Return the regret at the end of a budget (problems, repeats)."""
        return np.array([self.regrets(method, problem, trials)[:, -1] for problem in self.problems])


def compared(found: Searches, tables: Mapping[str, TableResult], bootstrap: Bootstrap) -> TunerContest:
    """Return the results.

    Args:
        tables: of the problems that are tables, their description.
    """
    final = {
        trials: {method: found.final(method, trials) for method in found.methods} for trials in found.budget.trials
    }
    ranks = {trials: mean_ranks(of, bootstrap.confidence) for trials, of in final.items()}
    return TunerContest(
        confidence=bootstrap.confidence,
        repeats=found.budget.repeats,
        trials=found.budget.trials,
        critical_difference=ranks[found.budget.trials[-1]][1],
        methods={
            method: MethodResult(
                ratios=tuple(bounded(bootstrap.estimate(ratio, of[method], of[REFERENCE])) for of in final.values()),
                wins=tuple(bounded(bootstrap.estimate(win_rate, of[method], of[REFERENCE])) for of in final.values()),
                ranks=tuple(ranks[trials][0][method] for trials in found.budget.trials),
                diverged=diverged(found, method, list(tables)),
            )
            for method in found.methods
        },
        problems={
            name: ProblemResult(
                dimensions=len(problem.space),
                methods={method: on_problem(found, method, name, bootstrap) for method in found.methods},
            )
            for name, problem in found.problems.items()
        },
        tables=dict(tables),
    )


def on_problem(found: Searches, method: str, problem: str, bootstrap: Bootstrap) -> MethodOnProblem:
    budgets = found.budget.trials
    if method == "grid":
        at = [bootstrap.medians(found.regrets(method, problem, trials)[:, -1:])[0] for trials in budgets]
        return MethodOnProblem(regrets=tuple(map(bounded, at)), curve=())
    curve = tuple(map(bounded, bootstrap.medians(found.regrets(method, problem, budgets[-1]))))
    return MethodOnProblem(regrets=tuple(curve[trials - 1] for trials in budgets), curve=curve)


def diverged(found: Searches, method: str, tables: Sequence[str]) -> float | None:
    """Return the share of the trials on tables that diverge."""
    last = found.budget.trials[-1]
    values = [found.all_values(method, name, last) for name in tables]
    return float(np.mean(np.isinf(np.concatenate(values)))) if values else None


def bounded(estimate: Estimate) -> Bounded:
    return Bounded(value=estimate.value, interval=(estimate.low, estimate.high))
