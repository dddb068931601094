"""Turns the values of masks into numbers of classes."""

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.images.masks import Mask
from bakeoff.data.scans.settings import ScansSettings


def numbered(mask: Mask, settings: ScansSettings, place: str) -> NDArray[np.uint8]:
    """Return the class of each pixel (H, W).

    Raises:
        BadInput: a pixel has a value that is not listed, or a negative one that no class lists.
    """
    known, classes = np.array(sorted(settings.values)).T
    index = np.searchsorted(known, mask).clip(max=len(known) - 1)
    numbers: NDArray[np.uint8] = classes.astype(np.uint8)[index]
    other = known[index] != mask
    if not other.any():
        return numbers
    wrong = other if settings.rest is None else other & (mask < 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        remedy = "add it there" if settings.rest is None else "the rest of the values has no negative ones"
        raise BadInput(
            f"{place}: row {row}, column {column} is {mask[row, column]}, which params.yaml: data.scans.labels does "
            f"not list (it has: {', '.join(map(str, known))}); {remedy}, or mend the mask"
        )
    return numbers if settings.rest is None else np.where(other, np.uint8(settings.rest), numbers)
