"""Bayesian search."""

import optuna

from bakeoff.tuning.searchers.optuna_space import Sampled
from bakeoff.tuning.searchers.searcher import Problem
from bakeoff.tuning.settings import BayesSettings


class Bayes(Sampled):
    """Draws from the density of the good points over that of the others, after a random start.

    Optuna's tree-structured Parzen estimator: multivariate, so that the densities are of all dimensions together, and
    with a constant liar, so that trials of a batch or a window that are not told yet count as bad. It splits points by
    rank, so that an infinite value is only a bad one. With two objectives the rank is that of the front a point is on,
    and among points of one front those count as good that together have the largest hypervolume.
    Source: Bergstra, Bardenet, Bengio & Kegl 2011, NeurIPS 24; with two objectives Ozaki, Tanigaki, Watanabe & Onishi
    2020, GECCO (MOTPE).
    """

    def __init__(self, problem: Problem, settings: BayesSettings) -> None:
        sampler = optuna.samplers.TPESampler(
            seed=problem.seed,
            n_startup_trials=settings.startup_trials,
            multivariate=True,
            constant_liar=True,
            group=False,
        )
        super().__init__(problem.space, sampler, problem.objectives)
