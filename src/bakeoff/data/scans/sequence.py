"""The result of every reader of scans: files of one or many slices, each slice with its mask.

C, H, W channels, height and width.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff.data.images.masks import Mask
from bakeoff.data.images.pixels import Picture
from bakeoff.data.scans.settings import FileSplitSettings, SlabSettings


@dataclass(frozen=True)
class Scan:
    """A picture, a stack of them, or a volume, with its masks.

    Attributes:
        shown: the file, as messages call it.
        mask: the file of its masks, likewise.
        length: how many slices.
        slices: reads them in order: the picture (C, H, W), uint8 or uint16, and the values of its mask (H, W).
        resized: whether the reader has brought the slices to the settings' size.
        extent: height and width of a slice in millimetres; None if they are not known.
    """

    shown: str
    mask: str
    length: int
    slices: Callable[[], Iterator[tuple[Picture, Mask]]]
    resized: bool = False
    extent: tuple[float, float] | None = None


def part(found: Sequence[Scan], take: int | None, split: SlabSettings | FileSplitSettings) -> Sequence[Scan]:
    """Return so many of the files, in their order; the source itself where it has no more.

    Slabs are cut from the first ones, which are a sequence without holes. Under a split by file they are drawn at
    random, for names often sort files by patient or by scanner.
    """
    if take is None or take >= len(found):
        return found
    if split.by == "slabs":
        return found[:take]
    rows = np.random.default_rng(split.seed).permutation(len(found))[:take]
    return [found[n] for n in sorted(rows.tolist())]
