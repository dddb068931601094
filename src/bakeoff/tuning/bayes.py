"""Bayesian search."""

from collections.abc import Sequence

import optuna

from bakeoff.tuning.searcher import Problem, Proposal
from bakeoff.tuning.settings import BayesSettings

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
        self.axes = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in self.space.dimensions}
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
        self.asked = [self.study.ask(self.axes) for _ in range(n)]  # type: ignore[arg-type]
        return [Proposal(self.space.point([trial.params[name] for name in self.axes])) for trial in self.asked]

    def tell(self, values: Sequence[float]) -> None:
        for trial, value in zip(self.asked, values, strict=True):
            self.study.tell(trial, value)
