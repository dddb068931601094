"""How well borders separate cells: V_Rand and V_Info, by which the ISBI 2012 challenge ranks predicted membranes.

H, W height and width. Both scores are 1 where two segmentations are equal, and fall where cells are merged or split.
Source: Arganda-Carreras et al. 2015, Frontiers in Neuroanatomy 9:142.
"""

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
            truth: where the border is (H, W); its pixels do not count.
        """
        labelled = ndimage.label(~truth)[0]
        found = [shares(segments(probabilities < threshold), labelled) for threshold in THRESHOLDS]
        self.rand.append([rand(*one) for one in found])
        self.info.append([info(*one) for one in found])

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


def shares(proposed: NDArray[np.int64], truth: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    """Return the shares of pairs of segments, of proposed segments and of true ones among the pixels of true cells.

    A pixel of a true cell that is border in the proposal is a segment of its own.
    """
    inside = truth > 0
    s, t = proposed[inside], truth[inside]
    alone = s == 0
    s = np.where(alone, s.max(initial=0) + np.cumsum(alone), s)
    counts = (np.unique(np.stack([s, t]), axis=1, return_counts=True)[1], *(np.unique_counts(x).counts for x in (s, t)))
    return tuple(count / len(s) for count in counts)


def rand(pairs: NDArray[np.float64], proposed: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Return V_Rand of shares of pixels, with alpha = 1 / 2. It is 1 where there is no cell in truth."""
    total = float((proposed**2).sum() + (truth**2).sum())
    return 2 * float((pairs**2).sum()) / total if total else 1.0


def info(pairs: NDArray[np.float64], proposed: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Return V_Info of shares of pixels, with alpha = 1 / 2. It is 1 where both have at most one segment."""
    joint, first, second = (float(-(share * np.log(share)).sum()) for share in (pairs, proposed, truth))
    return 2 * (first + second - joint) / (first + second) if first + second else 1.0
