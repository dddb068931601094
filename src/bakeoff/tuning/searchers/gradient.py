"""Search along the gradient of the value by the hyperparameters."""

import math
from collections.abc import Sequence

import numpy as np

from bakeoff.tuning.searchers.searcher import Problem, Proposal
from bakeoff.tuning.settings import GradientSettings
from bakeoff.tuning.space import Cube


class Gradient:
    """Steps of length `outer_rate` down the gradient in the cube, from the best of a batch of random points.

    A step that does not improve, or a gradient that is not finite or leads nowhere inside the cube, ends the descent;
    the next one starts from new random points. A gradient's cost in trainings is charged to the step that it leads to.
    When the budget is too small for another step, random points use up the rest.
    Source: the gradient as in `hypergradient.py`.
    Differs: steps of fixed length, because the gradient's own length spans many powers of ten.
    """

    def __init__(self, problem: Problem, settings: GradientSettings) -> None:
        self.space, self.left = problem.space, problem.budget
        self.outer_rate, self.slope = settings.outer_rate, problem.slope(settings.steps)
        self.rng = np.random.default_rng(problem.seed)
        self.here: tuple[float, Cube] | None = None
        self.asked: list[Cube] = []

    def ask(self, n: int) -> list[Proposal]:
        paid, step = 0, None
        if self.here and self.left > self.slope.cost:
            paid, step = self.slope.cost, self.step(self.here[1])
        if step:
            self.asked = [step]
        else:
            self.here = None
            self.asked = [tuple(cube) for cube in self.rng.random((min(n, self.left - paid), len(self.space))).tolist()]
        costs = [1 + paid] + [1] * (len(self.asked) - 1)
        self.left -= sum(costs)
        return [Proposal(self.space.point(cube), cost) for cube, cost in zip(self.asked, costs, strict=True)]

    def tell(self, values: Sequence[float]) -> None:
        value, cube = min(zip(values, self.asked, strict=True))
        best = self.here[0] if self.here else math.inf
        self.here = (value, cube) if value < best else None

    def step(self, cube: Cube) -> Cube | None:
        """Return the next point of the descent; None if there is none."""
        point = self.space.point(cube)
        downhill = [-slope for slope in self.space.cube_gradient(point, self.slope(point))]
        # On a face of the cube the way out is closed, so that the length of the step goes into the open ways.
        closed = [(at <= 0 and way < 0) or (at >= 1 and way > 0) for at, way in zip(cube, downhill, strict=True)]
        ways = [0.0 if shut else way for shut, way in zip(closed, downhill, strict=True)]
        length = math.hypot(*ways)
        if not math.isfinite(length) or length == 0:
            return None
        moved = (at + self.outer_rate * way / length for at, way in zip(cube, ways, strict=True))
        return tuple(min(max(at, 0.0), 1.0) for at in moved)
