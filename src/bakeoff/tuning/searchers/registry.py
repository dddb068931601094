"""The ways to search: for each its rule, where it comes from, how it departs from there, and how it is built."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bakeoff.base.settings import Settings
from bakeoff.tuning.searchers.bayes import Bayes
from bakeoff.tuning.searchers.cma import Cma
from bakeoff.tuning.searchers.evolution import Evolution
from bakeoff.tuning.searchers.gp import Gp
from bakeoff.tuning.searchers.gradient import Gradient
from bakeoff.tuning.searchers.grid import Grid
from bakeoff.tuning.searchers.nsga2 import Nsga2
from bakeoff.tuning.searchers.random import Random
from bakeoff.tuning.searchers.searcher import Problem, Searcher
from bakeoff.tuning.searchers.sobol import Sobol
from bakeoff.tuning.settings import (
    BayesSettings,
    CmaSettings,
    EvolutionSettings,
    GpSettings,
    GradientSettings,
    GridSettings,
    Nsga2Settings,
    RandomSettings,
    SobolSettings,
)


@dataclass(frozen=True)
class SearcherSpec:
    rule: str
    source: str
    departs: str
    settings: type[Settings]
    build: Callable[[Problem, Any], Searcher]  # the problem, an object of `settings`

    def of(self, settings: Settings) -> Callable[[Problem], Searcher]:
        """Return a function that builds the searcher of a problem."""
        return lambda problem: self.build(problem, settings)


SEARCHERS = {
    "grid": SearcherSpec(
        rule="every combination of a few levels of each hyperparameter",
        source="as old as experiments; named in Bergstra & Bengio 2012, JMLR 13",
        departs="levels in the middle of equal cells, not at the ends; visited in random order",
        settings=GridSettings,
        build=Grid,
    ),
    "random": SearcherSpec(
        rule="points drawn independently and uniformly",
        source="Bergstra & Bengio 2012, JMLR 13",
        departs="nothing",
        settings=RandomSettings,
        build=Random,
    ),
    "sobol": SearcherSpec(
        rule="the points of a scrambled Sobol sequence, which fill the space evenly",
        source="Sobol' 1967, USSR Computational Mathematics and Mathematical Physics 7(4)",
        departs="scrambled by the seed",
        settings=SobolSettings,
        build=Sobol,
    ),
    "bayes": SearcherSpec(
        rule="points where the density of good trials is largest against that of the others, after a random start",
        source="Bergstra, Bardenet, Bengio & Kegl 2011, NeurIPS 24",
        departs="all dimensions at once (multivariate), and trials that are not told yet count as bad (constant liar)",
        settings=BayesSettings,
        build=Bayes,
    ),
    "gp": SearcherSpec(
        rule="points of the largest expected improvement under a Gaussian process, after a random start",
        source="Jones, Schonlau & Welch 1998, Journal of Global Optimization 13",
        departs="Optuna's sampler; the logarithm of the expected improvement; ranges are grids",
        settings=GpSettings,
        build=Gp,
    ),
    "cma": SearcherSpec(
        rule="samples of a normal distribution whose mean and covariance follow the better half of each generation",
        source="Hansen 2016, arXiv:1604.00772",
        departs="the package cmaes; a small population; ranges are grids, choices parts of one; random restarts",
        settings=CmaSettings,
        build=Cma,
    ),
    "evolution": SearcherSpec(
        rule="a random population, whose worst are replaced by crossover and mutation of the others",
        source="Back, Fogel & Michalewicz 1997, Handbook of Evolutionary Computation",
        departs="a small population, for the budget is small",
        settings=EvolutionSettings,
        build=Evolution,
    ),
    "nsga2": SearcherSpec(
        rule="a random population, then children of the best of all trials so far by crossover and mutation",
        source="Deb, Pratap, Agarwal & Meyarivan 2002, IEEE Transactions on Evolutionary Computation 6(2)",
        departs="Optuna's sampler; uniform crossover, and mutation that redraws coordinates",
        settings=Nsga2Settings,
        build=Nsga2,
    ),
    "gradient": SearcherSpec(
        rule="steps down the exact gradient of the validation loss by the hyperparameters, from random starts",
        source="Maclaurin, Duvenaud & Adams 2015, arXiv:1502.03492",
        departs="steps of fixed length; sees the first steps of a training; pays for each gradient in trainings",
        settings=GradientSettings,
        build=Gradient,
    ),
}
