"""Bayesian search with a Gaussian process."""

import math
from collections.abc import Sequence

import optuna

from bakeoff.tuning.searcher import Problem, Proposal
from bakeoff.tuning.settings import Choice, GpSettings
from bakeoff.tuning.space import Cube

optuna.logging.set_verbosity(optuna.logging.WARNING)  # it announces each study on stderr


class Gp:
    """Points of the largest expected improvement under a Gaussian process, after a random start.

    Optuna's sampler: Matern 5/2 kernel with a length scale for each dimension, logarithm of the expected improvement,
    trials of a batch that are not told yet as pending. Each coordinate of a range is rounded to one of `levels` places,
    and the rounded place is tried and told, so that rounding in the model does not move a proposal. A diverged trial is
    told as the worst finite value so far; before there is one it is left out of the model.
    Source: Jones, Schonlau & Welch 1998, Journal of Global Optimization 13; Ament et al. 2023, NeurIPS 36.
    """

    def __init__(self, problem: Problem, settings: GpSettings) -> None:
        self.space, self.levels = problem.space, settings.levels
        self.axes: dict[str, optuna.distributions.BaseDistribution] = {}
        for name, dimension in self.space.dimensions.items():
            if isinstance(dimension, Choice):
                self.axes[name] = optuna.distributions.CategoricalDistribution(range(len(dimension.choices)))
            else:
                # The improvement is maximised along all such axes at once by its gradient. Axes of whole numbers would
                # be searched one by one: with 1,024 levels that takes seconds a trial.
                self.axes[name] = optuna.distributions.FloatDistribution(0.0, 1.0)
        sampler = optuna.samplers.GPSampler(seed=problem.seed, n_startup_trials=settings.startup_trials)
        self.study = optuna.create_study(sampler=sampler)
        self.asked: list[optuna.Trial] = []
        self.worst = -math.inf

    def ask(self, n: int) -> list[Proposal]:
        self.asked = [self.rounded() for _ in range(n)]
        return [Proposal(self.space.point(self.cube(trial))) for trial in self.asked]

    def rounded(self) -> optuna.Trial:
        """Return a trial at the place of the grid that is nearest to the sampler's."""
        sampled = self.study.ask(self.axes)
        last = self.levels - 1
        place = {
            name: at if isinstance(self.space.dimensions[name], Choice) else round(at * last) / last
            for name, at in sampled.params.items()
        }
        self.study.tell(sampled, state=optuna.trial.TrialState.FAIL)  # so that the model does not count it as pending
        self.study.enqueue_trial(place)
        return self.study.ask(self.axes)

    def cube(self, trial: optuna.Trial) -> Cube:
        """Return the place of a trial; a choice is the middle of its part."""
        return tuple(
            (trial.params[name] + 0.5) / len(dimension.choices) if isinstance(dimension, Choice) else trial.params[name]
            for name, dimension in self.space.dimensions.items()
        )

    def tell(self, values: Sequence[float]) -> None:
        self.worst = max([self.worst, *(value for value in values if math.isfinite(value))])
        for trial, value in zip(self.asked, values, strict=True):
            known = value if math.isfinite(value) else self.worst
            if math.isfinite(known):
                self.study.tell(trial, known)
            else:
                self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
