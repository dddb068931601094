"""Classes and probabilities of examples, as lines of a CSV file."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.inference.models import Trained

# Examples that a network takes at once. It always takes as many, the last ones filled up with zeros: a batch of another
# size may round differently, and the probabilities of a row should not depend on the rows beside it.
BATCH = 64


def header(first: str, model: Trained) -> list[str]:
    """Return the names of the columns.

    Args:
        first: what names an example.
    """
    return [first, "predicted", *(f"probability.{name}" for name in model.classes)]


def probabilities(model: Trained, x: NDArray[Any]) -> NDArray[np.float32]:
    """Return the probabilities of the classes (N, K) of examples.

    Args:
        x: (N, D) or (N, C, H, W).
    """
    return np.concatenate([*batches(model, x), np.empty((0, len(model.classes)), np.float32)])


def batches(model: Trained, x: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
    """Yield the probabilities of `BATCH` examples after the other."""
    for start in range(0, len(x), BATCH):
        some = x[start : start + BATCH]
        filled = np.concatenate([some, np.zeros((BATCH - len(some), *x.shape[1:]), x.dtype)])
        yield model.predictor.predict(filled)[: len(some)]


def lines(model: Trained, names: Sequence[object], x: NDArray[Any]) -> Iterator[list[object]]:
    """Yield the name, the most probable class and the probabilities of each example.

    Args:
        x: (N, D) or (N, C, H, W).
    """
    for name, row in zip(names, chain.from_iterable(batches(model, x)), strict=True):
        yield [name, model.classes[int(row.argmax())], *row.tolist()]
