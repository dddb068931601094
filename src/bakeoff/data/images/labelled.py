"""The result of every reader of images: pictures with a class each, decoded one at a time.

N images; C, H, W channels (1 or 3), height and width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.images.pixels import Picture
from bakeoff.data.stratify import stratified

Part = tuple[NDArray[np.generic], NDArray[np.generic]]  # x (n, C, H, W) uint8 or uint16 and y (n,)


@dataclass(frozen=True)
class Labelled:
    """Pictures, those of train first, then those of validation, then those of test.

    Attributes:
        shown: the source, as messages call it.
        y: (N,) the class of each, an index into `classes`.
        parts: how many the source itself puts into train, validation and test; a source without parts has train alone.
        picture: the n-th one, (C, H, W), uint8 or uint16.
        place: the n-th one's, in messages.
        whole: how many the source has, where these are a part of them.
    """

    shown: str
    y: NDArray[np.intp]
    classes: tuple[str, ...]
    parts: tuple[int, int, int]
    picture: Callable[[int], Picture]
    place: Callable[[int], str]
    whole: int | None = None


def part(found: Labelled, take: int, seed: int) -> Labelled:
    """Return so many of the pictures: of each class and of each part of the source its share, drawn at random.

    Returns the source itself where it has no more.
    """
    if take >= len(found.y):
        return found
    parts = np.repeat(np.arange(len(found.parts)), found.parts)
    order = stratified(parts * len(found.classes) + found.y, np.random.default_rng(seed))
    rows = np.sort(order[:take])
    train, validation, test = np.bincount(parts[rows], minlength=len(found.parts)).tolist()
    return replace(
        found,
        y=found.y[rows],
        parts=(train, validation, test),
        picture=lambda n: found.picture(int(rows[n])),
        place=lambda n: found.place(int(rows[n])),
        whole=len(found.y),
    )


def from_arrays(shown: str, train: Part, test: Part | None, names: Sequence[str] | None) -> Labelled:
    """Pictures that are in memory already.

    Args:
        names: of the labels 0, 1, ...; without, the labels that occur are names themselves.

    Raises:
        BadInput: the images of test have another shape than those of train.
    """
    if test and test[0].shape[1:] != train[0].shape[1:]:
        raise BadInput(
            f"{shown}: the images of train have the shape {train[0].shape[1:]} (C, H, W) but those of test "
            f"{test[0].shape[1:]}; bring both to one shape"
        )
    given = [train, test] if test else [train]
    x, labels = (np.concatenate(arrays) for arrays in zip(*given, strict=True))
    values, y = np.unique(labels, return_inverse=True)
    classes = tuple(names) if names else tuple(map(str, values))
    return Labelled(
        shown=shown,
        y=labels.astype(np.intp) if names else y,
        classes=classes,
        parts=(len(train[1]), 0, len(test[1]) if test else 0),
        picture=lambda n: x[n],
        place=lambda n: f"{shown}: image {n}",
    )
