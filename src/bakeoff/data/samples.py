"""A few pictures of each class, kept in the card of a data set as one PNG.

K classes, N pictures of a class; C, H, W channels, height and width.
"""

import base64
import io
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bakeoff.base.settings import Settings
from bakeoff.data.examples import Split
from bakeoff.data.images import area

CLASSES, PICTURES = 20, 12  # at most
LONGEST = 96  # pixels of a side; larger pictures are scaled down by area means


class Samples(Settings):
    """The first training pictures of the first classes.

    Attributes:
        counts: pictures of each class.
        shape: (C, H, W) of each picture.
        png: in base64, a row of pictures for each class, blank where it has fewer than PICTURES.
    """

    counts: tuple[int, ...]
    shape: tuple[int, int, int]
    png: str

    @classmethod
    def of(cls, train: Split, classes: int) -> Self:
        """Return the samples of training pictures (N, C, H, W), which are in random order."""
        first = [np.flatnonzero(train.y == k)[:PICTURES] for k in range(min(classes, CLASSES))]
        shape = fitting(train.x.shape[1:])
        sheet = np.full((len(first), PICTURES, *shape), 255, np.uint8)
        for row, chosen in zip(sheet, first, strict=True):
            for place, n in enumerate(chosen):
                row[place] = scaled(train.x[n], shape)
        C, H, W = shape
        pixels = sheet.transpose(0, 3, 1, 4, 2).reshape(len(first) * H, PICTURES * W, C)
        written = io.BytesIO()
        Image.fromarray(pixels[:, :, 0] if C == 1 else pixels).save(written, format="png")
        png = base64.b64encode(written.getvalue()).decode("ascii")
        return cls(counts=tuple(map(len, first)), shape=shape, png=png)

    @property
    def pictures(self) -> list[NDArray[np.uint8]]:
        """The pictures (N, C, H, W) of each class."""
        C, H, W = self.shape
        with Image.open(io.BytesIO(base64.b64decode(self.png))) as image:
            pixels = np.asarray(image)
        sheet = pixels.reshape(len(self.counts), H, PICTURES, W, C).transpose(0, 2, 4, 1, 3)
        return [row[:count] for row, count in zip(sheet, self.counts, strict=True)]


def fitting(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the shape with sides of LONGEST pixels at most."""
    C, H, W = shape
    longest = max(H, W)
    if longest <= LONGEST:
        return C, H, W
    return C, max(round(H * LONGEST / longest), 1), max(round(W * LONGEST / longest), 1)


def scaled(picture: NDArray[np.generic], shape: tuple[int, int, int]) -> NDArray[np.generic]:
    """Return a picture (C, H, W) with a smaller height and width."""
    return picture if picture.shape == shape else area.means(picture.astype(np.uint8), shape[1:])
