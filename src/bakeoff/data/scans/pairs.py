"""Pairs the files of two folders, images and masks, by their names without the suffix."""

from collections.abc import Iterable

from bakeoff.data.images.places import Place
from bakeoff.settings import BadInput


def pairs(images: Iterable[Place], masks: Iterable[Place]) -> list[tuple[Place, Place]]:
    """Each image with its mask, in the order of their names.

    Raises:
        BadInput: one has no partner, or two have one name.
    """
    x, y = by_stem(images), by_stem(masks)
    for one, other, what in ((x, y, "mask"), (y, x, "image")):
        if alone := sorted(one.keys() - other.keys()):
            more = f" (and {len(alone) - 1} more)" if len(alone) > 1 else ""
            raise BadInput(f"{one[alone[0]]}{more}: there is no {what} named '{alone[0]}'; add it, or take this away")
    return [(x[name], y[name]) for name in sorted(x)]


def by_stem(files: Iterable[Place]) -> dict[str, Place]:
    """Files by their names without the suffix; `.nii.gz` is one.

    Raises:
        BadInput: two have one name.
    """
    found: dict[str, Place] = {}
    for file in files:
        name = stem(file)
        if name in found:
            raise BadInput(f"{file}: is named '{name}' as {found[name].name} is; rename one, and its partner")
        found[name] = file
    return found


def stem(file: Place) -> str:
    return file.path.with_suffix("").stem if file.name.lower().endswith(".nii.gz") else file.path.stem
