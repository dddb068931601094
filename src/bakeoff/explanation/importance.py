"""Permutation importance of a table's columns.

N rows, D columns of the encoded table, K classes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.encoding.encoder import Encoder

Score = Callable[[NDArray[np.float32]], float]  # of encoded rows (N, D)


@dataclass(frozen=True)
class Importance:
    """The drop of a score where the values of a column are permuted.

    Attributes:
        drops: one for each permutation.
    """

    column: str
    drops: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.drops))

    @property
    def deviation(self) -> float:
        """The standard deviation over the permutations, as scikit-learn has it (divided by their number)."""
        return float(np.std(self.drops))


def groups(encoder: Encoder) -> dict[str, slice]:
    """Return by raw column its encoded ones: that of a number, or all one-hot columns of a category."""
    found = {name: slice(place, place + 1) for place, name in enumerate(encoder.numeric)}
    start = len(found)
    for name, category in encoder.categories.items():
        found[name] = slice(start, start + len(category.values))
        start += len(category.values)
    return found


def importances(
    score: Score,
    x: NDArray[np.float32],
    columns: Mapping[str, slice],
    *,
    repeats: int,
    seed: int,
    advance: Callable[[int], object],
) -> list[Importance]:
    """Return the importance of each column, the largest first.

    The encoded columns of a raw one are permuted together. A permutation depends on the seed, the place of the column
    and the number of the repeat alone.

    Args:
        x: (N, D); holds what it held when this returns.
        advance: called for each permutation that is done.

    Source: Breiman 2001, Machine Learning 45; Fisher, Rudin & Dominici 2019, JMLR 20.
    """
    base = score(x)
    found = []
    for place, (name, where) in enumerate(columns.items()):
        kept = x[:, where].copy()
        drops = []
        for repeat in range(repeats):
            order = np.random.default_rng([seed, place, repeat]).permutation(len(x))
            x[:, where] = kept[order]
            drops.append(base - score(x))
            advance(1)
        x[:, where] = kept
        found.append(Importance(name, tuple(drops)))
    return sorted(found, key=lambda one: -one.mean)
