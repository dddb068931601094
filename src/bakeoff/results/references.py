"""References: predictions that no network is needed for, which every cell of a contest should be better than.

N slices; C, H, W channels, height and width; K classes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from bakeoff.base.values import Metric
from bakeoff.data.card import Card
from bakeoff.data.examples import Examples, Split
from bakeoff.results.model import Reference
from bakeoff.results.test_set_error import error

CHANCE = 0.5  # the area under the ROC curve of scores that do not depend on the example
LEVELS = 256
INTENSITIES = "the intensity baseline"
ROUNDING = 1e-6  # of a reference's scores, which are shown with six digits


@dataclass(frozen=True)
class HeldOut:
    """Reference scores of a task on held-out data.

    Attributes:
        labels: how many labels of the validation data each class has.
    """

    labels: tuple[int, ...]
    references: tuple[Reference, ...]


def held_out(metric: Metric, card: Card, scans: Examples | None) -> HeldOut:
    """Return the references of a task.

    Args:
        scans: the examples of a task on scans.
    """
    match metric:
        case "accuracy":
            references = [majority(card)]
        case "auc":
            references = [Reference(name="chance", validation=CHANCE, test=CHANCE)]
        case "dice":
            references = [one_label(card, range(1, len(card.classes)) if scans is None else scans.scored)]
    if scans is not None:
        references.append(intensity_baseline(scans))
    return HeldOut(card.validation.labels, tuple(references))


def no_better_than(values: NDArray[np.float64], metric: Metric, against: HeldOut, confidence: float) -> str | None:
    """Return the name of the best reference that the values of a cell are not significantly better than, if any.

    The mean over the seeds that ended has to exceed the reference by more than both errors explain, at this confidence
    on one side: that of the seeds (Student's t), and the sampling error of the metric on the validation data (where a
    formula is sound), for a network that has learnt nothing may be lucky on all seeds alike. The two are added as
    independent ones are. Of a single seed only the second is known.
    """
    ended = values[~np.isnan(values)]
    if not ended.size:
        return None
    over_seeds = (
        stdtrit(ended.size - 1, confidence) * ended.std(ddof=1) / math.sqrt(ended.size) if ended.size > 1 else 0.0
    )
    missed = [
        reference
        for reference in against.references
        if ended.mean() - reference.validation
        <= math.hypot(over_seeds, ndtri(confidence) * (error(metric, reference.validation, against.labels) or 0))
        + ROUNDING
    ]
    return max(missed, key=lambda reference: reference.validation).name if missed else None


def majority(card: Card) -> Reference:
    """Return the accuracy of the class that most validation examples have."""
    label = int(np.argmax(card.validation.labels))
    validation, test = (part.labels[label] / sum(part.labels) for part in (card.validation, card.test))
    return Reference(name="the majority class", validation=validation, test=test)


def one_label(card: Card, scored: range) -> Reference:
    """Return the mean Dice, over the scored classes, of the best mask with one label everywhere."""
    counts = card.validation.labels
    label = max(range(len(counts)), key=lambda label: constant_dice(counts, label, scored))
    validation, test = (constant_dice(part.labels, label, scored) for part in (card.validation, card.test))
    return Reference(name="a mask with one label", validation=validation, test=test)


def constant_dice(counts: Sequence[int], label: int, scored: range) -> float:
    """Return the mean Dice, over the scored classes, of a mask with this label everywhere."""
    confusion = np.zeros((len(counts), len(counts)))
    confusion[:, label] = counts
    return mean_dice(confusion, scored)


def intensity_baseline(examples: Examples) -> Reference:
    """Return the mean Dice of a table that gives each grey level the label it mostly has in training."""
    K, train = len(examples.classes), examples.train
    counts = np.bincount((grey(train.x) * K + train.y).ravel(), minlength=LEVELS * K)
    label = counts.reshape(LEVELS, K).argmax(axis=1)

    def score(split: Split) -> float:
        pairs = np.bincount((split.y.astype(np.intp) * K + label[grey(split.x)]).ravel(), minlength=K * K)
        return mean_dice(pairs.reshape(K, K), examples.scored)

    return Reference(name=INTENSITIES, validation=score(examples.validation), test=score(examples.test))


def mean_dice(confusion: NDArray[np.generic], scored: range) -> float:
    """Return the mean over the scored classes of 2 |A & B| / (|A| + |B|).

    Of the pixels of a whole split, as the networks' metric is; 1 for a class that neither has.

    Args:
        confusion: pixels (K labelled, K predicted).
        scored: all classes but the background.
    """
    sizes = confusion.sum(0) + confusion.sum(1)
    return fmean(2 * confusion[k, k] / sizes[k] if sizes[k] else 1.0 for k in scored)


def grey(x: NDArray[np.generic]) -> NDArray[np.intp]:
    """Return the mean of the channels (N, C, H, W), rounded down: (N, H, W)."""
    mean: NDArray[np.intp] = x.sum(axis=1, dtype=np.intp) // x.shape[1]
    return mean
