"""A random order in which every class is spread evenly: any stretch of it is a stratified sample."""

import numpy as np
from numpy.typing import NDArray


def stratified(y: NDArray[np.generic], generator: np.random.Generator) -> NDArray[np.intp]:
    """A random order of the N examples in which any stretch holds each class by its share, within one example of it.

    Args:
        y: (N,), the class of each example.
    """
    shuffled = generator.permutation(len(y))
    rank = np.empty(len(y))
    for label in np.unique(y):
        rows = np.flatnonzero(y[shuffled] == label)
        rank[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return shuffled[np.argsort(rank, kind="stable")]
