"""The result of every reader of scans: files of one or many slices, each slice with its mask.

C, H, W channels, height and width.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bakeoff.data.images.masks import Mask
from bakeoff.data.images.pixels import Picture


@dataclass(frozen=True)
class Scan:
    """A picture, a stack of them, or a volume, with its masks.

    Attributes:
        shown: the file, as messages call it.
        mask: the file of its masks, likewise.
        length: how many slices.
        slices: reads them in order: the picture (C, H, W), uint8 or uint16, and the values of its mask (H, W).
        resized: whether the reader has brought the slices to the settings' size.
    """

    shown: str
    mask: str
    length: int
    slices: Callable[[], Iterator[tuple[Picture, Mask]]]
    resized: bool = False
