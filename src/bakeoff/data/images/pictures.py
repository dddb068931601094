"""Picture files as arrays, by these rules:

- What a file is, its content says, not its name: BMP, GIF, JPEG, PNG, PBM/PGM/PPM, TIFF (see tiff.py), WebP.
- Black and white become 0 and 255; 8 bits stay; 16 bits stay until depth.py scales all pictures of a source alike;
  other numbers of bits are spread over 0 to 255. A palette is looked up. RGB becomes grey by ITU-R 601,
  .299 R + .587 G + .114 B.
- An alpha channel, or a transparent colour, is dropped where everything is opaque; otherwise the file is refused, for
  what shows through it is not in the file. So are CMYK, Lab, YCbCr, fractions, signs and 32 bits, whose way to grey or
  RGB is a choice.
- The camera's orientation (EXIF) is applied.
- A picture of several frames is one only as a stack (TIFF); a phone's JPEG with its previews is its main picture.

A mask's values are labels: they are read as they stand, a palette's indices as such, black and white as 0 and 1, RGB
where R = G = B. (PNG's grey of 2 and 4 bits is spread over 0 to 255 by every decoder: 1 of 4 bits is 17.)

H, W height and width; C channels.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from bakeoff.base.settings import BadInput
from bakeoff.data.images import jpeg, tiff
from bakeoff.data.images.masks import Mask, equal_channels, whole
from bakeoff.data.images.orientation import UPRIGHT, upright
from bakeoff.data.images.pixels import CONVERT, Picture, channels_first, check_area, spread
from bakeoff.data.images.source_tree import Place
from bakeoff.data.remarks import Remarks
from bakeoff.data.sources.addresses import said

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "WEBP")
PLAIN = {"1": "L", "L": "L", "LA": "L", "P": "RGB", "PA": "RGB", "RGB": "RGB", "RGBA": "RGB"}  # Pillow's modes
EQUAL = {"LA", "RGB", "RGBA"}  # of masks: labels where all channels are the same and opaque
LABELS = {"1", "L", "P", "I;16"}
OPAQUE = 65535

logging.getLogger("PIL").addHandler(logging.NullHandler())  # otherwise Pillow's messages would be printed too
Image.MAX_IMAGE_PIXELS = None  # params.yaml: limits.picture_pixels takes its place


def read(place: Place) -> Picture:
    """Return the one picture of a file, (C, H, W).

    Raises:
        BadInput: the file cannot be read, or the rules have no answer to what it holds.
    """
    if tiff_file(place):
        one(tiff.facts(place)[0], place)
        return next(tiff.pictures(place))
    with opened(place) as image:
        one(frames(image), place)
        return pixels(image, place)


def one(n: int, place: Place) -> None:
    if n > 1:
        raise BadInput(f"{place}: found {n} frames: expected one; save the frame that you want as a file of its own")


def stack(place: Place) -> Iterator[Picture]:
    """Yield the picture of a file, or those of a TIFF stack in order.

    Raises:
        BadInput: as `read`.
    """
    if tiff_file(place):
        yield from tiff.pictures(place)
        return
    with opened(place) as image:
        yield pixels(image, place)


def masks(place: Place, remarks: Remarks) -> Iterator[Mask]:
    """Yield the labels (H, W) that a file holds, or those of a TIFF stack in order.

    Raises:
        BadInput: as `read`, and where the pixels are colours.
    """
    if tiff_file(place):
        yield from tiff.masks(place, remarks)
        return
    with opened(place) as image:
        yield whole(upright(labels(image, place), turn(image)), place, remarks)


def red(place: Place) -> Iterator[Mask]:
    """Yield the labels of masks that have them in the red channel of a coloured picture, whatever the others hold.

    Raises:
        BadInput: the file cannot be read, or is no coloured picture.
    """
    with opened(place) as image:
        if image.mode not in ("RGB", "RGBA"):
            raise BadInput(
                f"{place}: invalid mode {image.mode}: expected RGB, with the labels in the red channel; download it "
                "again"
            )
        yield np.asarray(image.getchannel("R"))


def facts(place: Place) -> tuple[int, int]:
    """Return the number of pictures, several in a TIFF stack; and the orientation, 1 for upright as it stands.

    Raises:
        BadInput: the file cannot be read, or is an animation.
    """
    if tiff_file(place):
        return tiff.facts(place)
    with opened(place) as image:
        if (n := frames(image)) > 1:
            raise BadInput(
                f"{place}: found an animation of {n} frames: expected one picture; save it as a TIFF stack, or frame "
                "by frame"
            )
        return n, turn(image)


def frames(image: Image.Image) -> int:
    return 1 if image.format == "MPO" else getattr(image, "n_frames", 1)


def lossy(place: Place) -> bool:
    """Return whether a file is compressed so that values change: JPEG, or WebP of that kind."""
    with place.path.open("rb") as file:
        start = file.read(16)
    return start.startswith(b"\xff\xd8") or (start.startswith(b"RIFF") and start[8:] == b"WEBPVP8 ")


def tiff_file(place: Place) -> bool:
    try:
        return tiff.is_tiff(place)
    except OSError as error:
        raise BadInput(f"{place}: the file cannot be read: {error.strerror}; check the file") from None


@contextmanager
def opened(place: Place) -> Iterator[Image.Image]:
    """Open a file's picture, not yet decoded; whatever Pillow raises or warns of meanwhile becomes one line.

    Raises:
        BadInput: it is no picture, is damaged, or has more pixels than the settings allow.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(place.path, formats=FORMATS) as image:
                check_area(place, image.height, image.width)
                yield image
        except BadInput:
            raise
        except UnidentifiedImageError:
            raise BadInput(f"{place}: {unreadable(place)}; export it again, or remove it") from None
        except Exception as error:  # a damaged file leads decoders to raise whatever there is
            words = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise BadInput(f"{place}: the picture is damaged: {said(words)}; copy or export it again") from None


def unreadable(place: Place) -> str:
    """Describe a file that is not a picture."""
    with place.path.open("rb") as file:
        start = file.read(12)
    return (
        f"the file is not a picture of a known format (its first bytes are {start!r})" if start else "the file is empty"
    )


def turn(image: Image.Image) -> int:
    return int(image.getexif().get(ExifTags.Base.Orientation, UPRIGHT))


def check(image: Image.Image, place: Place) -> None:
    """Refuse damage that decoders pass over: PNG's checksums, and libjpeg's warnings.

    Raises:
        BadInput: the file is damaged.
    """
    if image.format in {"JPEG", "MPO"}:
        jpeg.check(place)
    elif image.format == "PNG":
        with Image.open(place.path, formats=("PNG",)) as again:
            again.verify()


def pixels(image: Image.Image, place: Place) -> Picture:
    """Return the pixels of a picture, upright.

    Raises:
        BadInput: its mode is none that the rules name, something shows through it, or it is damaged.
    """
    mode, deep = image.mode, sixteen(image)
    image.load()
    check(image, place)
    if deep:
        return channels_first(upright(opaque(place), turn(image)))
    if mode == "I" and image.format == "PPM":  # Pillow spreads its values over 16 bits
        return channels_first(upright(spread(np.asarray(image), 65535), turn(image)))
    if mode not in PLAIN:
        raise BadInput(
            f"{place}: invalid pixel format {mode}: expected black and white, grey, palette or RGB; {CONVERT}"
        )
    if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema() != (255, 255):
        raise transparent(place)
    return channels_first(upright(np.asarray(image.convert(PLAIN[mode])), turn(image)))


def labels(image: Image.Image, place: Place) -> NDArray[Any]:
    """Return the values of a mask as they are stored, (H, W).

    Raises:
        BadInput: they are colours, or something shows through.
    """
    mode, deep, most = image.mode, sixteen(image), maximum(image)
    image.load()
    check(image, place)
    if not (deep or mode in LABELS or mode in EQUAL or (mode == "I" and most is not None)):
        raise BadInput(
            f"{place}: invalid pixel format {mode} of a mask: expected grey values or palette indices; write the "
            "number of its class into each pixel"
        )
    values = opaque(place) if deep else np.asarray(image)
    if mode in {"LA", "RGBA"} and not deep:
        if (values[..., -1] != 255).any():
            raise transparent(place)
        values = values[..., :-1]
    if most is not None:
        full = 65535 if mode == "I" else 255
        if most > full:
            raise BadInput(
                f"{place}: invalid mask of RGB pixels with values up to {most}: expected grey values; save it as PNG"
            )
        values = np.rint(values * (most / full)).astype(np.int64)
    return equal_channels(values, place) if values.ndim == 3 else values


def sixteen(image: Image.Image) -> bool:
    """Return whether a PNG, not yet decoded, has 16 bits a channel; Pillow decodes several channels to 8 bits."""
    return image.format == "PNG" and any("16" in str(tile.args) for tile in image.tile)  # type: ignore[attr-defined]


def maximum(image: Image.Image) -> int | None:
    """Return the value that a PGM or PPM, not yet decoded, calls white; Pillow spreads 0 to it over all bits."""
    if image.format != "PPM" or image.mode == "1":
        return None
    full = 65535 if image.mode == "I" else 255
    return next((tile.args[1] for tile in image.tile if isinstance(tile.args, tuple)), full)  # type: ignore[attr-defined]


def opaque(place: Place) -> NDArray[np.uint16]:
    """Return a PNG's 16-bit pixels, (H, W) or (H, W, C).

    Raises:
        BadInput: something shows through it.
    """
    values: NDArray[np.uint16] = imagecodecs.png_decode(place.path.read_bytes())
    if values.ndim == 3 and values.shape[-1] in (2, 4):
        if (values[..., -1] != OPAQUE).any():
            raise transparent(place)
        values = values[..., :-1]
    return values


def transparent(place: Place) -> BadInput:
    return BadInput(
        f"{place}: some pixels are transparent; put the picture on the background that you want, and {CONVERT}"
    )
