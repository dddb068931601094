"""The sampling error of a metric on a held-out set.

The variation over seeds does not include it, because all runs are measured on the same examples.
"""

import math
from collections.abc import Sequence

from scipy.special import ndtri


def binomial(accuracy: float, examples: int) -> float:
    """Return the standard error of an accuracy on independent examples; that of the mean over seeds is no larger."""
    return math.sqrt(accuracy * (1 - accuracy) / examples)


def hanley_mcneil(auc: float, positives: int, negatives: int) -> float:
    """Return the standard error of an area under the ROC curve on independent examples.

    For scores with exponential tails.

    Source: Hanley & McNeil 1982, Radiology 143(1), equations 1 and 2.
    """
    two_positives, two_negatives = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (positives - 1) * (two_positives - auc**2) + (negatives - 1) * (two_negatives - auc**2)
    return math.sqrt(variance / (positives * negatives))


def error(metric: str, value: float, classes: Sequence[int]) -> float | None:
    """Return the standard error of a metric on a set with these class sizes; None if there is no valid formula.

    There is none for Dice, whose pixels are not independent, and for an area averaged over several classes.
    """
    if metric == "accuracy":
        return binomial(value, sum(classes))
    if metric == "auc" and len(classes) == 2:
        negatives, positives = classes
        return hanley_mcneil(value, positives, negatives)
    return None


def largest_explained(metric: str, one: float, other: float, classes: Sequence[int], confidence: float) -> float | None:
    """Return the difference that the draw of the set alone explains, were the two errors independent.

    They are not: both fail on the same hard examples, which makes a difference of two surer than this. So it is a
    bound from above, which no knowledge of single predictions is needed for.
    """
    errors = [error(metric, value, classes) for value in (one, other)]
    known = [found for found in errors if found is not None]
    return float(ndtri((1 + confidence) / 2)) * math.hypot(*known) if len(known) == 2 else None
