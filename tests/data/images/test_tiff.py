"""TIFF files of many writers: what a viewer shows for pictures, what is stored for masks."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.images import pictures
from bakeoff.data.images.source_tree import Place
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)

RAMP = np.arange(6 * 8, dtype=np.uint8).reshape(6, 8) * 5
RGB = np.stack([RAMP, RAMP[::-1], 255 - RAMP], axis=-1)
STACK = np.stack([RAMP + n for n in range(5)])
OPAQUE = np.full_like(RAMP, 255)
MAP = np.stack([np.arange(256) * 257, np.arange(256)[::-1] * 256, np.full(256, 0x1234)]).astype(np.uint16)

Save = Callable[[Path], object]


def tif(values: np.ndarray, **options: Any) -> Save:
    """A function that saves values as tifffile does, with no description of its own."""
    return lambda path: tifffile.imwrite(path, values, **{"metadata": None} | options)


def pages(*saved: tuple[np.ndarray, dict[str, Any]], **options: Any) -> Save:
    def save(path: Path) -> None:
        with tifffile.TiffWriter(path, **options) as writer:
            for values, how in saved:
                writer.write(values, **{"metadata": None} | how)

    return save


def without_preview(path: Path) -> None:
    """A raw camera's way: a preview, with the picture behind it."""
    with tifffile.TiffWriter(path) as writer:
        writer.write(RAMP[::2, ::2], subfiletype=1, metadata=None)


def thumbnails(path: Path) -> None:
    """A picture with smaller versions: one in a SubIFD, one as a reduced page."""
    with tifffile.TiffWriter(path) as writer:
        writer.write(RAMP, subifds=1, metadata=None)
        writer.write(RAMP[::2, ::2], subfiletype=1, metadata=None)
        writer.write(RAMP[::2, ::2], subfiletype=1, metadata=None)


def imagej(values: np.ndarray, axes: str, **options: Any) -> Save:
    return lambda path: tifffile.imwrite(path, values, imagej=True, metadata={"axes": axes}, **options)


def saved(tmp_path: Path, save: Save) -> Place:
    save(tmp_path / "a.tif")
    return Place(tmp_path / "a.tif", "a.tif", LIMITS)


def looked_up(indices: np.ndarray) -> np.ndarray:
    return (MAP >> 8)[:, indices].astype(np.uint8)


TWELVE = (np.arange(48, dtype=np.uint16).reshape(6, 8) * 87).clip(max=4095)

SHOWN: dict[str, tuple[Save, np.ndarray]] = {
    "8 bits": (tif(RAMP), RAMP),
    "16 bits": (tif(TWELVE), TWELVE),
    "most significant byte first": (tif(TWELVE, byteorder=">"), TWELVE),
    "1 bit": (tif(RAMP > 100, photometric="minisblack"), (RAMP > 100) * 255),
    "1 bit, white is 0": (tif(RAMP > 100, photometric="miniswhite"), (RAMP <= 100) * 255),
    "2 bits": (tif(RAMP % 4, bitspersample=2), RAMP % 4 * 85),
    "4 bits": (tif(RAMP % 16, bitspersample=4), RAMP % 16 * 17),
    "4 bits, white is 0": (tif(RAMP % 16, bitspersample=4, photometric="miniswhite"), 255 - RAMP % 16 * 17),
    "12 bits, packed": (tif(TWELVE, bitspersample=12), np.floor(TWELVE * 255.0 / 4095 + 0.5)),
    "8 bits, white is 0": (tif(RAMP, photometric="miniswhite"), 255 - RAMP),
    "16 bits, white is 0": (tif(TWELVE, photometric="miniswhite"), 65535 - TWELVE),
    "palette": (tif(RAMP, photometric="palette", colormap=MAP), looked_up(RAMP)),
    "palette of 8-bit colours": (tif(RAMP, photometric="palette", colormap=MAP >> 8), looked_up(RAMP)),
    "RGB": (tif(RGB, photometric="rgb"), np.moveaxis(RGB, -1, 0)),
    "RGB in planes": (
        tif(np.moveaxis(RGB, -1, 0), photometric="rgb", planarconfig="separate"), np.moveaxis(RGB, -1, 0)
    ),
    "RGB of 16 bits": (
        tif(RGB.astype(np.uint16) * 257, photometric="rgb"), np.moveaxis(RGB.astype(np.uint16) * 257, -1, 0)
    ),
    "opaque RGBA": (
        tif(np.dstack([RGB, OPAQUE]), photometric="rgb", extrasamples=["unassalpha"]), np.moveaxis(RGB, -1, 0)
    ),
    "opaque grey with alpha": (
        tif(np.dstack([RAMP, OPAQUE]), photometric="minisblack", planarconfig="contig", extrasamples=["assocalpha"]),
        RAMP,
    ),
    "signed without negative values": (tif(TWELVE.astype(np.int16)), TWELVE),
    "BigTIFF": (tif(RAMP, bigtiff=True), RAMP),
    "tiles": (tif(np.tile(RAMP, (4, 4)), tile=(16, 16)), np.tile(RAMP, (4, 4))),
    "compressed by deflate": (tif(TWELVE, compression="zlib", predictor=True), TWELVE),
    "compressed by LZW": (tif(TWELVE, compression="lzw"), TWELVE),
    "compressed by packbits": (tif(RAMP, compression="packbits"), RAMP),
    "previews beside it": (thumbnails, RAMP),
    "of ImageJ": (imagej(RAMP, "YX"), RAMP),
    "RGB of ImageJ": (imagej(RGB, "YXS"), np.moveaxis(RGB, -1, 0)),
    "of OME": (lambda path: tifffile.imwrite(path, RAMP, ome=True, metadata={"axes": "YX"}), RAMP),
    "of Pillow": (Image.fromarray(RAMP).save, RAMP),
    "of Pillow, compressed": (
        lambda path: Image.fromarray(RGB).save(path, compression="tiff_lzw"), np.moveaxis(RGB, -1, 0)
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SHOWN)
def test_a_picture_is_what_a_viewer_shows(case: str, tmp_path: Path) -> None:
    save, expected = SHOWN[case]
    picture = pictures.read(saved(tmp_path, save))
    assert picture.dtype == (np.uint16 if expected.dtype == np.uint16 and expected.max() > 255 else np.uint8)
    assert np.array_equal(picture, expected if expected.ndim == 3 else expected[np.newaxis])


LABELS = RAMP % 7
MASKS: dict[str, tuple[Save, np.ndarray]] = {
    "8 bits": (tif(LABELS), LABELS),
    "8 bits, white is 0": (tif(LABELS, photometric="miniswhite"), LABELS),
    "an inverting look-up table": (tif((LABELS > 3) * np.uint8(255), photometric="miniswhite"), (LABELS > 3) * 255),
    "1 bit": (tif(LABELS > 3), LABELS > 3),
    "1 bit, white is 0": (tif(LABELS > 3, photometric="miniswhite"), LABELS > 3),
    "2 bits": (tif(LABELS % 4, bitspersample=2), LABELS % 4),
    "4 bits": (tif(LABELS, bitspersample=4), LABELS),
    "16 bits": (tif(LABELS.astype(np.uint16) * 9000), LABELS.astype(int) * 9000),
    "16 bits, white is 0": (tif(LABELS.astype(np.uint16), photometric="miniswhite"), LABELS),
    "32 bits": (tif(LABELS.astype(np.uint32) * 90000), LABELS.astype(int) * 90000),
    "a sign": (tif(LABELS.astype(np.int16) - 1), LABELS.astype(int) - 1),
    "fractions that are whole": (tif(LABELS.astype(np.float32)), LABELS),
    "palette": (tif(LABELS, photometric="palette", colormap=MAP), LABELS),
    "R = G = B": (tif(np.dstack([LABELS] * 3), photometric="rgb"), LABELS),
    "R = G = B in planes": (tif(np.stack([LABELS] * 3), photometric="rgb", planarconfig="separate"), LABELS),
    "R = G = B, opaque": (
        tif(np.dstack([LABELS] * 3 + [OPAQUE]), photometric="rgb", extrasamples=["unassalpha"]), LABELS
    ),
    "compressed": (tif(LABELS, compression="zlib"), LABELS),
}  # fmt: skip


@pytest.mark.parametrize("case", MASKS)
def test_a_mask_s_labels_are_the_stored_values(case: str, tmp_path: Path) -> None:
    save, expected = MASKS[case]
    remarks = Remarks()
    (mask,) = pictures.masks(saved(tmp_path, save), remarks)
    assert mask.dtype.kind in "iu" and mask.tolist() == expected.astype(int).tolist()
    assert not remarks.lines()


TIMES = np.stack([STACK, STACK + 10])
STACKS: dict[str, tuple[Save, np.ndarray]] = {
    "pages": (pages(*((page, {}) for page in STACK)), STACK),
    "a description of tifffile's": (tif(STACK, metadata={"axes": "ZYX"}), STACK),
    "tifffile's, behind one page": (tif(STACK, metadata={"axes": "ZYX"}, truncate=True), STACK),
    "ImageJ's": (imagej(STACK, "ZYX"), STACK),
    "ImageJ's, in time": (imagej(STACK, "TYX"), STACK),
    "ImageJ's, behind one page": (imagej(STACK, "ZYX", truncate=True), STACK),
    "ImageJ's of 16 bits, behind one page": (
        imagej(STACK.astype(np.uint16) * 100, "ZYX", truncate=True), STACK * 100.0
    ),
    "ImageJ's in space and time": (imagej(TIMES, "TZYX"), TIMES.reshape(-1, 6, 8)),
    "ImageJ's in space and time, behind one page": (imagej(TIMES, "TZYX", truncate=True), TIMES.reshape(-1, 6, 8)),
    "OME's": (lambda path: tifffile.imwrite(path, STACK, ome=True, metadata={"axes": "ZYX"}), STACK),
    "compressed": (pages(*((page, {"compression": "zlib"}) for page in STACK)), STACK),
    "BigTIFF": (pages(*((page, {}) for page in STACK), bigtiff=True), STACK),
    "previews between": (
        pages(*((page[::step, ::step], {"subfiletype": int(step > 1)}) for page in STACK for step in (1, 2))), STACK
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STACKS)
def test_all_slices_of_a_stack_are_read_in_order(case: str, tmp_path: Path) -> None:
    save, expected = STACKS[case]
    place = saved(tmp_path, save)
    assert pictures.facts(place) == (len(expected), 1)
    assert np.array_equal([picture[0] for picture in pictures.stack(place)], expected)
    assert np.array_equal(list(pictures.masks(place, Remarks())), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_page_is_turned_as_pillow_turns_it(orientation: int, tmp_path: Path) -> None:
    Image.fromarray(RAMP).save(tmp_path / "a.png", exif=exif(orientation))
    tag = (274, "H", 1, orientation, True)
    place = saved(tmp_path, tif(RAMP, extratags=[tag]))
    upright = pictures.read(Place(tmp_path / "a.png", "a.png", LIMITS))
    assert pictures.facts(place) == (1, orientation)
    assert np.array_equal(pictures.read(place), upright)
    assert np.array_equal(next(pictures.masks(place, Remarks())), upright[0])


def exif(orientation: int) -> Image.Exif:
    entries = Image.Exif()
    entries[0x0112] = orientation
    return entries


def cut(save: Save, end: int) -> Save:
    def shorter(path: Path) -> None:
        save(path)
        path.write_bytes(path.read_bytes()[:end])

    return shorter


NOISE = np.random.default_rng(0).integers(0, 4096, (64, 64), np.uint16)
FLOATS = RAMP.astype(np.float32) / 255
REFUSED: dict[str, tuple[Save, str]] = {
    "fractions from 0 to 1": (tif(FLOATS), "invalid pixel type float32: expected unsigned integers of at most 16 bits"),
    "fractions from 0 to 65535": (tif(FLOATS * 65535), "invalid pixel type float32"),
    "32 bits": (tif(RAMP.astype(np.uint32)), "invalid pixel type uint32"),
    "8 bits with a sign": (tif(RAMP.astype(np.int8)), "invalid pixel type int8"),
    "negative values": (tif(TWELVE.astype(np.int16) - 1000), "invalid value -1000 of int16 pixels: expected 0 or more"),
    "complex": (tif(FLOATS.astype(np.complex64)), "invalid pixel type complex64"),
    "CMYK": (tif(np.dstack([RGB, RAMP]), photometric="separated"), "invalid pixel format SEPARATED: expected"),
    "Lab": (tif(RGB, photometric="cielab"), "invalid pixel format CIELAB"),
    "YCbCr": (tif(RGB, photometric="ycbcr"), "invalid pixel format YCBCR"),
    "transparent RGBA": (
        tif(np.dstack([RGB, RAMP]), photometric="rgb", extrasamples=["unassalpha"]), "some pixels are transparent"
    ),
    "transparent grey": (
        tif(np.dstack([RAMP, RAMP]), photometric="minisblack", planarconfig="contig", extrasamples=["assocalpha"]),
        "some pixels are transparent",
    ),
    "two unknown channels": (
        tif(np.dstack([RAMP, RAMP]), photometric="minisblack", planarconfig="contig"), "found 2 channels",
    ),
    "four channels": (
        tif(np.stack([RAMP] * 4), photometric="minisblack", planarconfig="separate"), "found 4 channels",
    ),
    "ImageJ's channels": (imagej(STACK, "CYX"), r"found 5 channels \(axes CYX\): expected one, or RGB"),
    "ImageJ's channels behind one page": (imagej(TIMES, "ZCYX", truncate=True), "found 5 channels"),
    "OME's channels": (
        lambda path: tifffile.imwrite(path, STACK[:3], ome=True, metadata={"axes": "CYX"}), "found 3 channels"
    ),
    "a stack": (pages(*((page, {}) for page in STACK)), "found 5 frames: expected one"),
    "a stack behind one page": (imagej(STACK, "ZYX", truncate=True), "found 5 frames"),
    "an ImageJ stack whose planes are cut off": (
        cut(imagej(STACK, "ZYX", truncate=True), -2 * RAMP.size), "cannot be read|expected 5, as the description"
    ),
    "previews alone": (without_preview, "found only pages of reduced size"),
    "a page of transparency": (pages((RAMP, {}), (RAMP > 9, {"subfiletype": 4})), "a page with a transparency mask"),
    "a volume in a page": (tif(np.tile(STACK, (1, 3, 2)), volumetric=True, tile=(16, 16, 16)),
        "found a volume in one page: expected one slice"),
    "cut": (cut(tif(np.tile(RAMP, (9, 9))), -900), "the TIFF cannot be read"),
    "cut, compressed": (cut(tif(NOISE, compression="zlib"), -90), "the TIFF cannot be read"),
    "its beginning alone": (cut(tif(RAMP), 9), "the TIFF cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_rule_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    save, said = REFUSED[case]
    place = saved(tmp_path, save)
    with pytest.raises(BadInput) as refused:
        pictures.read(place)
    line = str(refused.value)
    assert line.startswith("a.tif: ") and re.search(said, line) and "\n" not in line and len(line) < 400


REFUSED_MASKS: dict[str, tuple[Save, str]] = {
    "colours": (
        tif(RGB, photometric="rgb"),
        r"invalid value \[0, 200, 255\] \(row 0, column 0\): expected a grey value",
    ),
    "fractions": (tif(LABELS + np.float32(0.25)), r"invalid value 0\.25 \(row 0, column 0\): expected a whole"),
    "not a number": (
        tif(np.where(LABELS == 3, np.float32(np.nan), 0).astype(np.float32)),
        r"invalid value nan \(row 0, column 2\): expected a whole number",
    ),
    "infinite": (
        tif(np.where(LABELS == 3, np.float32(np.inf), 0).astype(np.float32)),
        r"invalid value inf \(row 0, column 2\): expected a whole number",
    ),
    "complex": (tif(FLOATS.astype(np.complex64)), "invalid type complex64 of labels"),
    "CMYK": (tif(np.dstack([RGB, RAMP]), photometric="separated"), "invalid pixel format SEPARATED of a mask"),
    "channels": (imagej(STACK, "CYX"), "found 5 channels"),
}


@pytest.mark.parametrize("case", REFUSED_MASKS)
def test_masks_without_labels_are_refused_in_one_line(case: str, tmp_path: Path) -> None:
    save, said = REFUSED_MASKS[case]
    place = saved(tmp_path, save)
    with pytest.raises(BadInput, match=said):
        list(pictures.masks(place, Remarks()))


def test_labels_that_are_almost_whole_are_rounded_and_said(tmp_path: Path) -> None:
    place = saved(tmp_path, tif(LABELS * np.float32(0.99999)))
    remarks = Remarks()
    assert np.array_equal(next(pictures.masks(place, remarks)), LABELS)
    assert remarks.lines() == [
        "a.tif: its labels are fractions within 0.001 of whole numbers, and are rounded",
    ]


def test_a_chain_of_pages_that_breaks_off_is_refused(tmp_path: Path) -> None:
    place = saved(tmp_path, pages(*((page, {}) for page in STACK)))
    with tifffile.TiffFile(place.path) as opened:
        offset = opened.pages[2].offset
    content = bytearray(place.path.read_bytes())
    entries = int.from_bytes(content[offset : offset + 2], "little")
    content[offset + 2 + 12 * entries : offset + 6 + 12 * entries] = (10**8).to_bytes(4, "little")
    place.path.write_bytes(content)
    with pytest.raises(BadInput, match=r"a\.tif: the TIFF cannot be read"):
        pictures.facts(place)


def test_headers_that_promise_too_many_pixels_are_refused(tmp_path: Path) -> None:
    place = saved(tmp_path, tif(RAMP, extratags=[]))
    with tifffile.TiffFile(place.path, mode="r+") as opened:
        opened.pages[0].tags[256].overwrite(60000)
        opened.pages[0].tags[257].overwrite(60000)
    with pytest.raises(
        BadInput, match=r"a\.tif: the (picture has 60000 x 60000 pixels: expected at most|TIFF cannot be read)"
    ):
        pictures.read(place)
