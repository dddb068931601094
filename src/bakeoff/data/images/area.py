"""Makes pictures smaller by area: each new pixel stands for the rectangle of the old picture that it covers.

Every pixel counts by the part of it that lies inside. Sums are of integers, so they are exact, and ties are ties.
H, W height and width.
"""

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.base.values import resolved
from bakeoff.data.images.settings import Resize, Size


def size(old: Size, resize: Resize) -> Size:
    """Return the height and width that pictures of a size are brought to."""
    if resize is None:
        return old
    if isinstance(resize, float):
        return resolved(resize, old[0]), resolved(resize, old[1])
    return resize


def check(place: object, old: Size, new: Size) -> None:
    """Refuse to enlarge.

    Raises:
        BadInput: the new size is larger than the old.
    """
    if new[0] > old[0] or new[1] > old[1]:
        raise BadInput(
            f"{place}: invalid size {old[0]} x {old[1]} (height x width): expected at least resize [{new[0]}, "
            f"{new[1]}], as pictures are not enlarged; set a smaller size, or remove this picture"
        )


def means(picture: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """Means over areas, halves rounded up: (..., H, W) to `size`."""
    H, W = picture.shape[-2:]
    if size == (H, W):
        return picture
    rounded: NDArray[np.uint8] = ((2 * sums(picture, size) + H * W) // (2 * H * W)).astype(np.uint8)
    return rounded


def majority(labels: NDArray[np.uint8], classes: int, size: Size) -> NDArray[np.uint8]:
    """The class that has the largest share of each area, of equal ones the first: (H, W) to `size`."""
    if labels.shape == size:
        return labels
    shares = np.stack([sums(labels == k, size) for k in range(classes)])
    largest: NDArray[np.uint8] = shares.argmax(axis=0).astype(np.uint8)
    return largest


def sums(picture: NDArray[np.generic], size: Size) -> NDArray[np.int64]:
    """Sums over areas: (..., H, W) to `size`; a whole pixel weighs height x width of the new size, an area H x W."""
    height, width = size
    rows = stretches(np.moveaxis(picture, -2, -1), height)
    return stretches(np.moveaxis(rows, -1, -2), width)


def stretches(values: NDArray[np.generic], n: int) -> NDArray[np.int64]:
    """Sums over n equal stretches of the last axis; a whole element weighs n, a stretch as many as the axis is long."""
    length = values.shape[-1]
    before = np.zeros((*values.shape[:-1], length + 1), np.int64)
    np.cumsum(values, axis=-1, dtype=np.int64, out=before[..., 1:])
    # A stretch ends after `whole` elements and `part` n-ths of the next one.
    whole, part = np.divmod(np.arange(n + 1) * length, n)
    ends = n * before[..., whole] + part * values[..., np.minimum(whole, length - 1)].astype(np.int64)
    between: NDArray[np.int64] = np.diff(ends, axis=-1)
    return between
