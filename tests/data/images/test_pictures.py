import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff import settings
from bakeoff.data.images import pictures, pixels
from bakeoff.data.images.places import Place
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks
from bakeoff.settings import BadInput

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "data.limits", Limits)

SIXTEEN = np.array([[0, 128, 129, 257, 32768, 65535]], np.uint16)


def palette() -> Image.Image:
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    image.putdata([2, 0, 1])
    return image


def png(depth: int, colour: int, row: bytes) -> bytes:
    """One pixel of a depth and a colour type that Pillow does not write."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" + row)) + chunk(b"IEND", b"")


READ: dict[str, tuple[str, Callable[[Path], object], list[object]]] = {
    "1 bit": ("a.png", Image.fromarray(np.array([[True, False]])).save, [[[255, 0]]]),
    "8 bits of grey": ("a.png", Image.fromarray(np.array([[0, 7, 255]], np.uint8)).save, [[[0, 7, 255]]]),
    "16 bits of grey": ("a.png", Image.fromarray(SIXTEEN).save, [SIXTEEN.tolist()]),
    "16 bits, other end first": ("a.tif", Image.fromarray(SIXTEEN.astype(">u2")).save, [SIXTEEN.tolist()]),
    "16 bits a colour": (
        "a.png", lambda p: p.write_bytes(png(16, 2, b"\xff\xff\1\1\1\xff")), [[[65535]], [[257]], [[511]]]
    ),
    "palette": ("a.png", palette().save, [[[70, 10, 40]], [[80, 20, 50]], [[90, 30, 60]]]),
    "palette of a GIF": ("a.gif", palette().save, [[[70, 10, 40]], [[80, 20, 50]], [[90, 30, 60]]]),
    "RGB": ("a.png", Image.new("RGB", (1, 1), (1, 2, 3)).save, [[[1]], [[2]], [[3]]]),
    "opaque RGBA": ("a.png", Image.new("RGBA", (1, 1), (1, 2, 3, 255)).save, [[[1]], [[2]], [[3]]]),
    "opaque LA": ("a.png", Image.new("LA", (2, 1), (7, 255)).save, [[[7, 7]]]),
    "another suffix": ("a.jpg", lambda p: Image.new("L", (1, 1), 5).save(p, "PNG"), [[[5]]]),
    "a transparent colour that is not there": (
        "a.png", lambda p: Image.new("L", (1, 1), 5).save(p, transparency=6), [[[5]]]
    ),
    "a phone's picture with its preview": (
        "a.jpg",
        lambda p: Image.new("L", (1, 1), 5).save(p, "MPO", save_all=True, append_images=[Image.new("L", (1, 1))]),
        [[[5]]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_each_mode_is_read_by_its_rule(case: str, tmp_path: Path) -> None:
    name, save, expected = READ[case]
    save(tmp_path / name)
    picture = pictures.read(Place(tmp_path / name, name, LIMITS))
    assert picture.dtype == (np.uint16 if case.startswith("16 bits") else np.uint8)
    assert picture.tolist() == expected


def test_the_camera_s_orientation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    Image.fromarray(np.array([[1, 2, 3]], np.uint8)).save(tmp_path / "a.png", exif=exif)
    assert pictures.read(Place(tmp_path / "a.png", "a.png", LIMITS)).tolist() == [[[1], [2], [3]]]


MASKS: dict[str, tuple[Image.Image, list[list[int]]]] = {
    "palette by its indices": (palette(), [[2, 0, 1]]),
    "1 bit": (Image.fromarray(np.array([[True, False]])), [[1, 0]]),
    "16 bits as they are": (Image.fromarray(SIXTEEN), SIXTEEN.tolist()),
}


@pytest.mark.parametrize("case", MASKS)
def test_a_mask_s_values_are_labels(case: str, tmp_path: Path) -> None:
    image, expected = MASKS[case]
    image.save(tmp_path / "a.png")
    (mask,) = pictures.masks(Place(tmp_path / "a.png", "a.png", LIMITS), Remarks())
    assert mask.tolist() == expected


def test_a_stack_is_read_in_order(tmp_path: Path) -> None:
    frames = [Image.new("L", (2, 1), value) for value in (4, 200, 7)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    place = Place(tmp_path / "a.tif", "a.tif", LIMITS)
    assert pictures.facts(place) == (3, 1)
    assert [picture[0, 0, 0] for picture in pictures.stack(place)] == [4, 200, 7]
    assert [mask[0, 0] for mask in pictures.masks(place, Remarks())] == [4, 200, 7]


def test_grey_is_that_of_itu_r_601_to_the_byte_as_pillow_has_it() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (3, 64, 64), np.uint8)
    pillow = np.asarray(Image.fromarray(np.moveaxis(picture, 0, -1)).convert("L"))
    assert np.array_equal(pixels.recolour(picture, "grey")[0], pillow)
    assert pixels.recolour(picture[:1], "rgb").tolist() == [picture[0].tolist()] * 3
    assert pixels.recolour(picture[:1], "grey").tolist() == picture[:1].tolist()


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "gif", "bmp", "webp", "ppm"])
def test_whatever_damage_is_one_line_and_no_warning(suffix: str, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(generator.integers(0, 256, (20, 20, 3), np.uint8)).save(path)
    whole = path.read_bytes()
    refused = 0
    for n in range(60):
        content = bytearray(whole)
        if n % 2:
            content[generator.integers(len(content) // 4)] ^= 1 << generator.integers(8)
        else:
            del content[generator.integers(len(content)) :]
        path.write_bytes(content)
        try:
            pictures.read(Place(path, path.name, LIMITS))
        except BadInput as error:
            refused += 1
            assert str(error).startswith(path.name) and "\n" not in str(error)
    assert refused > 20
