"""Slices with a label a pixel, as bytes of one colour mode and one size.

N slices; C, H, W channels, height and width.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.examples import SPLITS, Examples, Split
from bakeoff.data.images import area
from bakeoff.data.images.depth import Depth
from bakeoff.data.images.masks import Mask
from bakeoff.data.images.pixels import Picture, recolour
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans import acquisition
from bakeoff.data.scans.labels import numbered
from bakeoff.data.scans.sequence import Scan
from bakeoff.data.scans.settings import ScansSettings
from bakeoff.data.scans.splits import split


def examples(
    found: Sequence[Scan],
    settings: ScansSettings,
    advance: Callable[[int], object],
    remarks: Remarks,
    *,
    partial: bool = False,
) -> Examples:
    """The splits: x (N, C, H, W) and y (N, H, W), both uint8. Each slice is decoded straight into its place.

    Args:
        partial: whether the files are a part of the source, so that `take` may be raised.

    Raises:
        BadInput: no such split, a file that cannot be read, a label that is not listed, a class without a pixel in
            train, or sizes that differ.
    """
    rows = split(
        [scan.length for scan in found], settings.split, remarks, ", or raise data.scans.take" if partial else ""
    )
    places = {int(n): (part, at) for part, slices in enumerate(rows) for at, n in enumerate(slices)}

    def every() -> Iterator[Picture]:
        return (picture for scan in found for picture, _ in scan.slices())

    depth = Depth("data.scans.bits", settings.bits, every, remarks)
    x: list[NDArray[np.uint8]] = []
    y: list[NDArray[np.uint8]] = []
    start, first = 0, found[0]
    for scan in found:
        here = range(start, start + scan.length)
        start += scan.length
        if places.keys().isdisjoint(here):
            advance(scan.length)
            continue
        for n, (picture, mask) in zip(here, scan.slices(), strict=True):
            advance(1)
            if n not in places:
                continue
            eight = depth.eight(picture, scan.shown)
            image, labels = prepared(eight, mask, scan, n - here[0], settings)
            if not x:
                first = scan
                x = [np.empty((len(slices), *image.shape), np.uint8) for slices in rows]
                y = [np.empty((len(slices), *labels.shape), np.uint8) for slices in rows]
            if image.shape != x[0].shape[1:]:
                (h, w), (H, W) = labels.shape, y[0].shape[1:]
                raise BadInput(
                    f"{scan.shown}: invalid size {h} x {w} (height x width): expected {H} x {W}, the size of "
                    f"{first.shown}; params.yaml: data.scans.resize: [height, width] brings all scans to one size"
                )
            part, at = places[n]
            x[part][at], y[part][at] = image, labels
    check_classes(y, settings, remarks, partial=partial)
    acquisition.remark(settings, remarks)
    generator = np.random.default_rng(settings.seed)
    for pictured in x:
        acquisition.scan(pictured, settings, generator)
    train, validation, test = map(Split, x, y)
    return Examples(train, validation, test, settings.classes, background=settings.background is not None)


def check_classes(
    masks: Sequence[NDArray[np.uint8]], settings: ScansSettings, remarks: Remarks, *, partial: bool
) -> None:
    """Say which classes have no pixel in a part: a score would count them as found without a fault.

    Raises:
        BadInput: it is the part to train on.
    """
    for name, labels in zip(SPLITS, masks, strict=True):
        absent = np.flatnonzero(np.bincount(labels.ravel(), minlength=len(settings.classes)) == 0)
        classes = ", ".join(repr(settings.classes[k]) for k in absent)
        if len(absent) and name == "train":
            more = ", or raise data.scans.take" if partial else ""
            raise BadInput(
                f"params.yaml: data.scans.labels: no pixel in the masks of train is of class {classes}; correct the "
                f"value, remove the class, or change data.scans.split{more}"
            )
        if len(absent):
            remarks.add(f"no pixel in the masks of {name} is of class {classes}")


def prepared(
    picture: NDArray[np.uint8], mask: Mask, scan: Scan, n: int, settings: ScansSettings
) -> tuple[Picture, NDArray[np.uint8]]:
    """The n-th slice of a scan and the class of each of its pixels, in the settings' colour and size.

    Raises:
        BadInput: picture and mask differ in size, the mask has a value that is not listed, or both are too small.
    """
    number = f", slice {n}" if scan.length > 1 else ""
    if picture.shape[1:] != mask.shape:
        (h, w), (H, W) = mask.shape, picture.shape[1:]
        raise BadInput(
            f"{scan.mask}{number}: invalid size {h} x {w} (height x width): expected {H} x {W}, the size of its image "
            f"{scan.shown}; export the mask again"
        )
    image, labels = recolour(picture, settings.colour), numbered(mask, settings, f"{scan.mask}{number}")
    old = (labels.shape[0], labels.shape[1])
    size = old if scan.resized else area.size(old, settings.resize)
    area.check(scan.shown, old, size)
    return area.means(image, size), area.majority(labels, len(settings.classes), size)
