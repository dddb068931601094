"""Grid search."""

import json
import math
from collections.abc import Mapping, Sequence
from itertools import islice, product
from typing import Any

import numpy as np

from bakeoff.base.settings import BadInput
from bakeoff.tuning.searchers.searcher import Problem, Proposal
from bakeoff.tuning.settings import Choice, GridSettings
from bakeoff.tuning.space import Point, Space


class Grid:
    """The middles of equal cells, `levels` to a range, and all choices; in random order, for a fair sample.

    Where a condition does not hold, the levels of its dimension are one point.

    Raises:
        BadInput: the grid has fewer points than the budget has trainings.
    """

    def __init__(self, problem: Problem, settings: GridSettings) -> None:
        levels = levels_of(problem.space, settings.levels[problem.study])
        points = grid(problem.space, levels)
        if len(points) < problem.budget:
            raise BadInput(
                f"params.yaml: tuning.grid.levels.{problem.study} make {' x '.join(map(str, levels))} = "
                f"{math.prod(levels)} points, {len(points)} of them different, and the budget has "
                f"{problem.budget} trials; add levels, or take fewer trials"
            )
        order = np.random.default_rng(problem.seed).permutation(len(points))
        self.left = (Proposal(points[index]) for index in order)

    def ask(self, n: int) -> list[Proposal]:
        return list(islice(self.left, n))

    def tell(self, values: Sequence[Any]) -> None:
        """Learns nothing from them."""


def levels_of(space: Space, ranges: Mapping[str, int]) -> list[int]:
    """Return the number of levels of each dimension; a choice has as many as it has values."""
    return [
        len(dimension.choices) if isinstance(dimension, Choice) else ranges[name]
        for name, dimension in space.dimensions.items()
    ]


def grid(space: Space, levels: Sequence[int]) -> list[Point]:
    """Return the points of a grid, each once."""
    cubes = product(*([(level + 0.5) / n for level in range(n)] for n in levels))
    points = (space.point(cube) for cube in cubes)
    return list({json.dumps(point): point for point in points}.values())
