"""Picture files as arrays of bytes, by these rules:

- What a file is, its content says, not its name: BMP, GIF, JPEG, PNG, PBM/PGM/PPM, TIFF, WebP.
- Black and white become 0 and 255; 8 bits stay; 16 bits of grey are scaled and rounded, 65535 to 255; of 16 bits a
  colour Pillow hands over the upper 8. A palette is looked up. RGB becomes grey by ITU-R 601, .299 R + .587 G + .114 B.
- An alpha channel, or a transparent colour, is dropped where everything is opaque; otherwise the file is refused, for
  what shows through it is not in the file. So are CMYK, Lab, YCbCr and 32 bits, whose way to grey or RGB is a choice.
- The camera's orientation (EXIF) is applied.
- A picture of several frames is one only as a stack (TIFF); a phone's JPEG with its previews is its main picture.

A mask's values are labels: they are read as they stand, a palette's indices as such, black and white as 0 and 1. (Grey
of 2 and 4 bits is spread over 0 to 255 by every decoder: 1 of 4 bits is 17.)

C, H, W channels (1 grey, 3 RGB), height, width.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, ImageSequence, UnidentifiedImageError

from bakeoff.data.images.places import Place
from bakeoff.data.images.settings import Colour
from bakeoff.settings import BadInput

Picture = NDArray[np.uint8]  # (C, H, W)
Mask = NDArray[np.integer]  # (H, W)

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
PLAIN = {"1": "L", "L": "L", "LA": "L", "P": "RGB", "PA": "RGB", "RGB": "RGB", "RGBA": "RGB"}  # Pillow's modes
SIXTEEN = {"I;16", "I;16B", "I;16L", "I;16N"}
LABELS = {"1", "L", "P", "I"} | SIXTEEN
CONVERT = "convert it to grey or RGB"

logging.getLogger("PIL").addHandler(logging.NullHandler())  # or Pillow's words would stand beside our one line


def read(place: Place) -> Picture:
    """The one picture of a file.

    Raises:
        BadInput: the file cannot be read, or the rules have no answer to what it holds.
    """
    with opened(place) as image:
        if (n := frames(image)) > 1:
            raise BadInput(f"{place}: holds {n} frames, and an image is one; save the one you mean by itself")
        return pixels(image, place)


def stack(place: Place) -> Iterator[Picture]:
    """The picture of a file, or those of a TIFF stack in order.

    Raises:
        BadInput: as `read`.
    """
    with opened(place) as image:
        for frame in ImageSequence.Iterator(image) if frames(image) > 1 else (image,):
            yield pixels(frame, place)


def masks(place: Place) -> Iterator[Mask]:
    """The labels (H, W) that a file holds, or those of a TIFF stack in order.

    Raises:
        BadInput: as `read`, and where the pixels are colours.
    """
    with opened(place) as image:
        for frame in ImageSequence.Iterator(image) if frames(image) > 1 else (image,):
            if frame.mode not in LABELS:
                raise BadInput(
                    f"{place}: is a mask of {frame.mode} pixels, and labels are grey values or indices of a palette; "
                    "write the number of its class into each pixel"
                )
            upright = ImageOps.exif_transpose(frame)
            yield np.asarray(upright, np.uint8 if frame.mode == "1" else None)


def facts(place: Place) -> tuple[int, int]:
    """How many pictures a file holds, several in a TIFF stack; and its orientation, 1 where it is upright as it stands.

    Raises:
        BadInput: the file cannot be read, or is an animation.
    """
    with opened(place) as image:
        n = frames(image)
        if n > 1 and image.format != "TIFF":
            raise BadInput(f"{place}: is an animation of {n} frames; save it as a TIFF stack, or frame by frame")
        return n, image.getexif().get(ExifTags.Base.Orientation, 1)


def recolour(picture: Picture, colour: Colour) -> Picture:
    """Grey to RGB by repetition, RGB to grey by ITU-R 601 with Pillow's 16-bit weights."""
    if colour == "rgb":
        return np.broadcast_to(picture, (3, *picture.shape[1:]))
    if len(picture) == 1:
        return picture
    R, G, B = picture.astype(np.uint32)
    grey: Picture = ((19595 * R + 38470 * G + 7471 * B + 0x8000) >> 16).astype(np.uint8)[np.newaxis]
    return grey


def scaled(values: NDArray[np.integer]) -> NDArray[np.uint8]:
    """16 bits as 8: v / 257, rounded."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


@contextmanager
def opened(place: Place) -> Iterator[Image.Image]:
    """A file's picture, not yet decoded; whatever Pillow raises or warns of meanwhile becomes one line.

    Raises:
        BadInput: it is no picture, is damaged, or has more pixels than Pillow takes for honest.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(place.path, formats=FORMATS) as image:
                yield image
        except BadInput:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            found = str(error).partition("(")[2].partition(")")[0] or "too many pixels"
            raise BadInput(
                f"{place}: has {found}, more than the {Image.MAX_IMAGE_PIXELS} that are read; cut it into tiles, or "
                "make it smaller"
            ) from None
        except UnidentifiedImageError:
            raise BadInput(f"{place}: {unreadable(place)}; export it again, or take it away") from None
        except Exception as error:  # a damaged file leads decoders to raise whatever there is
            said = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
            raise BadInput(f"{place}: is damaged: {said}; copy or export it again") from None


def unreadable(place: Place) -> str:
    """What a file is that is no picture."""
    with place.path.open("rb") as file:
        start = file.read(12)
    return f"is no picture that is read here: it begins with {start!r}" if start else "is empty"


def frames(image: Image.Image) -> int:
    return 1 if image.format == "MPO" else getattr(image, "n_frames", 1)


def pixels(image: Image.Image, place: Place) -> Picture:
    """The pixels of a picture, upright.

    Raises:
        BadInput: its mode is none that the rules name, or something shows through it.
    """
    mode = image.mode
    upright = ImageOps.exif_transpose(image)
    if mode in SIXTEEN:
        return scaled(np.asarray(upright))[np.newaxis]
    if mode not in PLAIN:
        raise BadInput(
            f"{place}: its pixels are {mode}, and should be black and white, grey, palette or RGB; {CONVERT}"
        )
    if upright.has_transparency_data and upright.convert("RGBA").getchannel("A").getextrema() != (255, 255):
        raise BadInput(f"{place}: is transparent in places; put it on the background that you want, and {CONVERT}")
    array = np.asarray(upright.convert(PLAIN[mode]))
    return array[np.newaxis] if array.ndim == 2 else np.moveaxis(array, -1, 0)
