"""V_Rand and V_Info of predicted borders between cells, by which the ISBI 2012 challenge ranks membranes.

H, W height and width. Both scores are 1 if two segmentations are equal, and fall where cells are merged or split.
Source: Arganda-Carreras et al. 2015, Frontiers in Neuroanatomy 9:142.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

THRESHOLDS = tuple(step / 10 for step in range(1, 10))
MIDDLE = THRESHOLDS.index(0.5)


@dataclass(frozen=True)
class Score:
    """A score at the threshold 0.5, and the best over all thresholds, which the challenge takes."""

    middle: float
    best: float
    threshold: float

    @classmethod
    def of(cls, scores: Sequence[float]) -> Self:
        """Return the score, of its values at THRESHOLDS."""
        return cls(middle=scores[MIDDLE], best=max(scores), threshold=THRESHOLDS[scores.index(max(scores))])


@dataclass(frozen=True)
class Separation:
    """The scores of the separation of cells in several images.

    Attributes:
        border: the name of the class between cells.
        rand, info: means of the scores of single images.
        pooled_rand, pooled_info: scores of all images as one segmentation, in which a cell is in one image alone. Large
            cells decide pooled V_Rand, because it counts pairs of pixels.
    """

    border: str
    rand: Score
    pooled_rand: Score
    info: Score
    pooled_info: Score


Counts = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


class Separations:
    """The scores of images, as they come.

    Attributes:
        found: of each image, the pixels of segments at each threshold.
    """

    def __init__(self) -> None:
        self.found: list[list[Counts]] = []

    def add(self, probabilities: NDArray[np.floating], truth: NDArray[np.bool_]) -> None:
        """Take in one image.

        Args:
            probabilities: of the border (H, W).
            truth: where the border is (H, W); its pixels do not count.
        """
        labelled = ndimage.label(~truth)[0]
        self.found.append([counts(segments(probabilities < threshold), labelled) for threshold in THRESHOLDS])

    def separation(self, border: str) -> Separation:
        """Return the scores over the images."""
        by_threshold = list(zip(*self.found, strict=True))
        whole = [pooled(images) for images in by_threshold]
        return Separation(
            border=border,
            rand=Score.of([fmean(rand(*one) for one in images) for images in by_threshold]),
            pooled_rand=Score.of([rand(*one) for one in whole]),
            info=Score.of([fmean(info(*one) for one in images) for images in by_threshold]),
            pooled_info=Score.of([info(*one) for one in whole]),
        )


def pooled(images: Sequence[Counts]) -> Counts:
    """Return the pixels of the segments of all images: no segment is in two of them."""
    pairs, proposed, truth = map(np.concatenate, zip(*images, strict=True))
    return pairs, proposed, truth


def segments(cells: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of the cell of each pixel, and 0 on a border that is one pixel wide: (H, W).

    A cell is a connected component, neighbours at a side. A pixel of the border goes to the nearest cell, and of two
    neighbours in different cells one that was border is border again.
    Differs: the challenge thins by a watershed; which pixels in the middle of a border are left can differ by one.
    """
    numbered, count = ndimage.label(cells)
    if not count:
        return np.zeros(cells.shape, np.int64)
    nearest = ndimage.distance_transform_edt(~cells, return_distances=False, return_indices=True)
    whole = numbered[tuple(nearest)].astype(np.int64)
    line = np.zeros(cells.shape, bool)
    for before, behind in (((slice(-1),), (slice(1, None),)), ((..., slice(-1)), (..., slice(1, None)))):
        apart = whole[before] != whole[behind]
        line[before] |= apart & ~cells[before]
        line[behind] |= apart & cells[before]
    return np.where(line, 0, whole)


def counts(proposed: NDArray[np.int64], truth: NDArray[np.int64]) -> Counts:
    """Return the pixels of true cells in each pair of segments, in each proposed segment and in each true one.

    A pixel of a true cell that is border in the proposal is a segment of its own.
    """
    inside = truth > 0
    s, t = proposed[inside], truth[inside]
    alone = s == 0
    s = np.where(alone, s.max(initial=0) + np.cumsum(alone), s)
    pairs = np.unique(np.stack([s, t]), axis=1, return_counts=True)[1]
    return pairs, np.unique_counts(s).counts, np.unique_counts(t).counts


def rand(pairs: NDArray[np.int64], proposed: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Return V_Rand of counts of pixels, with alpha = 1 / 2. It is 1 if there is no cell in truth."""
    total = squares(proposed) + squares(truth)
    return 2 * squares(pairs) / total if total else 1.0


def squares(values: NDArray[np.int64]) -> int:
    # Below 2^63 up to 3e9 pixels of true cells.
    return int((values**2).sum())


def info(pairs: NDArray[np.int64], proposed: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Return V_Info of counts of pixels, with alpha = 1 / 2. It is 1 if both have at most one segment."""
    joint, first, second = map(entropy, (pairs, proposed, truth))
    return 2 * (first + second - joint) / (first + second) if first + second else 1.0


def entropy(counts: NDArray[np.int64]) -> float:
    """Return the entropy of shares of pixels, in nats."""
    shares = counts / counts.sum() if len(counts) else np.ones(1)
    return float(-(shares * np.log(shares)).sum())
