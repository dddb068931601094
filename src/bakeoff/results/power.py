"""The power of a family of comparisons with the best: detectable differences, and the number of seeds needed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit
from scipy.stats import nct

EFFECTS = (0.5, 1.0, 2.0)  # in standard deviations of paired differences; Cohen 1988 calls 0.5 a medium one
POWER = 0.8  # Cohen's convention


def level(cells: int, confidence: float) -> float:
    """Return the level of one comparison among k cells: Bonferroni's, over all ordered pairs."""
    return (1 - confidence) / (cells * (cells - 1))


def seeds_needed(effect: float, level: float, power: float = POWER) -> int:
    """Return the fewest seeds from which a one-sided paired t-test detects a difference with this power.

    Args:
        effect: the difference, in standard deviations of the paired differences.

    Source: Cohen 1988, Statistical Power Analysis, chapter 2; the power is that of the noncentral t distribution.
    """
    seeds = 2
    while detection(effect, seeds, level) < power:
        seeds += 1
    return seeds


def detection(effect: float, seeds: int, level: float) -> float:
    """Return the power of a one-sided paired t-test with this number of seeds."""
    critical = stdtrit(seeds - 1, 1 - level)
    return float(nct.sf(critical, seeds - 1, effect * np.sqrt(seeds)))


def detectable(differences: Sequence[NDArray[np.float64]], level: float) -> float | None:
    """Return the smallest mean difference that a typical comparison detects.

    The critical value of t at this level times the median standard error of the differences; None if no spread can
    be estimated. The variances are not moderated.
    """
    errors = [d.std(ddof=1) / np.sqrt(d.size) for d in differences if d.size > 1]
    if not errors:
        return None
    freedom = min(d.size for d in differences if d.size > 1) - 1
    return float(stdtrit(freedom, 1 - level) * np.median(errors))


def seeds_to_show(differences: NDArray[np.float64], level: float, most: int) -> int | None:
    """Return the fewest seeds, those present among them, with which a mean as large as this one is significant.

    The one-sided paired t-test at this level is done for differences that keep their mean and standard deviation. This
    is no statement on power: where the true difference is as large, about half of such experiments show it. The
    variances are not moderated, and scores that are counted have no continuity correction.

    Returns:
        A number from one more than there are, as those present did not show it, to `most`; None if it takes more,
        where the mean is not positive, and where the spread is unknown.
    """
    if differences.size < 2 or differences.mean() <= 0:
        return None
    mean, deviation = differences.mean(), differences.std(ddof=1)
    seeds = range(differences.size + 1, most + 1)
    return next((n for n in seeds if stdtrit(n - 1, 1 - level) * deviation / np.sqrt(n) <= mean), None)
