"""Turns the values of masks into numbers of classes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.images.pictures import Mask
from bakeoff.settings import BadInput


def numbered(mask: Mask, values: Sequence[tuple[int, int]], place: str) -> NDArray[np.uint8]:
    """The class of each pixel (H, W).

    Args:
        values: of masks, each with the number of its class.

    Raises:
        BadInput: a pixel has a value that is not listed.
    """
    known, classes = np.array(sorted(values)).T
    index = np.searchsorted(known, mask).clip(max=len(known) - 1)
    wrong = known[index] != mask
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise BadInput(
            f"{place}: row {row}, column {column} is {mask[row, column]}, which params.yaml: data.scans.labels does "
            f"not list (it has: {', '.join(map(str, known))}); add it there, or mend the mask"
        )
    numbers: NDArray[np.uint8] = classes.astype(np.uint8)[index]
    return numbers
