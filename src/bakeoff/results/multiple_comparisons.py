"""Multiple comparisons with the best: which of k cells may be the best, and how far each of them is behind it.

A family is an array of scores (..., k, S): k cells, S seeds, higher is better, NaN if a cell has no such run;
leading axes are families of their own. Of each ordered pair of cells, d[i, j] is the mean of j minus i over their
n[i, j] common seeds, v[i, j] the variance of these differences, and f[i, j] = n[i, j] - 1.

1. In large families the variances are moderated: v' = (d0 s0 + f v) / (d0 + f) has f' = d0 + f degrees of freedom, as
   if the typical variance s0 of the family's pairs had been seen in d0 further degrees. Otherwise v' = v and f' = f.
2. p[i, j] = P(t > d / sqrt(v' / n)), with f' degrees of freedom: the one-sided paired t-test of whether j is better.
   Scores that are counted, in steps of h, have the continuity correction: |d| is smaller by h / (2 n).
3. p[i] = (k - 1) min_j p[i, j] is Bonferroni's p-value of "no cell is better than i". Holm's method adjusts these for
   the k cells. A cell whose adjusted p is above 1 - confidence may be the best.
4. A cell is behind the best by max_j (d - c e)+ to max_j (d + c e)+, where e = sqrt(v' / n) and c is the quantile of t
   at 1 - alpha / (k (k - 1)), alpha = 1 - confidence. All differences of pairs lie in their intervals at once, so these
   limits hold for all cells, and for the best of any cells j that are chosen afterwards.

All k (k - 1) ordered pairs count, so it does not matter which cell leads. Tests against the leader alone do not count
that the same runs have picked the leader: they err more often than alpha, and more so the more cells there are.

Source: Cox 1970, Biometrika 57 (continuity correction); Holm 1979, Scandinavian Journal of Statistics 6; Hsu 1996,
Multiple Comparisons, chapter 4 (distance from the best); Smyth 2004, Statistical Applications in Genetics and Molecular
Biology 3(1), sections 4 and 6.2 (moderated t).
Differs: Smyth's d0 is limited (PRIOR), because the pairs of a family share their cells. `benchmarks/significance.py`
measures the error rates.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import polygamma, psi, stdtr, stdtrit

from bakeoff.results.significance import EQUAL, holm

Array = NDArray[np.float64]
CELLS, SEEDS = 10, 5  # in families with fewer, the typical variance is too uncertain
PRIOR = 1.0  # d0 is at most this multiple of the fewest degrees of freedom of a pair
LEAST = 1e-5  # of the median variance: a pair that agrees by chance has no smaller one in the moments, as in limma


@dataclass(frozen=True)
class Differences:
    """The paired differences of all ordered pairs of cells, (..., k, k): column minus row.

    Attributes:
        count: of common seeds.
        mean: NaN without a common seed.
        variance: NaN with fewer than two.
        step: of the scores; 0 if they are not counted.
    """

    count: Array
    mean: Array
    variance: Array
    step: float

    @classmethod
    def of(cls, scores: ArrayLike, step: float = 0.0) -> Self:
        """Return the differences of scores (..., k, S)."""
        x = np.asarray(scores, dtype=float)
        d = x[..., None, :, :] - x[..., :, None, :]
        common = ~np.isnan(d)
        count = common.sum(-1).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(common, d, 0).sum(-1) / count
            centred = np.where(common, d - mean[..., None], 0)
            variance = np.where(count > 1, (centred**2).sum(-1) / (count - 1), np.nan)
        return cls(count, mean, variance, step)

    @property
    def freedom(self) -> Array:
        """The degrees of freedom of each variance."""
        return self.count - 1

    @property
    def correction(self) -> Array:
        """The continuity correction of each mean."""
        return self.step / (2 * np.maximum(self.count, 1))


@dataclass(frozen=True)
class Comparisons:
    """The results of a family, (..., k).

    Attributes:
        p: of "no cell is better than this one".
        adjusted: the same, for the family.
        low, high: simultaneous limits of how far a cell is behind the best; high is infinite if it shares fewer than
            two seeds with another.
    """

    p: Array
    adjusted: Array
    low: Array
    high: Array


def with_the_best(scores: ArrayLike, confidence: float, among: ArrayLike = True, step: float = 0.0) -> Comparisons:
    """Return the comparisons of families of at least two cells, (..., k, S).

    Args:
        among: of each cell, (k,), whether `low` and `high` count it among those of which one is the best.
        step: of scores that are counted: 1 / N for accuracies of N examples.
    """
    found = Differences.of(scores, step)
    return compared(found, *moderated(found), confidence, among)


def compared(
    found: Differences, variance: Array, freedom: Array, confidence: float, among: ArrayLike = True
) -> Comparisons:
    """Return the comparisons by these variances of the differences (steps 2 to 4)."""
    k = found.mean.shape[-1]
    p = (k - 1) * one_sided(found, variance, freedom).min(-1)
    half = margin(found, variance, freedom, (1 - confidence) / (k * (k - 1)))
    mean = np.where(np.asarray(among) | np.eye(k, dtype=bool), np.nan_to_num(found.mean), -np.inf)
    half = np.where(np.isneginf(mean), 0, half)
    return Comparisons(
        p=np.minimum(p, 1),
        adjusted=holm(p),
        low=np.maximum((mean - half).max(-1), 0),
        high=np.maximum((mean + half).max(-1), 0),
    )


def one_sided(found: Differences, variance: Array, freedom: Array) -> Array:
    """Return p[i, j] of "j is not better than i"; 1 if the two cannot be compared.

    Differs: where all differences are equal, the t-statistic is infinite and its p-value zero, although metrics counted
    on a few hundred examples agree by chance. There it is the p-value of the exact sign-flip test, 2^-n.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        corrected = np.sign(found.mean) * np.maximum(np.abs(found.mean) - found.correction, 0)
        t = corrected / np.sqrt(variance / found.count)
        p = stdtr(freedom, -t)
    flat = found.variance < EQUAL**2
    p = np.where(flat, np.where(found.mean > EQUAL, 0.5**found.count, 1.0), p)
    return np.where(np.isnan(p), 1.0, p)


def margin(found: Differences, variance: Array, freedom: Array, level: float) -> Array:
    """Return half of each difference's interval, at this level on each side; infinite if two seeds are not shared.

    Differs: where so few equal differences are not significant by the sign-flip test, the interval reaches to zero.
    """
    c = stdtrit(np.maximum(freedom, 1), 1 - level)
    half = c * np.sqrt(variance / np.maximum(found.count, 1)) + found.correction
    chance = (found.variance < EQUAL**2) & (0.5**found.count > level)
    half = np.where(chance, np.maximum(half, np.abs(found.mean)), half)
    itself = np.eye(half.shape[-1], dtype=bool)
    return np.where(itself, 0.0, np.where(np.isnan(half), np.inf, half))


def moderated(found: Differences) -> tuple[Array, Array]:
    """Return the moderated variances and their degrees of freedom (step 1)."""
    k = found.mean.shape[-1]
    first, second = np.triu_indices(k, 1)
    v, f = found.variance[..., first, second], found.freedom[..., first, second]
    if k < CELLS or f.min() < SEEDS - 1:
        return found.variance, found.freedom
    least = np.maximum(LEAST * np.median(v, axis=-1, keepdims=True), EQUAL**2)
    d0, s0 = prior(np.maximum(v, least), f)
    d0, s0 = d0[..., None, None], s0[..., None, None]
    freedom = d0 + found.freedom
    return (d0 * s0 + found.freedom * found.variance) / freedom, freedom


def prior(v: Array, f: Array) -> tuple[Array, Array]:
    """Return d0 and s0 of variances (..., P) with f degrees of freedom, by the moments of their logarithms.

    Source: Smyth 2004, section 6.2: e = log v - psi(f / 2) + log(f / 2) has the mean log s0 - psi(d0 / 2) + log(d0 / 2)
    and the variance trigamma(f / 2) + trigamma(d0 / 2).
    """
    e = np.log(v) - psi(f / 2) + np.log(f / 2)
    excess = e.var(-1, ddof=1) - polygamma(1, f / 2).mean(-1)
    d0 = np.minimum(2 * inverse_trigamma(excess), PRIOR * f.min(-1))
    return d0, np.exp(e.mean(-1) + psi(d0 / 2) - np.log(d0 / 2))


def inverse_trigamma(value: Array, steps: int = 25) -> Array:
    """Return y with trigamma(y) = value; 1e6 for a value that is not positive, which infinity would have.

    Source: Smyth 2004, appendix: Newton's method for 1 / trigamma, which is nearly linear; it rises to y from below.
    """
    x = np.maximum(value, 1e-6)
    y = 0.5 + 1 / x
    for _ in range(steps):
        trigamma = polygamma(1, y)
        y = y + trigamma * (1 - trigamma / x) / polygamma(2, y)
    return np.asarray(y)
