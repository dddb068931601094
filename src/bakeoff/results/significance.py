"""Confidence intervals and tests for means over few seeds, and for paired differences.

Throughout, `values` holds one number a seed, and the question is what another draw of seeds would give: the data, the
split and the settings stay as they are.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

Interval = tuple[float, float]
EQUAL = 1e-9  # differences of metrics closer than this differ by rounding alone


def student(values: ArrayLike, confidence: float) -> Interval | None:
    """Return Student's interval of a mean; None for a single value, which has no spread.

    Exact for normal values from two seeds up, which is why the report shows this one.

    Source: Student 1908, Biometrika 6.
    """
    x = np.asarray(values, dtype=float)
    if x.size < 2:
        return None
    half = stdtrit(x.size - 1, (1 + confidence) / 2) * x.std(ddof=1) / np.sqrt(x.size)
    return float(x.mean() - half), float(x.mean() + half)


def bootstrap(values: ArrayLike, confidence: float, resamples: int, seed: int) -> Interval | None:
    """Return the percentile interval of a mean over resampled seeds.

    Assumes no distribution, but never leaves the range of the values, which holds the true median in 1 - 2^(1-n) of
    all draws: at n = 3 it cannot cover more than about 75 %, whatever confidence was asked for. BCa does not help
    there: its acceleration would be estimated from three numbers. From some twenty seeds on it agrees with Student's.

    Source: Efron 1979, Annals of Statistics 7.
    """
    x = np.asarray(values, dtype=float)
    if x.size < 2:
        return None
    draws = np.random.default_rng(seed).integers(0, x.size, size=(resamples, x.size))
    low, high = np.quantile(x[draws].mean(axis=1), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def paired(differences: ArrayLike) -> float:
    """Return the two-sided p-value of the paired t-test: that the mean difference over seeds is zero.

    Differs: where all differences are equal, the t-statistic is infinite and its p-value zero, although metrics counted
    on a few hundred examples agree by chance. There it is the p-value of the exact sign-flip test, 2^(1-n).
    """
    d = np.asarray(differences, dtype=float)
    if d.size < 2 or np.all(np.abs(d) < EQUAL):
        return 1.0
    if np.ptp(d) < EQUAL:
        return 2.0 ** (1 - d.size)
    t = d.mean() / (d.std(ddof=1) / np.sqrt(d.size))
    return float(2 * stdtr(d.size - 1, -abs(t)))


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted so that rejecting those below alpha errs in the family with probability alpha.

    Source: Holm 1979, Scandinavian Journal of Statistics 6.
    """
    raw = np.asarray(p, dtype=float)
    order = np.argsort(raw, kind="stable")
    steps = raw[order] * np.arange(raw.size, 0, -1)
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def detectable(differences: Sequence[NDArray[np.float64]], confidence: float) -> float | None:
    """Return the smallest mean difference that a typical comparison of a family detects.

    Half the width of Student's interval at Bonferroni's level, for the median standard error of the differences; None
    where no spread can be estimated.
    """
    errors = [d.std(ddof=1) / np.sqrt(d.size) for d in differences if d.size > 1]
    if not errors:
        return None
    freedom = min(d.size for d in differences if d.size > 1) - 1
    return float(stdtrit(freedom, 1 - (1 - confidence) / (2 * len(differences))) * np.median(errors))
