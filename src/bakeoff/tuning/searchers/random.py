"""Random search."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bakeoff.tuning.searchers.searcher import Problem, Proposal
from bakeoff.tuning.settings import RandomSettings


class Random:
    """Points drawn independently and uniformly from the cube.

    Source: Bergstra & Bengio 2012, JMLR 13.
    """

    def __init__(self, problem: Problem, _: RandomSettings) -> None:
        self.space = problem.space
        self.rng = np.random.default_rng(problem.seed)

    def ask(self, n: int) -> list[Proposal]:
        return [Proposal(self.space.point(cube)) for cube in self.rng.random((n, len(self.space))).tolist()]

    def tell(self, values: Sequence[Any]) -> None:
        """Learns nothing from them."""
