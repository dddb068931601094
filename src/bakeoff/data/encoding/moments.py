"""Moments of numbers that come in batches, without keeping the numbers."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

MOST_DECIMALS = 6


@dataclass(frozen=True)
class Moments:
    """Moments of n numbers. The sum of two are the moments of both batches together.

    Attributes:
        deviations: sum of squared deviations from the mean; over n it is the variance of ddof 0.
        decimals: the fewest d for which every number is a multiple of 10^-d; None above MOST_DECIMALS.

    Source: Chan, Golub & LeVeque 1983, The American Statistician 37, 242: the corrected two-pass sum within a batch,
        eq. (1.5a, b) to merge two. The naive sum of squares less the square of the sum loses all digits when the mean
        is large.
    """

    n: int
    mean: float
    deviations: float
    least: float
    greatest: float
    decimals: int | None

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Self:
        """Return the moments of finite numbers; no numbers give the neutral element of the sum."""
        if not len(values):
            return cls(0, 0.0, 0.0, np.inf, -np.inf, 0)
        mean = values.mean()
        around = values - mean
        slip = around.sum() / len(values)  # what rounding left out of the mean
        deviations = max(np.square(around).sum() - len(values) * slip**2, 0.0)
        extremes = float(values.min()), float(values.max())
        return cls(len(values), float(mean + slip), float(deviations), *extremes, decimals(values))

    @classmethod
    def repeated(cls, value: float, n: int) -> Self:
        """Return the moments of one number that occurs n times."""
        return cls(n, value, 0.0, value, value, decimals(np.array([value]))) if n else cls.of(np.empty(0))

    def __add__(self, other: Self) -> Self:
        n = self.n + other.n
        if not n:
            return self
        apart = other.mean - self.mean
        finest = None if None in (self.decimals, other.decimals) else max(self.decimals or 0, other.decimals or 0)
        return type(self)(
            n,
            self.mean + apart * other.n / n,
            self.deviations + other.deviations + apart**2 * self.n * other.n / n,
            min(self.least, other.least),
            max(self.greatest, other.greatest),
            finest,
        )

    def deviation(self, ddof: int) -> float:
        """Standard deviation; 0 for a single number."""
        return float(np.sqrt(self.deviations / max(self.n - ddof, 1)))


def decimals(values: NDArray[np.float64]) -> int | None:
    """The fewest decimals that write every value exactly: each is the float64 nearest to its decimal number."""
    for digits in range(MOST_DECIMALS + 1):
        if np.array_equal(values.round(digits), values):
            return digits
    return None
