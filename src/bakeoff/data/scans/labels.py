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
        expected = "0 or more; correct the mask"
        if settings.rest is None:
            values = ", ".join(map(str, known))
            expected = f"one of {values}, as params.yaml: data.scans.labels lists; add it there, or correct the mask"
        raise BadInput(f"{place}: invalid value {mask[row, column]} (row {row}, column {column}): expected {expected}")
    return numbers if settings.rest is None else np.where(other, np.uint8(settings.rest), numbers)
