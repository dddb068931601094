"""Quasi-random search."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.quasirandom import SobolEngine

from bakeoff.tuning.searchers.searcher import Problem, Proposal
from bakeoff.tuning.settings import SobolSettings


class Sobol:
    """The points of a Sobol sequence, scrambled by the seed.

    Source: Sobol' 1967, USSR Computational Mathematics and Mathematical Physics 7(4); scrambled as Matousek 1998,
    Journal of Complexity 14(4).
    """

    def __init__(self, problem: Problem, _: SobolSettings) -> None:
        self.space = problem.space
        self.sequence = SobolEngine(len(problem.space), scramble=True, seed=problem.seed)  # type: ignore[no-untyped-call]

    def ask(self, n: int) -> list[Proposal]:
        cubes = self.sequence.draw(n, dtype=torch.float64)
        return [Proposal(self.space.point(cube)) for cube in cubes.tolist()]

    def tell(self, values: Sequence[Any]) -> None:
        """Learn nothing from them."""
