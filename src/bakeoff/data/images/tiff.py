"""TIFF files, read by tifffile as they are stored: BigTIFF, tiles, planes, compressed pages, ImageJ's and OME's stacks.

A file's pictures are its pages in order; previews (reduced pages, SubIFDs) are left out. ImageJ may keep a whole stack
behind one page. Of a page, the photometric interpretation says what a viewer shows: WhiteIsZero is inverted for a
picture, and a mask's labels are the stored values.

C, H, W channels, height, width; S samples of a pixel.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from tifffile import COMPRESSION, PHOTOMETRIC, TiffFile, TiffPage

from bakeoff.base.settings import BadInput
from bakeoff.data.images.masks import Mask, equal_channels, whole
from bakeoff.data.images.orientation import UPRIGHT, upright
from bakeoff.data.images.pixels import CONVERT, Picture, channels_first, check_area, spread
from bakeoff.data.images.source_tree import Place
from bakeoff.data.remarks import Remarks
from bakeoff.data.sources.addresses import said

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
ORIENTATION = 274
MOST_SAMPLES = 4  # RGB and alpha
JPEG = {COMPRESSION.JPEG, COMPRESSION.OJPEG}  # decoded to RGB
ONE_SAMPLE = {PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.PALETTE}
# tifffile logs errors and continues. Messages about these do not concern pixels.
ABOUT_METADATA = ("TiffTag", "GeoKey", "GDAL_NODATA", "read_utf8", "read_json", "file name is invalid")


@dataclass(frozen=True)
class Plane:
    """One picture as it is stored.

    Attributes:
        values: (H, W, S).
        page: the page that describes it.
    """

    values: NDArray[Any]
    page: TiffPage

    @property
    def bits(self) -> int:
        return int(self.page.bitspersample)

    @property
    def most(self) -> int:
        """The largest value that integers of so many bits have."""
        return (1 << self.bits) - 1

    @property
    def colours(self) -> int:
        """How many of the samples are grey or colour; the others are alpha or unknown."""
        photometric = self.page.photometric
        if photometric == PHOTOMETRIC.RGB or (photometric == PHOTOMETRIC.YCBCR and self.page.compression in JPEG):
            return 3
        return 1 if photometric in ONE_SAMPLE else 0


def is_tiff(place: Place) -> bool:
    with place.path.open("rb") as file:
        return file.read(4) in MAGIC


def facts(place: Place) -> tuple[int, int]:
    """Return the number of pictures and the orientation of the first.

    Raises:
        BadInput: the file cannot be read, or a picture has several channels.
    """
    with opened(place) as tif:
        return count(tif, place), orientation(tif.pages.first)


def pictures(place: Place) -> Iterator[Picture]:
    """Yield what a viewer shows, (C, H, W), in 8 bits, or in 16 where the file has 16.

    Raises:
        BadInput: the file cannot be read, or its pixels are of a kind that has no rule.
    """
    with opened(place) as tif:
        for plane in planes(tif, place):
            yield channels_first(shown_values(plane, place))


def masks(place: Place, remarks: Remarks) -> Iterator[Mask]:
    """Yield the labels (H, W), the values as they are stored.

    Raises:
        BadInput: the file cannot be read, or its pixels are no labels.
    """
    with opened(place) as tif:
        for plane in planes(tif, place):
            if not plane.colours:
                raise BadInput(
                    f"{place}: invalid pixel format {named(plane.page)} of a mask: expected grey values or palette "
                    "indices; write the number of its class into each pixel"
                )
            values = equal_channels(without_alpha(plane, place), place)
            yield whole(upright(values, orientation(plane.page)), place, remarks)


def shown_values(plane: Plane, place: Place) -> NDArray[Any]:
    """Return the pixels (H, W, C) as a viewer shows them, upright.

    Raises:
        BadInput: their photometric interpretation or their type of number has no rule.
    """
    page = plane.page
    if not plane.colours:
        raise BadInput(
            f"{place}: invalid pixel format {named(page)}: expected black and white, grey, palette or RGB; {CONVERT}"
        )
    values = unsigned(without_alpha(plane, place), plane, place)
    if page.photometric == PHOTOMETRIC.PALETTE:
        values = looked_up(values[..., 0], page)
    else:
        if page.photometric == PHOTOMETRIC.MINISWHITE:
            values = plane.most - values
        if plane.bits not in (8, 16):
            values = spread(values, plane.most)
    return upright(values, orientation(page))


def unsigned(values: NDArray[Any], plane: Plane, place: Place) -> NDArray[Any]:
    """Return integers of 1 to 16 bits as uint8 or uint16.

    Raises:
        BadInput: they are fractions, negative, or larger.
    """
    kind = values.dtype.kind
    if kind not in "bui" or plane.bits > 16 or (kind == "i" and plane.bits < 16):
        raise BadInput(
            f"{place}: invalid pixel type {values.dtype}: expected unsigned integers of at most 16 bits, whose largest "
            "value is white; scale the pixels to 8 or 16 bits"
        )
    if kind == "i":
        if (least := int(values.min())) < 0:
            raise BadInput(
                f"{place}: invalid value {least} of {values.dtype} pixels: expected 0 or more; scale the pixels to "
                "unsigned integers of 8 or 16 bits"
            )
        if plane.page.photometric == PHOTOMETRIC.MINISWHITE:
            raise BadInput(
                f"{place}: invalid {values.dtype} pixels where 0 is white (MINISWHITE): expected unsigned integers; "
                "scale the pixels to 8 or 16 bits"
            )
    return values.astype(np.uint8 if plane.bits <= 8 else np.uint16)


def looked_up(indices: NDArray[Any], page: TiffPage) -> NDArray[np.uint8]:
    """Return the colours (H, W, 3) of a palette, the upper 8 bits of each."""
    colours = np.asarray(page.colormap)
    if colours.max() > 255:  # some writers leave the lower 8 bits empty, and some have 8 bits alone
        colours = colours >> 8
    return np.moveaxis(colours[:, indices], 0, -1).astype(np.uint8)


def without_alpha(plane: Plane, place: Place) -> NDArray[Any]:
    """Return the grey or colour samples (H, W, 1 or 3).

    Raises:
        BadInput: there are other samples that are not opaque everywhere, or more channels.
    """
    values, colours = plane.values, plane.colours
    others = values[..., colours:]
    alphas = [int(kind) for kind in plane.page.extrasamples]
    if others.shape[-1] > 1 or (others.shape[-1] == 1 and alphas in ([], [0])):
        raise channels(values.shape[-1], place)
    if others.size and not (values.dtype.kind in "bu" and (others == plane.most).all()):
        raise BadInput(
            f"{place}: some pixels are transparent; put the picture on the background that you want, and {CONVERT}"
        )
    return values[..., :colours]


def channels(found: int, place: Place, more: str = "") -> BadInput:
    return BadInput(
        f"{place}: found {found} channels{more}: expected one, or RGB; save the channel that you want as a file of its "
        "own"
    )


def planes(tif: TiffFile, place: Place) -> Iterator[Plane]:
    """Yield the pictures of a file as they are stored, in order.

    Raises:
        BadInput: one has more pixels than are read, or bits of a number that no rule knows.
    """
    check(tif, place)
    pages = full(tif, place)
    for page in pages:
        check_area(place, page.imagelength, page.imagewidth)
        if page.samplesperpixel > MOST_SAMPLES:
            raise channels(page.samplesperpixel, place)
        if page.dtype is None or not isinstance(page.bitspersample, int):
            raise BadInput(
                f"{place}: invalid number of bits per sample {page.bitspersample}: expected one number, as 8 or 16; "
                f"{CONVERT}"
            )
    if behind_one_page(tif):
        (page,) = pages
        stored = stack(tif, place)
        for values in stored.reshape(-1, *samples_last(page, stored.shape)):
            yield Plane(values, page)
        return
    for page in pages:
        values = page.asarray(maxworkers=1)
        if page.axes.startswith("S"):
            values = np.moveaxis(values, 0, -1)
        yield Plane(values.reshape(*samples_last(page, values.shape)), page)


def samples_last(page: TiffPage, shape: tuple[int, ...]) -> tuple[int, int, int]:
    samples = prod(shape[-3:]) // (page.imagelength * page.imagewidth) if page.samplesperpixel > 1 else 1
    return page.imagelength, page.imagewidth, samples


def stack(tif: TiffFile, place: Place) -> NDArray[Any]:
    """Return all planes that lie behind one page, left on the disk where they are not compressed."""
    if tif.series[0].dataoffset is None:
        return tif.series[0].asarray(maxworkers=1)
    return tifffile.memmap(place.path, mode="r")


def count(tif: TiffFile, place: Place) -> int:
    """Return how many pictures a file has.

    Raises:
        BadInput: as `check`.
    """
    check(tif, place)
    return total(tif) if behind_one_page(tif) else len(full(tif, place))


def check(tif: TiffFile, place: Place) -> None:
    """Refuse what is no sequence of pictures.

    Raises:
        BadInput: there are several channels, planes missing, volumes in a page, or previews alone.
    """
    for series in tif.series:
        if (found := dict(zip(series.axes, series.shape, strict=True)).get("C", 1)) > 1:
            raise channels(found, place, f" (axes {series.axes})")
    pages = full(tif, place)
    if any(page.is_volumetric for page in pages):
        raise BadInput(f"{place}: found a volume in one page: expected one slice in each page; save it slice by slice")
    there = total(tif) if behind_one_page(tif) else len(pages)
    described = (tif.imagej_metadata or {}).get("images", there) if tif.is_imagej else there
    if tif.is_ome:
        described = total(tif)
    if described != there:
        raise BadInput(
            f"{place}: found {there} pictures: expected {described}, as the description in the file says; copy it "
            "again, or save all pictures in one file"
        )


def behind_one_page(tif: TiffFile) -> bool:
    return len(tif.pages) == 1 and total(tif) > 1


def total(tif: TiffFile) -> int:
    """Return how many planes of rows, columns and samples the file's series have."""
    return sum(
        prod(length for axis, length in zip(series.axes, series.shape, strict=True) if axis not in "YXS")
        for series in tif.series
    )


def full(tif: TiffFile, place: Place) -> list[TiffPage]:
    """Return the pages that are no previews.

    Raises:
        BadInput: there are none, or one says what of another shows.
    """
    found: list[Any] = [page for page in tif.pages if not page.is_reduced]  # type: ignore[union-attr]
    if not found:
        raise BadInput(
            f"{place}: found only pages of reduced size (previews); export the picture itself as TIFF or PNG"
        )
    if any(page.is_mask for page in found):
        raise BadInput(f"{place}: found a page with a transparency mask; {CONVERT}")
    return found


def orientation(page: TiffPage) -> int:
    tag = page.tags.get(ORIENTATION)
    return UPRIGHT if tag is None else int(tag.value)


def named(page: TiffPage) -> str:
    return str(getattr(page.photometric, "name", page.photometric))


@contextmanager
def opened(place: Place) -> Iterator[TiffFile]:
    """Open a file; whatever tifffile raises, or logs about pages, becomes one line.

    Raises:
        BadInput: it is damaged.
    """
    heard = Heard()
    try:
        with heard.listening(), TiffFile(place.path) as tif:
            # Parsed here, so that what is wrong is heard; the pages first, or series would leave frames without tags.
            tif.pages.cache = True
            list(tif.pages)
            tif.series  # noqa: B018
            heard.check()
            yield tif
            heard.check()
    except BadInput:
        raise
    except Exception as error:  # a damaged file leads decoders to raise whatever there is
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise BadInput(f"{place}: the TIFF cannot be read: {said(words)}; copy or export it again") from None


class Heard(logging.Handler):
    """Keeps what tifffile logs about a file, for it goes on after what it finds wrong."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if not any(word in message for word in ABOUT_METADATA):
            self.said.append(message)

    def check(self) -> None:
        """Raise ValueError with the first words."""
        if self.said:
            raise ValueError(self.said[0])

    @contextmanager
    def listening(self) -> Iterator[None]:
        logger = tifffile.logger()
        propagated, logger.propagate = logger.propagate, False
        logger.addHandler(self)
        try:
            yield
        finally:
            logger.removeHandler(self)
            logger.propagate = propagated
