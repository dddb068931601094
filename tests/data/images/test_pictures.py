import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.images import pictures, pixels
from bakeoff.data.images.source_tree import Place
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)

SIXTEEN = np.array([[0, 128, 129, 257, 32768, 65535]], np.uint16)


def palette() -> Image.Image:
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    image.putdata([2, 0, 1])
    return image


def png(depth: int, colour: int, row: bytes, transparent: bytes = b"", width: int = 1) -> bytes:
    """A row of pixels of a depth and a colour type that Pillow does not write."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0))
    header += chunk(b"tRNS", transparent) if transparent else b""
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


def written(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def sixteen(*values: int) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


def pnm(kind: str, most: int, *values: int) -> bytes:
    """A row of a PGM or PPM, in plain text (P2, P3) or in bytes (P5, P6)."""
    width = len(values) // (3 if kind in {"P3", "P6"} else 1)
    head = f"{kind} {width} 1 {most}\n".encode()
    if kind in {"P2", "P3"}:
        return head + " ".join(map(str, values)).encode()
    return head + (bytes(values) if most < 256 else sixteen(*values))


DEEP: dict[str, tuple[str, Callable[[Path], object], list[object]]] = {
    "grey": ("a.png", written(png(16, 0, sixteen(1000))), [[[1000]]]),
    "grey with a colour that is not there": ("a.png", written(png(16, 0, sixteen(1000), sixteen(7))), [[[1000]]]),
    "RGB": ("a.png", written(png(16, 2, sixteen(1, 300, 65535))), [[[1]], [[300]], [[65535]]]),
    "opaque grey with alpha": ("a.png", written(png(16, 4, sixteen(300, 65535))), [[[300]]]),
    "opaque RGBA": ("a.png", written(png(16, 6, sixteen(1, 2, 300, 65535))), [[[1]], [[2]], [[300]]]),
}


@pytest.mark.parametrize("case", DEEP)
def test_a_png_of_16_bits_keeps_them(case: str, tmp_path: Path) -> None:
    name, save, expected = DEEP[case]
    save(tmp_path / name)
    picture = pictures.read(Place(tmp_path / name, name, LIMITS))
    assert picture.dtype == np.uint16 and picture.tolist() == expected


SPREAD: dict[str, tuple[bytes, list[object]]] = {
    "2 bits": (png(2, 0, b"\x1b", width=4), [[[0, 85, 170, 255]]]),
    "4 bits": (png(4, 0, b"\x0f", width=2), [[[0, 255]]]),
    "PGM up to 100": (pnm("P5", 100, 0, 50, 100), [[[0, 128, 255]]]),
    "PGM up to 4095": (pnm("P5", 4095, 0, 2048, 4095), [[[0, 128, 255]]]),
    "PGM in plain text": (pnm("P2", 3, 0, 1, 3), [[[0, 85, 255]]]),
    "PPM up to 1": (pnm("P6", 1, 0, 1, 1), [[[0]], [[255]], [[255]]]),
}


@pytest.mark.parametrize("case", SPREAD)
def test_other_numbers_of_bits_are_spread_over_8(case: str, tmp_path: Path) -> None:
    content, expected = SPREAD[case]
    (tmp_path / "a").write_bytes(content)
    assert pictures.read(Place(tmp_path / "a", "a", LIMITS)).tolist() == expected


STORED: dict[str, tuple[bytes, list[list[int]]]] = {
    "16 bits of grey": (png(16, 0, sixteen(1000)), [[1000]]),
    "16 bits, R = G = B": (png(16, 2, sixteen(300, 300, 300)), [[300]]),
    "16 bits, R = G = B, opaque": (png(16, 6, sixteen(300, 300, 300, 65535)), [[300]]),
    "R = G = B": (png(8, 2, b"\7\7\7"), [[7]]),
    "R = G = B, opaque": (png(8, 6, b"\7\7\7\xff"), [[7]]),
    "opaque grey with alpha": (png(8, 4, b"\7\xff"), [[7]]),
    "PGM up to 3": (pnm("P5", 3, 0, 1, 2, 3), [[0, 1, 2, 3]]),
    "PGM up to 100": (pnm("P5", 100, *range(101)), [list(range(101))]),
    "PGM up to 1000": (pnm("P5", 1000, *range(1001)), [list(range(1001))]),
    "PGM up to 65535": (pnm("P5", 65535, 0, 300, 65535), [[0, 300, 65535]]),
    "PGM in plain text": (pnm("P2", 9, *range(10)), [list(range(10))]),
    "PPM up to 9, R = G = B": (pnm("P6", 9, 4, 4, 4), [[4]]),
}


@pytest.mark.parametrize("case", STORED)
def test_a_mask_s_labels_are_the_stored_values(case: str, tmp_path: Path) -> None:
    content, expected = STORED[case]
    (tmp_path / "a").write_bytes(content)
    (mask,) = pictures.masks(Place(tmp_path / "a", "a", LIMITS), Remarks())
    assert mask.tolist() == expected


GREY, OTHER = Image.new("L", (8, 6), 5), Image.new("L", (8, 6), 9)


def animated(kind: str) -> Callable[[Path], object]:
    return lambda path: GREY.convert("RGB").save(
        path, kind, save_all=True, append_images=[OTHER.convert("RGB")], lossless=True
    )


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "transparent RGBA": (Image.new("RGBA", (2, 2), (1, 2, 3, 200)).save, "some pixels are transparent"),
    "transparent LA": (Image.new("LA", (2, 2), (1, 0)).save, "some pixels are transparent"),
    "a palette with a transparent colour": (lambda p: palette().save(p, transparency=1), "some pixels are transparent"),
    "a grey that is transparent": (lambda p: GREY.save(p, transparency=5), "some pixels are transparent"),
    "16 bits, transparent RGBA": (written(png(16, 6, sixteen(1, 2, 3, 65534))), "some pixels are transparent"),
    "16 bits, transparent LA": (written(png(16, 4, sixteen(1, 0))), "some pixels are transparent"),
    "16 bits, a grey that is transparent": (written(png(16, 0, sixteen(9), sixteen(9))), "some pixels are transparent"),
    "CMYK": (lambda p: Image.new("CMYK", (2, 2)).save(p, "JPEG"), "invalid pixel format CMYK"),
    "animated PNG": (animated("PNG"), "found 2 frames: expected one"),
    "animated GIF": (animated("GIF"), "found 2 frames"),
    "animated WebP": (animated("WEBP"), "found 2 frames"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_pictures_that_have_no_rule_are_refused(case: str, tmp_path: Path) -> None:
    save, said = REFUSED[case]
    save(tmp_path / "a.png")
    with pytest.raises(BadInput, match=rf"^a\.png: .*{said}"):
        pictures.read(Place(tmp_path / "a.png", "a.png", LIMITS))


REFUSED_MASKS: dict[str, tuple[bytes, str]] = {
    "colours": (png(8, 2, b"\7\7\x09"), r"invalid value \[7, 7, 9\] \(row 0, column 0\): expected a grey value"),
    "colours of 16 bits": (png(16, 2, sixteen(300, 300, 301)), r"invalid value \[300, 300, 301\] \(row 0, column 0\)"),
    "transparent": (png(8, 6, b"\7\7\7\xfe"), "some pixels are transparent"),
    "colours beyond 8 bits": (
        pnm("P6", 999, 5, 5, 5),
        "invalid mask of RGB pixels with values up to 999: expected grey",
    ),
}


@pytest.mark.parametrize("case", REFUSED_MASKS)
def test_masks_without_labels_are_refused(case: str, tmp_path: Path) -> None:
    content, said = REFUSED_MASKS[case]
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(BadInput, match=rf"^a: .*{said}"):
        list(pictures.masks(Place(tmp_path / "a", "a", LIMITS), Remarks()))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_each_orientation_is_applied_as_pillow_does(orientation: int, kind: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(6, 8)).save(tmp_path / "a", kind, exif=exif)
    with Image.open(tmp_path / "a") as image:
        turned = ImageOps.exif_transpose(image).convert("L")
    grey = pixels.recolour(pictures.read(Place(tmp_path / "a", "a", LIMITS)).astype(np.uint8), "grey")
    assert np.array_equal(grey[0], np.asarray(turned))


def test_every_changed_bit_of_a_png_s_pixels_is_found(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    path = tmp_path / "a.png"
    Image.fromarray(np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)).save(path)
    whole = path.read_bytes()
    start = whole.index(b"IDAT") + 4
    for at in generator.integers(start, len(whole) - 16, 60):
        content = bytearray(whole)
        content[at] ^= 1 << generator.integers(8)
        path.write_bytes(content)
        with pytest.raises(BadInput, match=r"^a\.png: the picture is damaged"):
            pictures.read(Place(path, "a.png", LIMITS))


def test_pixels_beyond_the_limit_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    few = LIMITS.model_copy(update={"picture_pixels": 47})
    for suffix in ("png", "tif", "jpg", "gif", "webp", "bmp", "pgm"):
        path = tmp_path / f"a.{suffix}"
        GREY.save(path)
        pictures.read(Place(path, path.name, LIMITS))
        with pytest.raises(
            BadInput, match=r"has 6 x 8 pixels: expected at most 47 \(params\.yaml: limits\.picture_pixels\)"
        ):
            pictures.read(Place(path, path.name, few))
