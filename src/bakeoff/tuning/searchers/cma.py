"""Search by adaptation of a covariance matrix."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bakeoff.tuning.searchers.searcher import Problem, Proposal
from bakeoff.tuning.settings import CmaSettings


class Cma:
    """CMA-ES: samples of a normal distribution, which moves and stretches towards the better half of each generation.

    It begins in the middle of the cube with the same `deviation` along each coordinate. A sample outside of the cube is
    drawn again. Each coordinate is rounded to one of `levels` places, and the rounded place is tried and told, so that
    rounding in the linear algebra does not move a proposal. A choice has an equal part of its coordinate for each
    value. A diverged trial ranks last; a generation of nothing else is not told, and another is drawn. When a
    generation spans no more than one level along each coordinate, the search starts again around a random place.
    Source: Hansen 2016, arXiv:1604.00772, with negative weights; the package `cmaes`.
    Differs: the population is a setting; restarts keep its size (Auger & Hansen 2005, CEC, double it).
    """

    def __init__(self, problem: Problem, settings: CmaSettings) -> None:
        self.space, self.settings = problem.space, settings
        self.rng = np.random.default_rng(problem.seed)
        self.start(np.full(len(problem.space), 0.5))

    def start(self, mean: NDArray[np.float64]) -> None:
        from cmaes import CMA  # takes 0.6 s: it loads scipy.stats, which no other searcher needs

        self.optimizer = CMA(
            mean=mean,
            sigma=self.settings.deviation,
            bounds=np.tile([0.0, 1.0], (len(self.space), 1)),
            n_max_resampling=100,  # then clipped
            seed=int(self.rng.integers(2**32)),
            population_size=self.settings.population,
            cov=np.eye(len(self.space)),
            lr_adapt=False,
        )
        self.generation: list[tuple[NDArray[np.float64], float]] = []
        self.asked: list[NDArray[np.float64]] = []

    def ask(self, n: int) -> list[Proposal]:
        last = self.settings.levels - 1
        wanted = min(n, self.settings.population - len(self.generation))
        self.asked = [np.round(self.optimizer.ask() * last) / last for _ in range(wanted)]
        return [Proposal(self.space.point(cube.tolist())) for cube in self.asked]

    def tell(self, values: Sequence[float]) -> None:
        self.generation += zip(self.asked, values, strict=True)
        if len(self.generation) < self.settings.population:
            return
        span = np.ptp([cube for cube, _ in self.generation], axis=0).max() * (self.settings.levels - 1)
        if span < 1.5:
            self.start(self.rng.random(len(self.space)))
            return
        if any(np.isfinite(value) for _, value in self.generation):
            self.optimizer.tell(self.generation)
        self.generation = []
