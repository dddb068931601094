"""The brain template as a scan: T1, labelled 0 background (fluid included), 1 grey matter, 2 white matter.

X, Y, Z voxels of a millimetre from left to right, back to front, and up; N slices of H x W pixels.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from nibabel.nifti1 import Nifti1Image
from numpy.typing import NDArray

from bakeoff.data.images import area
from bakeoff.data.images.masks import Mask
from bakeoff.data.images.pixels import Picture
from bakeoff.data.images.settings import Resize
from bakeoff.data.scans.sequence import Scan
from bakeoff.data.scans.settings import Plane
from bakeoff.data.scans.volumes import upright

# The template is its own mirror image at x = 98: the right half would show again what the left half taught. This box
# holds all tissue of the left half.
BOX = slice(19, 99), slice(26, 210), slice(0, 160)


def read(shown: str, files: Mapping[str, Path], plane: Plane, resize: Resize) -> Scan:
    """The left half's slices, resized before tissues become labels.

    The maps say how much of a voxel is grey and how much white: the largest of three shares of a new pixel's area wins.

    Raises:
        BadInput: the slices are smaller than `resize`.
    """
    t1, grey, white = (upright(voxels(files[name]), plane) for name in ("t1", "grey", "white"))
    old = (t1.shape[1], t1.shape[2])
    size = area.size(old, resize)
    area.check(shown, old, size)

    def slices() -> Iterator[tuple[Picture, Mask]]:
        for picture, g, w in zip(t1, grey, white, strict=True):
            shares = np.stack([255 - g - w, g, w])
            picture, shares = area.means(picture, size), area.sums(shares, size)
            yield picture[np.newaxis].astype(np.uint8), shares.argmax(axis=0)

    return Scan(shown, shown, len(t1), slices, resized=True, extent=(float(old[0]), float(old[1])))


def voxels(path: Path) -> NDArray[np.int64]:
    """The left half (X, Y, Z), 0 to 255."""
    return np.asarray(Nifti1Image.from_filename(path).dataobj, np.int64)[BOX]
