"""A search that trades two objectives off: its result is the Pareto front of its trials."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.base.record import Run
from bakeoff.tuning.goal import Found
from bakeoff.tuning.measures import metric, pair, sign
from bakeoff.tuning.pareto import Pair, front, hypervolume, spread, worst
from bakeoff.tuning.settings import StopSettings
from bakeoff.tuning.trained import Trained
from bakeoff.tuning.trial import Trial


@dataclass(frozen=True)
class TwoObjectives:
    objectives: tuple[str, str]

    def told(self, trained: Trained) -> Pair:
        return (math.inf, math.inf) if trained.diverged else pair(self.objectives, trained.metrics)

    def rule(self, _: Sequence[Trial], __: StopSettings) -> None:
        """Return None: params.yaml is refused with a rule of `stop`, which needs one best value."""

    def marks(self, trials: Sequence[Trial]) -> dict[int, dict[str, int]]:
        """Return whether each trial that ended is on the front."""
        best = {trial.number for trial in self.front(trials)}
        return {
            trial.number: {} if trial.trained.diverged else {"front": int(trial.number in best)} for trial in trials
        }

    def chosen(self, trials: Sequence[Trial], confirmations: int) -> list[tuple[Trial, int]]:
        """Return trials spread evenly over the front, both ends among them, the better by the first objective first.

        A front with fewer points than there are trainings gets them in turn, each point from the same seeds. If all
        trials diverged the first is chosen, so that this is recorded, too.
        """
        points = self.front(trials) or list(trials[:1])
        shown = [points[place] for place in spread(len(points), confirmations)]
        return [(shown[k % len(shown)], 1 + k // len(shown)) for k in range(confirmations)]

    def of_confirmation(self, trial: Trial) -> dict[str, Any]:
        return {"study.trial": trial.name}

    def found(self, trials: Sequence[Trial], _: Sequence[Run]) -> Found:
        """Return the front and its hypervolume up to the worst value of each objective over the trials that ended.

        The confirming trainings are of different points, so that they have no mean. A study diverges where all of its
        trials do.
        """
        values = [self.told(trial.trained) for trial in trials if not trial.trained.diverged]
        if not values:
            return Found(None, {"study.front": ""}, {"front": 0}, trials[0].trained.diverged)
        best, reference = self.front(trials), worst(values)
        metrics = {"front": len(best), "hypervolume": hypervolume(values, reference)}
        for name, value in zip(self.objectives, reference, strict=True):
            metrics[f"reference/{metric(name)}"] = sign(name) * value
        return Found(None, {"study.front": ", ".join(trial.name for trial in best)}, metrics, None)

    def front(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return the trials on the front, the best by the first objective first."""
        return [trials[place] for place in front([self.told(trial.trained) for trial in trials])]
