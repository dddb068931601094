"""A problem with a known minimum."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bakeoff.tuning.space import Point, Space

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """A function to minimise; infinity if a training diverges.

    Attributes:
        least: its minimum.
        median: its median over the space.
        worst: what a diverged trial counts as.
    """

    name: str
    space: Space
    value: Callable[[Point], float]
    least: float
    median: float
    worst: float = np.inf

    def regrets(self, values: Sequence[float]) -> Array:
        """Return the regret of the best value so far after each trial; 1 is that of the median point."""
        best = np.minimum(np.minimum.accumulate(values), self.worst)
        return np.asarray((best - self.least) / (self.median - self.least), dtype=float)
