"""Handwritten digits as bytes, shuffled, and split so that each class keeps its share.

N images; C, H, W channels, height and width.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bakeoff.data.examples import Examples, Split
from bakeoff.data.images.settings import CountSplitSettings
from bakeoff.settings import BadInput

Bytes = NDArray[np.uint8]
CLASSES = tuple("0123456789")


def read(path: Path) -> tuple[Bytes, Bytes]:
    """Images (N, 1, 28, 28) and labels (N,) of a table with 784 pixels and the label in each line."""
    table = pd.read_csv(path, header=None, dtype=np.uint8).to_numpy()
    return table[:, :-1].reshape(-1, 1, 28, 28), table[:, -1]


def split(x: Bytes, y: Bytes, classes: tuple[str, ...], settings: CountSplitSettings) -> Examples:
    """Shuffled, stratified splits; what validation and test leave is there to train on.

    Raises:
        BadInput: nothing is left.
    """
    held = settings.validation + settings.test
    if held >= len(y):
        raise BadInput(
            f"params.yaml: data.images.split: validation + test is {held}, and should be below {len(y)}, "
            "the number of images"
        )
    order = stratified(y, np.random.default_rng(settings.seed))
    parts = np.split(order, [settings.test, held])
    test, validation, train = (Split(np.ascontiguousarray(x[rows]), y[rows]) for rows in parts)
    return Examples(train, validation, test, classes)


def stratified(y: Bytes, generator: np.random.Generator) -> NDArray[np.intp]:
    """A random order in which any stretch holds each class by its share, within one example of it."""
    shuffled = generator.permutation(len(y))
    rank = np.empty(len(y))
    for label in np.unique(y):
        rows = np.flatnonzero(y[shuffled] == label)
        rank[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return shuffled[np.argsort(rank, kind="stable")]
