"""Statistics of repeated searches: medians, ratios and win rates with intervals, and mean ranks.

Regrets are arrays (problems, repeats). Intervals are percentiles of a bootstrap over the repeats, with a fixed
seed: they hold for these problems, not for others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bakeoff.results.mean_ranks import critical_difference, ranked

Array = NDArray[np.float64]
FLOOR = 1e-6  # a regret below this is as good as none: a ratio of such has no meaning


class Estimate(NamedTuple):
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Bootstrap:
    """Percentile intervals over resampled repeats."""

    confidence: float
    resamples: int

    @property
    def limits(self) -> list[float]:
        return [(1 - self.confidence) / 2, (1 + self.confidence) / 2]

    def estimate(self, statistic: Callable[..., float], *regrets: Array) -> Estimate:
        """Return a statistic of regrets with its interval; repeats are redrawn for each array."""
        rng = np.random.default_rng(0)
        found = [statistic(*(resampled(rng, one) for one in regrets)) for _ in range(self.resamples)]
        low, high = np.quantile(found, self.limits)
        return Estimate(statistic(*regrets), float(low), float(high))

    def medians(self, regrets: Array) -> list[Estimate]:
        """Return the median over repeats of each column of regrets (repeats, trials), with its interval."""
        rows = np.random.default_rng(0).integers(len(regrets), size=(self.resamples, len(regrets)))
        drawn = np.median(regrets[rows], axis=1)
        low, high = np.quantile(drawn, self.limits, axis=0)
        middle = np.median(regrets, axis=0)
        return [Estimate(*map(float, one)) for one in zip(middle, low, high, strict=True)]


def resampled(rng: np.random.Generator, regrets: Array) -> Array:
    """Return as many repeats, drawn with replacement.

    All problems have the same ones: a searcher makes the same first proposals on each of them from the same seed.
    """
    return regrets[:, rng.integers(regrets.shape[1], size=regrets.shape[1])]


def median(regrets: Array) -> float:
    """Return the median over repeats, for one problem."""
    return float(np.median(regrets))


def ratio(regrets: Array, others: Array) -> float:
    """Return the geometric mean over problems of the median regret over the median of the others."""
    medians = [np.maximum(np.median(one, axis=1), FLOOR) for one in (regrets, others)]
    return float(np.exp(np.log(medians[0] / medians[1]).mean()))


def win_rate(regrets: Array, others: Array) -> float:
    """Return how often a repeat has less regret than one of the others on the same problem; a tie is half a win."""
    difference = regrets[:, :, None] - others[:, None, :]
    return float(((difference < 0) + 0.5 * (difference == 0)).mean())


def mean_ranks(regrets: Mapping[str, Array], confidence: float) -> tuple[dict[str, float], float]:
    """Return the mean rank of each contender, 1 is best, and the critical difference.

    A block is a repeat on a problem. Blocks count as independent, which those of one seed on tables are not quite.
    """
    blocks = np.stack([one.ravel() for one in regrets.values()], axis=1)
    means = ranked(-blocks).mean(axis=0)
    difference = critical_difference(len(blocks), len(regrets), confidence) if len(regrets) > 1 else 0.0
    return dict(zip(regrets, means.tolist(), strict=True)), difference
