"""The runs of one cell of the contest by their roles, and the results of its search.

A cell (a model under an optimizer) tries points of the optimizer's space, runs the best of them again, picks one, and
trains it from new seeds. It also trains the default hyperparameters of params.yaml.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bakeoff.base.record import Record, Run
from bakeoff.base.roles import TRAININGS, Role
from bakeoff.contest.protocol import COUNTS
from bakeoff.results.model import RunCount, RunCounts, Search

RATE = "optimizer.learning_rate"


@dataclass(frozen=True)
class Roles:
    """Runs by role.

    Attributes:
        head: of the search as a whole: the pick in its parameters, and `edge`, a warning or None.
        space: the lowest and the highest value of each searched hyperparameter.
        budget: the numbers of trials, finalists and reruns of each.
    """

    head: Run
    trials: Sequence[Run]
    reruns: Sequence[Run]
    finals: Sequence[Run]
    defaults: Sequence[Run]
    space: Mapping[str, Sequence[float]]
    budget: Mapping[str, int]

    @classmethod
    def of(cls, record: Record) -> "Roles":
        trials, reruns, finals, defaults = (
            [run for run in record.runs if run.parameters["role"] == role] for role in TRAININGS
        )
        head = next(run for run in record.runs if run.parameters["role"] == Role.SEARCH)
        space = record.settings[f"optimizers.{head.parameters['optimizer']}"]["search"]
        chosen = f"budgets.{record.settings['budget']}.contest"
        budget = {name: record.settings[f"{chosen}.{name}"] for name in COUNTS}
        return cls(head, trials, reruns, finals, defaults, space, budget)

    def counts(self) -> RunCounts:
        """Return the number of runs of each role, and of those that diverged."""
        trial, rerun, final, default = map(counted, (self.trials, self.reruns, self.finals, self.defaults))
        return RunCounts(trial=trial, rerun=rerun, final=final, default=default)

    def search(self, metric: str) -> Search:
        """Return the trials by learning rate, and the pick. A trial's score is its metric on validation data.

        The median trial, a diverged one below all others, is what a random point of the space is worth: the farther
        below the best, the more the optimizer is sensitive to its settings. None if it diverged.
        """
        tried = sorted(zip((run.parameters[RATE] for run in self.trials), scores(self.trials, metric), strict=True))
        ended = [score for _, score in tried if math.isfinite(score)]
        middle = median(score for _, score in tried)
        return Search(
            trials=tuple((rate, score if math.isfinite(score) else None) for rate, score in tried),
            best=max(ended, default=None),
            median=middle if math.isfinite(middle) else None,
            pick={name: self.head.parameters[f"optimizer.{name}"] for name in self.space},
            default_rate=self.defaults[0].parameters[RATE] if self.defaults else None,
            edge=self.head.parameters["edge"],
        )


def counted(runs: Sequence[Run]) -> RunCount:
    """Return the number of runs, and of those that diverged."""
    return RunCount(runs=len(runs), diverged=sum(run.diverged is not None for run in runs))


def scores(runs: Sequence[Run], metric: str) -> list[float]:
    """Return the last metric of each run on validation data; minus infinity if it diverged."""
    return [-math.inf if run.diverged is not None else run.metrics[f"val/{metric}"] for run in runs]
