"""How well borders separate cells: V_Rand and V_Info, by which the ISBI 2012 challenge ranks segmentations of membranes.

H, W height and width. Both scores are 1 where two segmentations are equal, and fall where cells are merged or split.
Source: Arganda-Carreras et al. 2015, Frontiers in Neuroanatomy 9:142.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

THRESHOLDS = tuple(step / 10 for step in range(1, 10))
MIDDLE = THRESHOLDS.index(0.5)


@dataclass(frozen=True)
class Separation:
    """Scores at the threshold 0.5, and the best over all thresholds, which the challenge takes.

    Attributes:
        border: the name of the class between cells.
    """

    border: str
    rand: float
    best_rand: float
    rand_threshold: float
    info: float
    best_info: float
    info_threshold: float


class Separations:
    """The scores of images, as they come."""

    def __init__(self) -> None:
        self.rand: list[list[float]] = []
        self.info: list[list[float]] = []

    def add(self, probabilities: NDArray[np.floating], truth: NDArray[np.bool_]) -> None:
        """Take in one image.

        Args:
            probabilities: of the border (H, W).
            truth: where the border is (H, W).
        """
        labelled = segments(~truth)
        tables = [contingency(segments(probabilities < threshold), labelled) for threshold in THRESHOLDS]
        self.rand.append([rand(*table) for table in tables])
        self.info.append([info(*table) for table in tables])

    def separation(self, border: str) -> Separation:
        """Return the means over the images."""
        rands, infos = (list(map(fmean, zip(*scores, strict=True))) for scores in (self.rand, self.info))
        return Separation(
            border=border,
            rand=rands[MIDDLE],
            best_rand=max(rands),
            rand_threshold=THRESHOLDS[rands.index(max(rands))],
            info=infos[MIDDLE],
            best_info=max(infos),
            info_threshold=THRESHOLDS[infos.index(max(infos))],
        )


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


def contingency(proposed: NDArray[np.int64], truth: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    """Return shares of the pixels that are cell in truth: of pairs of segments, of proposed ones, of true ones.

    Each pixel that is border in the proposal is a segment of its own.
    """
    inside = truth > 0
    s, t = proposed[inside], truth[inside]
    alone = s == 0
    s = np.where(alone, s.max(initial=0) + np.cumsum(alone), s)
    pairs = np.unique(np.stack([s, t]), axis=1, return_counts=True)
    (first, second), counts = pairs[0], pairs[1] / max(len(s), 1)
    return counts, np.bincount(first, counts)[first], np.bincount(second, counts)[second]
