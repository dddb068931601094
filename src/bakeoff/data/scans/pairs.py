"""Pairs the files of two folders, images and masks, by their names without the suffix.

nnU-Net names an image after its mask and its channel, case_0000 for case; such names pair too.
"""

import re
from collections.abc import Iterable
from pathlib import PurePath

from bakeoff.base.settings import BadInput
from bakeoff.data.images.source_tree import Place
from bakeoff.data.remarks import Remarks

CHANNEL = re.compile(r"(?P<case>.+)_\d{4}")


def pairs(images: Iterable[Place], masks: Iterable[Place], remarks: Remarks) -> list[tuple[Place, Place]]:
    """Return each image with its mask, in the order of their names.

    Raises:
        BadInput: one has no partner, or two have one name.
    """
    y = by_stem(masks)
    x = without_channels(by_stem(images), y, remarks)
    for one, other, what in ((x, y, "mask"), (y, x, "image")):
        if alone := sorted(one.keys() - other.keys()):
            more = f" (and {len(alone) - 1} more)" if len(alone) > 1 else ""
            without = sorted(other.keys() - one.keys())
            there = f", and {other[without[0]].name} has no partner either" if without else ""
            raise BadInput(
                f"{one[alone[0]]}{more}: no {what} is named '{alone[0]}'{there}; add it, give both files one name, "
                "or remove this file"
            )
    return [(x[name], y[name]) for name in sorted(x)]


def without_channels(images: dict[str, Place], masks: dict[str, Place], remarks: Remarks) -> dict[str, Place]:
    """Return the images under the names of their masks, where they have nnU-Net's names.

    Raises:
        BadInput: a mask has images of several channels.
    """
    found: dict[str, Place] = {}
    for name, image in images.items():
        match = CHANNEL.fullmatch(name)
        named = name
        if name not in masks and match and match["case"] in masks:
            named = match["case"]
            remarks.add("an image is paired with the mask of its name without the channel's number", str(image))
        if named in found:
            raise BadInput(
                f"{image}: this image and {found[named].name} both belong to the mask {masks[named].name}: expected "
                "one image for each mask; keep the images of one channel"
            )
        found[named] = image
    return found


def by_stem(files: Iterable[Place]) -> dict[str, Place]:
    """Return files by their names without the suffix; `.nii.gz` is one.

    Raises:
        BadInput: two have one name.
    """
    found: dict[str, Place] = {}
    for file in files:
        name = stem(file)
        if name in found:
            raise BadInput(
                f"{file}: this file and {found[name].name} are both named '{name}'; rename one, and its partner"
            )
        found[name] = file
    return found


def stem(file: Place) -> str:
    """Return the name without the suffix, in normalization form C."""
    name = PurePath(file.name)
    return name.with_suffix("").stem if file.name.lower().endswith(".nii.gz") else name.stem
