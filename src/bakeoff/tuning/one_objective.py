"""A search for the least value of one objective: its best trial is confirmed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.base.record import Run
from bakeoff.training.metrics import means
from bakeoff.tuning.goal import Found, Rule
from bakeoff.tuning.measures import sign
from bakeoff.tuning.settings import StopSettings
from bakeoff.tuning.trained import Trained
from bakeoff.tuning.trial import Trial, full


@dataclass(frozen=True)
class OneObjective:
    name: str

    @property
    def objectives(self) -> tuple[str]:
        return (self.name,)

    def told(self, trained: Trained) -> float:
        return trained.value(self.name)

    def rule(self, trials: Sequence[Trial], stop: StopSettings) -> Rule | None:
        """Return the rule that ends a search after these trials; None if it goes on.

        A diverged trial is never an improvement; trials before the first value do not count. Trials
        with fewer epochs than the others do not count.
        """
        best, since = math.inf, 0
        for trial in full(trials):
            value = self.told(trial.trained)
            if value < best:
                best, since = value, 0
            elif math.isfinite(best):
                since += 1
        if stop.target is not None and best <= sign(self.name) * stop.target:
            return "target"
        return "patience" if stop.patience is not None and since >= stop.patience else None

    def marks(self, trials: Sequence[Trial]) -> dict[int, dict[str, int]]:
        return {trial.number: {} for trial in trials}

    def chosen(self, trials: Sequence[Trial], confirmations: int) -> list[tuple[Trial, int]]:
        """Return the best trial for each seed; if all diverged the first, so that this is recorded, too."""
        return [(self.best(trials), number) for number in range(1, confirmations + 1)]

    def of_confirmation(self, _: Trial) -> dict[str, Any]:
        return {}

    def found(self, trials: Sequence[Trial], confirmed: Sequence[Run]) -> Found:
        """Return the best trial, and means over the confirming trainings.

        If one of them diverges, so does the study, and there are no means.
        """
        best = self.best(trials)
        diverged = next((run.diverged for run in confirmed if run.diverged), None)
        metrics = {} if diverged else means([run.metrics for run in confirmed])
        return Found(best.point, {"study.best": best.name}, metrics, diverged)

    def best(self, trials: Sequence[Trial]) -> Trial:
        """Return the first of the trials with the least value, of those with all epochs."""
        return min(full(trials), key=lambda trial: self.told(trial.trained))
