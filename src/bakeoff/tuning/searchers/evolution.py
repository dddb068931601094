"""Evolutionary search."""

from collections.abc import Sequence

import numpy as np

from bakeoff.tuning.searchers.searcher import Problem, Proposal
from bakeoff.tuning.settings import Choice, EvolutionSettings
from bakeoff.tuning.space import Cube


class Evolution:
    """A random population; then, again and again, the worst of it replaced by children of the rest.

    The population is ranked once all of its members have been tried, and a share `keep` of it, at least one, lives on.
    A child takes each coordinate from either of two parents drawn from these (crossover), adds Gaussian noise of
    deviation `mutation` in units of the range (mutation), and is clipped to the cube. A choice has no neighbours: with
    probability `mutation` it is redrawn.
    Source: Back, Fogel & Michalewicz 1997, Handbook of Evolutionary Computation: truncation selection with elitism,
    uniform crossover.
    """

    def __init__(self, problem: Problem, settings: EvolutionSettings) -> None:
        self.space, self.settings = problem.space, settings
        self.choices = np.array([isinstance(dimension, Choice) for dimension in self.space.dimensions.values()])
        self.rng = np.random.default_rng(problem.seed)
        self.tried: list[tuple[float, Cube]] = []
        self.untried = [tuple(cube) for cube in self.rng.random((settings.population, len(self.space))).tolist()]
        self.asked: list[Cube] = []

    def ask(self, n: int) -> list[Proposal]:
        if not self.untried:
            self.breed()
        self.asked, self.untried = self.untried[:n], self.untried[n:]
        return [Proposal(self.space.point(cube)) for cube in self.asked]

    def tell(self, values: Sequence[float]) -> None:
        self.tried += zip(values, self.asked, strict=True)

    def breed(self) -> None:
        population = self.settings.population
        kept = min(max(1, round(self.settings.keep * population)), population - 1)
        self.tried = sorted(self.tried, key=lambda member: member[0])[:kept]
        self.untried = [self.child() for _ in range(population - kept)]

    def child(self) -> Cube:
        parents = np.array([self.tried[index][1] for index in self.rng.integers(len(self.tried), size=2)])
        either = self.rng.integers(2, size=len(self.space))
        crossed = parents[either, np.arange(len(self.space))]
        mutated = crossed + self.settings.mutation * self.rng.standard_normal(len(self.space))
        if self.choices.any():
            anew, drawn = self.rng.random((2, len(self.space)))
            chosen = np.where(anew < self.settings.mutation, drawn, crossed)
            mutated = np.where(self.choices, chosen, mutated)
        return tuple(mutated.clip(0.0, 1.0).tolist())
