"""The size of a pixel of the prepared slices, from the voxel sizes of volumes."""

from collections.abc import Sequence

from bakeoff.data.card import Spacings
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans.sequence import Scan


def spacings(found: Sequence[Scan], height: int, width: int, remarks: Remarks) -> Spacings | None:
    """Return the least and the largest height and width of a pixel in millimetres; None if one is not known.

    Headers have voxel sizes in float32, so six digits of them count.

    Args:
        height, width: of the prepared slices, in pixels.
    """
    extents = [scan.extent for scan in found if scan.extent is not None]
    if not extents or len(extents) < len(found):
        return None
    heights, widths = (
        [six_digits(side / pixels) for side in sides]
        for sides, pixels in zip(zip(*extents, strict=True), (height, width), strict=True)
    )
    least, largest = (min(heights), min(widths)), (max(heights), max(widths))
    if least != largest:
        remarks.add(
            f"the pixels of the prepared slices have different sizes, {least[0]:g} x {least[1]:g} to {largest[0]:g} x "
            f"{largest[1]:g} mm (height x width); `bakeoff explain` measures distances in pixels then"
        )
    return least, largest


def six_digits(value: float) -> float:
    return float(f"{value:.6g}")
