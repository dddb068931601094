"""The fixed subset of the validation data that is measured while a training is on its way."""

import numpy as np
from numpy.typing import NDArray

SEED = 0  # the subset depends on the data and its size alone


def drawn(strata: NDArray[np.integer], count: int) -> NDArray[np.int64]:
    """Return the indices of a number of random examples, ascending, stratified, with at least one of each stratum.

    Each stratum has its share of them, to the nearest example. More are drawn if there are more strata than `count`.

    Args:
        strata: (N,), of each example: its class.
    """
    order = np.random.default_rng(SEED).permutation(len(strata))
    _, inverse, sizes = np.unique(strata[order], return_inverse=True, return_counts=True)
    together = np.argsort(inverse, kind="stable")  # one stratum behind the other, each in random order
    within = np.empty(len(order), np.int64)  # the place of each example in its stratum
    within[together] = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    turn = np.where(within == 0, -1.0, (within + 0.5) / sizes[inverse])
    first = np.argsort(turn, kind="stable")[: max(count, len(sizes))]
    return np.sort(order[first])
