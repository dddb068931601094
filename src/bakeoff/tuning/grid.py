"""Grid search."""

from collections.abc import Sequence
from itertools import islice, product

import numpy as np

from bakeoff.base.settings import BadInput
from bakeoff.tuning.searcher import Problem, Proposal
from bakeoff.tuning.settings import GridSettings


class Grid:
    """The middles of equal cells, `levels` to a dimension, in random order, so that any budget meets a fair sample.

    Raises:
        BadInput: the grid has fewer points than the budget has trainings.
    """

    def __init__(self, problem: Problem, settings: GridSettings) -> None:
        levels = [getattr(settings.levels, name) for name in problem.space.dimensions]
        cubes = list(product(*([(level + 0.5) / n for level in range(n)] for n in levels)))
        if len(cubes) < problem.budget:
            raise BadInput(
                f"params.yaml: tuning.grid.levels make {' x '.join(map(str, levels))} = {len(cubes)} points, and "
                f"the budget has {problem.budget} trials; add levels, or take fewer trials"
            )
        order = np.random.default_rng(problem.seed).permutation(len(cubes))
        self.left = (Proposal(problem.space.point(cubes[index])) for index in order)

    def ask(self, n: int) -> list[Proposal]:
        return list(islice(self.left, n))

    def tell(self, values: Sequence[float]) -> None:
        """Learns nothing from them."""
