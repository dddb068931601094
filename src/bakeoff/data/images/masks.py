"""Labels of pixels as integers, whatever file they come from. H, W height and width; C channels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.images.source_tree import Place
from bakeoff.data.remarks import Remarks

Mask = NDArray[np.integer]  # (H, W)

LARGEST = 2.0**31  # of labels
# Writers that scale by a slope, or that resample in float32, miss a whole number by less; a share of a pixel, or a
# label that was interpolated, misses it by more.
ALMOST = 1e-3


def whole(values: NDArray[Any], place: Place, remarks: Remarks) -> Mask:
    """Return labels of any number of axes as integers.

    Raises:
        BadInput: one is not, even about.
    """
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind in "iu":
        return values
    if values.dtype.kind != "f":
        raise BadInput(
            f"{place}: invalid type {values.dtype} of labels: expected one whole number for each pixel or voxel; "
            "export the mask again"
        )
    rounded = np.rint(values)
    with np.errstate(invalid="ignore"):  # infinity - infinity
        wrong = np.argwhere(~((np.abs(values - rounded) <= ALMOST) & (np.abs(values) < LARGEST)))
    if len(wrong):
        axes = ("voxel ", "", "") if values.ndim == 3 else ("row ", "column ")
        where = ", ".join(f"{axis}{number}" for axis, number in zip(axes, wrong[0].tolist(), strict=True))
        raise BadInput(
            f"{place}: invalid value {values[tuple(wrong[0])]} ({where}): expected a whole number; resample a mask by "
            "the nearest neighbour"
        )
    if (values != rounded).any():
        remarks.add(f"its labels are fractions within {ALMOST:g} of whole numbers, and are rounded", str(place))
    labels: NDArray[np.integer[Any]] = rounded.astype(np.int64)
    return labels


def equal_channels(values: NDArray[Any], place: Place) -> NDArray[Any]:
    """Return labels (H, W) of (H, W, C), where all channels are the same.

    Raises:
        BadInput: they are colours.
    """
    first = values[..., 0]
    differing = np.argwhere((values[..., 1:] != values[..., :1]).any(axis=-1))
    if len(differing):
        row, column = differing[0].tolist()
        raise BadInput(
            f"{place}: invalid value {values[row, column].tolist()} (row {row}, column {column}): expected a grey "
            "value (R = G = B) or a palette index; write the number of its class into each pixel"
        )
    return first
