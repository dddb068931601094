"""Pictures as arrays, whatever file they come from.

C, H, W channels (1 grey, 3 RGB), height, width.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.images.settings import Colour
from bakeoff.data.images.source_tree import Place

Picture = NDArray[np.uint8] | NDArray[np.uint16]  # (C, H, W); 16 bits where the file has them: see depth.py

CONVERT = "convert it to grey or RGB"


def check_area(place: Place, height: int, width: int) -> None:
    """Refuse a picture that would fill the memory, before it is decoded.

    Raises:
        BadInput: it has more pixels than the settings allow.
    """
    most = place.limits.picture_pixels
    if height * width > most:
        raise BadInput(
            f"{place}: the picture has {height} x {width} pixels: expected at most {most} (params.yaml: "
            "limits.picture_pixels); cut it into tiles, make it smaller, or raise the limit"
        )


def channels_first(values: NDArray[Any]) -> NDArray[Any]:
    """Return (H, W) or (H, W, C) as (C, H, W)."""
    return values[np.newaxis] if values.ndim == 2 else np.moveaxis(values, -1, 0)


def spread(values: NDArray[np.integer], most: int) -> NDArray[np.uint8]:
    """Return 0 to `most` as 0 to 255, halves rounded up."""
    eight: NDArray[np.uint8] = ((values.astype(np.uint32) * 510 + most) // (2 * most)).astype(np.uint8)
    return eight


def recolour(picture: NDArray[np.uint8], colour: Colour) -> NDArray[np.uint8]:
    """Return grey as RGB by repetition, RGB as grey by ITU-R 601 with Pillow's 16-bit weights."""
    if colour == "rgb":
        return np.broadcast_to(picture, (3, *picture.shape[1:]))
    if len(picture) == 1:
        return picture
    R, G, B = picture.astype(np.uint32)
    grey: NDArray[np.uint8] = ((19595 * R + 38470 * G + 7471 * B + 0x8000) >> 16).astype(np.uint8)[np.newaxis]
    return grey
