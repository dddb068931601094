"""CIFAR-10 and CIFAR-100 as their authors publish them: records of bytes, or Python's pickles of arrays.

An image is 3072 bytes: 32 x 32 of red, then of green, then of blue, row by row. Of CIFAR-100's labels, the fine one.

Source: Krizhevsky 2009, Learning multiple layers of features from tiny images; www.cs.toronto.edu/~kriz/cifar.html.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bakeoff.base.settings import BadInput
from bakeoff.data.images import unpickle
from bakeoff.data.images.labelled import Labelled, Part, from_arrays
from bakeoff.data.images.source_tree import Place
from bakeoff.data.sources.addresses import said

SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32
REMEDY = "download the archive again"


@dataclass(frozen=True)
class Edition:
    """The layout of one of the four publications.

    Attributes:
        names: the file with the names of the classes.
    """

    train: tuple[str, ...]
    test: str
    names: str
    read_names: Callable[[Place], tuple[str, ...]]
    read: Callable[[Place], Part]


def records(place: Place, labels: int) -> Part:
    """Images and labels of a binary file, each record `labels` bytes, of which the last counts, and an image."""
    content = np.fromfile(place.path, np.uint8)
    size = labels + PIXELS
    if not len(content) or len(content) % size:
        raise BadInput(
            f"{place}: invalid file size {len(content)}: expected a multiple of {size} bytes, one record for each "
            f"image; {REMEDY}"
        )
    table = content.reshape(-1, size)
    return table[:, labels:].reshape(-1, *SHAPE), table[:, labels - 1]


def batch(place: Place, key: str) -> Part:
    """Images and labels of a pickle."""
    held = unpickle.load(place)
    for name in ("data", key):
        if name not in held:
            raise BadInput(f"{place}: the key {name!r} is missing (found: {', '.join(sorted(held))}); {REMEDY}")
    x, y = held["data"], held[key]
    if not isinstance(y, list) or not all(isinstance(label, int) for label in y):
        raise BadInput(f"{place}: invalid value {shown(y)} of {key!r}: expected a list of whole numbers; {REMEDY}")
    if not isinstance(x, np.ndarray) or x.dtype != np.uint8 or x.shape != (len(y), PIXELS):
        raise BadInput(
            f"{place}: invalid value {shown(x)} of 'data': expected an array of {len(y)} x {PIXELS} bytes, one row for "
            f"each label; {REMEDY}"
        )
    return x.reshape(-1, *SHAPE), np.array(y, np.int64)


def shown(value: Any) -> str:
    """Return a value of a pickle, cut short; an array by its type and shape."""
    return f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else said(repr(value))


def lines(place: Place) -> tuple[str, ...]:
    return tuple(place.path.read_text(encoding="utf-8").split())


def listed(place: Place, key: str) -> tuple[str, ...]:
    names = unpickle.load(place).get(key)
    if not isinstance(names, list) or not names or not all(isinstance(name, bytes | str) for name in names):
        raise BadInput(f"{place}: invalid value {shown(names)} of {key!r}: expected a list of class names; {REMEDY}")
    return tuple(unpickle.text(name) for name in names)


BATCHES = tuple(f"data_batch_{n}" for n in range(1, 6))
EDITIONS = (
    Edition(
        train=tuple(f"{name}.bin" for name in BATCHES),
        test="test_batch.bin",
        names="batches.meta.txt",
        read_names=lines,
        read=partial(records, labels=1),
    ),
    Edition(("train.bin",), "test.bin", "fine_label_names.txt", lines, partial(records, labels=2)),
    Edition(
        train=BATCHES,
        test="test_batch",
        names="batches.meta",
        read_names=partial(listed, key="label_names"),
        read=partial(batch, key="labels"),
    ),
    Edition(("train",), "test", "meta", partial(listed, key="fine_label_names"), partial(batch, key="fine_labels")),
)


def find(folder: Place) -> Edition | None:
    """The edition that a folder holds, told by the name of its first file."""
    names = {place.name for place in folder.files()}
    return next((edition for edition in EDITIONS if edition.train[0] in names), None)


def read(folder: Place, edition: Edition) -> Labelled:
    """The images of all batches, and those of test.

    Raises:
        BadInput: a file is missing or not as published, or a label has no name.
    """
    names = {place.name for place in folder.files()}
    if missing := [name for name in (*edition.train, edition.test, edition.names) if name not in names]:
        raise BadInput(f"{folder}: the file {missing[0]} is missing; unpack the whole archive there")
    batches = [edition.read(folder / name) for name in edition.train]
    x, y = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    test, classes = edition.read(folder / edition.test), edition.read_names(folder / edition.names)
    largest = max(int(y.max()), int(test[1].max()))
    if largest >= len(classes):
        raise BadInput(
            f"{folder}: invalid label {largest}: expected 0 to {len(classes) - 1}, for {edition.names} has "
            f"{len(classes)} names; {REMEDY}"
        )
    return from_arrays(str(folder), (x, y), test, classes)
