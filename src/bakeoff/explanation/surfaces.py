"""The 95 % Hausdorff distance between the predicted border of a class and that of its mask, for each picture.

H, W height and width; n, m pixels of two borders.
Source: Huttenlocher, Klanderman & Rucklidge 1993, IEEE TPAMI 15(9); Maier-Hein et al. 2024, Nature Methods 21.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

PERCENT = 95
PIXEL = (1.0, 1.0)

Spacing = tuple[float, float]  # height and width of a pixel


@dataclass(frozen=True)
class SurfaceDistance:
    """The distances of a class over the pictures of a split.

    Attributes:
        measured: the number of pictures whose mask and prediction both have the class.
        mean, median, largest: over these pictures; None if there are none.
        missed: pictures whose mask has the class, and whose prediction does not. A distance is not defined there.
        added: pictures whose prediction has the class, and whose mask does not.
    """

    name: str
    measured: int
    mean: float | None
    median: float | None
    largest: float | None
    missed: int
    added: int


class Surfaces:
    """The distances of pictures, as they come.

    Args:
        scored: numbers of the classes that are measured.
        spacing: of the pixels.
    """

    def __init__(self, scored: Iterable[int], spacing: Spacing) -> None:
        self.spacing = spacing
        self.found: dict[int, list[float]] = {number: [] for number in scored}
        self.missed, self.added = (dict.fromkeys(self.found, 0) for _ in range(2))

    def add(self, predicted: NDArray[np.integer], mask: NDArray[np.integer]) -> None:
        """Take in the classes of the pixels of one picture (H, W)."""
        for number, distances in self.found.items():
            proposed, true = predicted == number, mask == number
            if proposed.any() and true.any():
                distances.append(hausdorff(proposed, true, self.spacing))
            else:
                self.missed[number] += int(true.any())
                self.added[number] += int(proposed.any())

    def distances(self, classes: Sequence[str]) -> tuple[SurfaceDistance, ...]:
        """Return the distances of each class that is measured."""
        return tuple(
            SurfaceDistance(
                name=classes[number],
                measured=len(distances),
                mean=fmean(distances) if distances else None,
                median=float(np.median(distances)) if distances else None,
                largest=max(distances, default=None),
                missed=self.missed[number],
                added=self.added[number],
            )
            for number, distances in self.found.items()
        )


def hausdorff(first: NDArray[np.bool_], second: NDArray[np.bool_], spacing: Spacing = PIXEL) -> float:
    """Return the larger one of two 95th percentiles: of the distances of each border's pixels to the other border.

    Both have pixels (H, W). Percentiles are interpolated linearly.
    Differs: some take one percentile of both sets of distances together.
    """
    places = [np.argwhere(border(of)) * np.asarray(spacing) for of in (first, second)]
    there, back = (KDTree(other).query(own)[0] for own, other in ((places[0], places[1]), (places[1], places[0])))
    return float(max(np.percentile(distances, PERCENT) for distances in (there, back)))


def border(of: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels with a neighbour at a side that is outside, or beyond the edge of the picture: (H, W)."""
    inside: NDArray[np.bool_] = ndimage.binary_erosion(of)
    return of & ~inside
