"""Metrics of a stream, each row of which is predicted before it is learnt from: over a window, faded, and of means.

W rows of a window, K classes. S curves: the one of the second of two classes, or of each of more against all others.

Source: Gama, Sebastiao & Rodrigues 2013, Machine Learning 90: sliding windows and fading factors; Brzezinski &
Stefanowski 2017, Knowledge and Information Systems 52: the area under the ROC curve over a sliding window.
Differs: they keep a tree and walk over the window for the area; here its count of pairs is kept up to date, in whole
numbers, at two searches and a move within two sorted arrays a row.
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numba import njit

from bakeoff.online.kernels import Floats, Ints


class Window(NamedTuple):
    """The last W rows, and statistics of all rows.

    Attributes:
        scores: (W, S), of which the oldest is at seen % W; labels, hits and costs (W,) go with them.
        ordered: (S, 2, W) the scores of negatives and of positives, sorted, as many as `sizes` (S, 2) says.
        pairs: (S,) twice the number of pairs in which the positive has the higher score, a tie counting one.
        counts: rows seen; hits in the window.
        faded: weight of all rows; weighted sums of hits and of costs.
        lengths: (L,) numbers of costs that are averaged.
        running: (L, 2) costs of the mean that is being filled, and their sum.
        means: (L, 3) full means; their mean; the sum of their squared differences from it.
    """

    scores: Floats
    labels: Ints
    hits: Ints
    costs: Floats
    ordered: Floats
    sizes: Ints
    pairs: Ints
    counts: Ints
    faded: Floats
    lengths: Ints
    running: Floats
    means: Floats

    @classmethod
    def empty(cls, classes: int, length: int, averaged: Sequence[int]) -> Self:
        S, L = 1 if classes == 2 else classes, len(averaged)
        return cls(
            scores=np.zeros((length, S)),
            labels=np.zeros(length, np.int64),
            hits=np.zeros(length, np.int64),
            costs=np.zeros(length),
            ordered=np.zeros((S, 2, length)),
            sizes=np.zeros((S, 2), np.int64),
            pairs=np.zeros(S, np.int64),
            counts=np.zeros(2, np.int64),
            faded=np.zeros(3),
            lengths=np.array(averaged, np.int64),
            running=np.zeros((L, 2)),
            means=np.zeros((L, 3)),
        )

    def copy(self) -> Self:
        return self._replace(**{name: array.copy() for name, array in self._asdict().items()})

    @property
    def area(self) -> float | None:
        """Under the ROC curve, the mean of more than one; None while a class is missing."""
        products = self.sizes.prod(axis=1)
        return float(np.mean(self.pairs / (2 * products))) if products.all() else None

    def measure(self) -> dict[str, float]:
        """A row of the history; `window/auc` is left out while the window holds no row of some class."""
        there = min(int(self.counts[0]), len(self.costs))
        area = self.area
        return {
            "window/accuracy": int(self.counts[1]) / there,
            **({"window/auc": area} if area is not None else {}),
            "window/loss": float(self.costs[:there].sum()) / there,
            "faded/accuracy": float(self.faded[1] / self.faded[0]),
            "faded/loss": float(self.faded[2] / self.faded[0]),
        }

    def deviations(self) -> dict[str, float]:
        """Return by k the standard deviation of the means of k consecutive losses; at least two means are needed."""
        return {
            f"loss.mean{k}/deviation": float(np.sqrt(squares / (full - 1)))
            for k, (full, _, squares) in zip(self.lengths.tolist(), self.means.tolist(), strict=True)
            if full > 1
        }


@njit(cache=True)
def place(values: Floats, size: int, score: float, after: bool) -> int:
    """Return the number of the first `size` sorted values below a score, or with `after` not above it."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if values[middle] < score or (after and values[middle] == score):
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True)
def won(others: Floats, size: int, score: float, positive: int) -> int:
    """Twice the pairs of a score with those of the other class in which the positive is higher; a tie counts one."""
    below, upto = place(others, size, score, False), place(others, size, score, True)
    return below + upto if positive else 2 * size - below - upto


@njit(cache=True, nogil=True)
def see(window: Window, scores: Floats, labels: Ints, hits: Ints, costs: Floats, fading: float) -> None:
    """Takes in rows, one after the other.

    Args:
        scores: (n, S); labels, hits and costs (n,).
    """
    W, S = window.scores.shape
    for i in range(len(labels)):
        at = window.counts[0] % W
        full = window.counts[0] >= W
        if full:
            window.counts[1] -= window.hits[at]
        for s in range(S):
            ordered, sizes = window.ordered[s], window.sizes[s]
            if full:
                positive = int(window.labels[at] == (1 if S == 1 else s))
                own, size = ordered[positive], sizes[positive]
                window.pairs[s] -= won(ordered[1 - positive], sizes[1 - positive], window.scores[at, s], positive)
                for j in range(place(own, size, window.scores[at, s], False), size - 1):
                    own[j] = own[j + 1]
                sizes[positive] -= 1
            positive = int(labels[i] == (1 if S == 1 else s))
            own, size = ordered[positive], sizes[positive]
            window.pairs[s] += won(ordered[1 - positive], sizes[1 - positive], scores[i, s], positive)
            spot = place(own, size, scores[i, s], True)
            for j in range(size, spot, -1):
                own[j] = own[j - 1]
            own[spot] = scores[i, s]
            sizes[positive] += 1
            window.scores[at, s] = scores[i, s]
        window.labels[at], window.hits[at], window.costs[at] = labels[i], hits[i], costs[i]
        window.counts[0] += 1
        window.counts[1] += hits[i]
        window.faded[0] = 1 + fading * window.faded[0]
        window.faded[1] = hits[i] + fading * window.faded[1]
        window.faded[2] = costs[i] + fading * window.faded[2]
        for j in range(len(window.lengths)):
            window.running[j, 0] += 1
            window.running[j, 1] += costs[i]
            if window.running[j, 0] == window.lengths[j]:
                mean = window.running[j, 1] / window.lengths[j]
                window.means[j, 0] += 1
                away = mean - window.means[j, 1]
                window.means[j, 1] += away / window.means[j, 0]
                window.means[j, 2] += away * (mean - window.means[j, 1])
                window.running[j] = 0
