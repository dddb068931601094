"""Bayesian search."""

from collections.abc import Sequence

import optuna

from bakeoff.tuning.searcher import Problem, Proposal
from bakeoff.tuning.settings import BayesSettings, Choice
from bakeoff.tuning.space import Cube

optuna.logging.set_verbosity(optuna.logging.WARNING)  # it announces each study on stderr


class Bayes:
    """Draws from the density of the good points over that of the others, after a random start.

    Optuna's tree-structured Parzen estimator: multivariate, so that the densities are of all dimensions together, and
    with a constant liar, so that trials of a batch that are not told yet count as bad. It splits points by rank, so
    that an infinite value is only a bad one.
    Source: Bergstra, Bardenet, Bengio & Kegl 2011, NeurIPS 24.
    """

    def __init__(self, problem: Problem, settings: BayesSettings) -> None:
        self.space = problem.space
        self.axes: dict[str, optuna.distributions.BaseDistribution] = {
            name: optuna.distributions.CategoricalDistribution(range(len(dimension.choices)))
            if isinstance(dimension, Choice)
            else optuna.distributions.FloatDistribution(0.0, 1.0)
            for name, dimension in self.space.dimensions.items()
        }
        sampler = optuna.samplers.TPESampler(
            seed=problem.seed,
            n_startup_trials=settings.startup_trials,
            multivariate=True,
            constant_liar=True,
            group=False,
        )
        self.study = optuna.create_study(sampler=sampler)
        self.asked: list[optuna.Trial] = []

    def ask(self, n: int) -> list[Proposal]:
        self.asked = [self.study.ask(self.axes) for _ in range(n)]
        return [Proposal(self.space.point(self.cube(trial))) for trial in self.asked]

    def cube(self, trial: optuna.Trial) -> Cube:
        """Return the place of a trial; a choice is the middle of its part."""
        return tuple(
            (trial.params[name] + 0.5) / len(dimension.choices) if isinstance(dimension, Choice) else trial.params[name]
            for name, dimension in self.space.dimensions.items()
        )

    def tell(self, values: Sequence[float]) -> None:
        for trial, value in zip(self.asked, values, strict=True):
            self.study.tell(trial, value)
