"""The IDX format of MNIST and its relatives: a header that tells type and shape, then the bytes, packed or not.

    0 0 TYPE D, then D sizes of 4 bytes, most significant first; TYPE 8 is unsigned bytes.

Source: LeCun, Cortes & Burges, The MNIST database of handwritten digits, "file formats".
"""

import re
from collections.abc import Mapping
from math import prod

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.images.labelled import Labelled, Part, from_arrays
from bakeoff.data.images.source_tree import Place
from bakeoff.data.sources import archive

NAME = re.compile(r"(?P<set>.*)(?P<what>images|labels)[-.]idx[13]-ubyte(\.gz)?")
UNSIGNED_BYTES = 8
BLOCK = 1 << 18  # bytes read at a time


def find(folder: Place) -> dict[str, Place]:
    """The files by role, `train_images` and so on; empty if the folder holds no IDX files.

    Raises:
        BadInput: a part is there twice, or what belongs together is not all there.
    """
    files: dict[str, Place] = {}
    for place in folder.files():
        if not (match := NAME.fullmatch(place.name)):
            continue
        part = "test" if re.search("t10k|test", match["set"]) else "train"
        role = f"{part}_{match['what']}"
        if role in files:
            raise BadInput(
                f"{place}: the {part} {match['what']} are in {files[role].name} too; keep one of the two files"
            )
        files[role] = place
    for part in ("train", "test"):
        for what, other in (("images", "labels"), ("labels", "images")):
            if f"{part}_{what}" in files and f"{part}_{other}" not in files:
                raise BadInput(
                    f"{files[f'{part}_{what}']}: the file of the {part} {other} is missing; put it into the same folder"
                )
    if files and "train_images" not in files:
        raise BadInput(f"{folder}: the train images are missing beside the test images; add train-images-idx3-ubyte")
    return files


def read(shown: str, files: Mapping[str, Place]) -> Labelled:
    """The images of a train part and, if there is one, a test part.

    Raises:
        BadInput: a file is not as the format has it, or there are more images than labels, or fewer.
    """
    test = pair(files["test_images"], files["test_labels"]) if "test_images" in files else None
    return from_arrays(shown, pair(files["train_images"], files["train_labels"]), test, None)


def pair(images: Place, labels: Place) -> Part:
    """Images (N, 1, H, W) and their labels (N,)."""
    x, y = array(images, 3), array(labels, 1)
    if len(x) != len(y):
        raise BadInput(
            f"{labels}: found {len(y)} labels: expected {len(x)}, the number of images in {images.name}; copy both "
            "files again"
        )
    return x[:, np.newaxis], y


def array(place: Place, dimensions: int) -> NDArray[np.uint8]:
    """The array that a file holds.

    Raises:
        BadInput: type or dimensions are not as they should be, or there are fewer or more bytes than the header says.
    """
    with archive.stream(place.path) as file:
        magic = file.read(4)
        wanted = bytes([0, 0, UNSIGNED_BYTES, dimensions])
        if magic != wanted:
            raise BadInput(
                f"{place}: invalid magic number {magic.hex(' ')}: expected {wanted.hex(' ')} "
                f"({dimensions}-dimensional, unsigned bytes); copy the file again"
            )
        shape = tuple(np.frombuffer(file.read(4 * dimensions).ljust(4 * dimensions, b"\0"), ">u4").tolist())
        size = prod(shape)
        if not size:
            raise BadInput(
                f"{place}: invalid dimensions {shape} in the header: expected sizes of 1 or more; copy the file again"
            )
        if size > place.limits.array_bytes:
            raise BadInput(
                f"{place}: the dimensions {shape} in the header take {size} bytes: expected at most "
                f"{place.limits.array_bytes} (params.yaml: limits.array_bytes); copy the file again, or raise the limit"
            )
        content = bytearray()  # grows with the data, whatever size the header states
        while len(content) < size and (block := file.read(min(BLOCK, size - len(content)))):
            content += block
        if len(content) < size or file.read(1):
            found = f"only {len(content)} bytes" if len(content) < size else f"more than {size} bytes"
            raise BadInput(
                f"{place}: {found} follow the header: expected {size}, for its dimensions are {shape}; copy the file "
                "again"
            )
    return np.frombuffer(content, np.uint8).reshape(shape)
