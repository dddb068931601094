"""EXIF's orientation: how stored rows and columns become an upright picture."""

from typing import Any

from numpy.typing import NDArray

UPRIGHT = 1
TRANSPOSED = range(5, 9)
FLIPPED_ROWS = {3, 4, 7, 8}
FLIPPED_COLUMNS = {2, 3, 6, 7}


def upright(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return the values (H, W, ...) turned as the entry says; a number that EXIF does not know changes nothing.

    Source: EXIF 2.32, tag 0x0112.
    """
    if orientation in TRANSPOSED:
        values = values.swapaxes(0, 1)
    if orientation in FLIPPED_ROWS:
        values = values[::-1]
    return values[:, ::-1] if orientation in FLIPPED_COLUMNS else values
