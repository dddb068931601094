"""Bayesian search with a Gaussian process."""

import math
from collections.abc import Sequence

import optuna

from bakeoff.tuning.searchers.optuna_space import Sampled
from bakeoff.tuning.searchers.searcher import Problem
from bakeoff.tuning.settings import Choice, GpSettings


class Gp(Sampled):
    """Points of the largest expected improvement under a Gaussian process, after a random start.

    Optuna's sampler: Matern 5/2 kernel with a length scale for each dimension, logarithm of the expected improvement,
    trials of a batch or a window that are not told yet as pending. Each coordinate of a range is rounded to one of
    `levels` places, and the rounded place is tried and told, so that rounding in the model does not move a proposal. A
    diverged trial is told as the worst finite value so far; before there is one it is left out of the model.
    Source: Jones, Schonlau & Welch 1998, Journal of Global Optimization 13; Ament et al. 2023, NeurIPS 36.
    """

    def __init__(self, problem: Problem, settings: GpSettings) -> None:
        # The improvement is maximised along all axes of ranges at once by its gradient. Axes of whole numbers would be
        # searched one by one: with 1,024 levels that takes seconds a trial.
        sampler = optuna.samplers.GPSampler(seed=problem.seed, n_startup_trials=settings.startup_trials)
        super().__init__(problem.space, sampler)
        self.levels = settings.levels
        self.worst = -math.inf

    def draw(self) -> optuna.Trial:
        """Return a trial at the place of the grid that is nearest to the sampler's."""
        sampled = super().draw()
        last = self.levels - 1
        place = {
            name: at if isinstance(self.space.dimensions[name], Choice) else round(at * last) / last
            for name, at in sampled.params.items()
        }
        self.study.tell(sampled, state=optuna.trial.TrialState.FAIL)  # so that the model does not count it as pending
        self.study.enqueue_trial(place)
        return super().draw()

    def tell(self, values: Sequence[float]) -> None:
        self.worst = max([self.worst, *(value for value in values if math.isfinite(value))])
        for trial, value in zip(self.first(len(values)), values, strict=True):
            known = value if math.isfinite(value) else self.worst
            if math.isfinite(known):
                self.study.tell(trial, known)
            else:
                self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
