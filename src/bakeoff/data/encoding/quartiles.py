"""Exact quartiles of numbers that come in batches, in memory that does not grow with them.

A float64 becomes an integer of the same order, and each of four scans counts what the next 16 of its 64 bits are: a
radix sort (Knuth 1998, The Art of Computer Programming 3, 5.2.5) that follows only the wanted ranks and moves nothing.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

BITS = 16
SIGN = np.uint64(1 << 63)
Scan = Callable[[], Iterable[NDArray[np.float64]]]


def quartiles(scan: Scan, n: int) -> tuple[float, float, float]:
    """At 25, 50 and 75 %, between neighbours by NumPy's `linear` rule.

    Args:
        scan: gives the batches, the same ones each time: n > 0 finite numbers.
    """
    places = [share * (n - 1) for share in (0.25, 0.5, 0.75)]
    below = [int(place) for place in places]
    ranks = sorted({rank for low in below for rank in (low, min(low + 1, n - 1))})
    value = dict(zip(ranks, order_statistics(scan, ranks), strict=True))
    first, second, third = (
        between(value[low], value[min(low + 1, n - 1)], place - low) for low, place in zip(below, places, strict=True)
    )
    return first, second, third


def between(low: float, high: float, share: float) -> float:
    """As `numpy.quantile` rounds it: from the nearer end."""
    return low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share)


def order_statistics(scan: Scan, ranks: Sequence[int]) -> NDArray[np.float64]:
    """The values that would stand at these ranks, counted from 0, were all numbers sorted."""
    sought = [(0, rank) for rank in ranks]  # the leading bits found so far, and the rank among numbers that begin so
    for shift in range(64 - BITS, -1, -BITS):
        counts = {head: np.zeros(1 << BITS, np.int64) for head, _ in sought}
        for values in scan():
            heads = ordered(values) >> np.uint64(shift)
            for head, count in counts.items():
                tails = heads[heads >> np.uint64(BITS) == head] & np.uint64((1 << BITS) - 1)
                count += np.bincount(tails.astype(np.int64), minlength=1 << BITS)
        sought = [narrowed(head, rank, counts[head]) for head, rank in sought]
    bits = np.array([head for head, _ in sought], np.uint64)
    return np.where(bits & SIGN, bits ^ SIGN, ~bits).view(np.float64)


def narrowed(head: int, rank: int, count: NDArray[np.int64]) -> tuple[int, int]:
    """The bits with those of the next digit, and the rank among numbers that begin with all of them."""
    up_to = count.cumsum()
    digit = int(np.searchsorted(up_to, rank, side="right"))
    return head << BITS | digit, rank - int(up_to[digit] - count[digit])


def ordered(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Integers in the order of the numbers, by IEEE 754's layout: sign, exponent, fraction."""
    bits = values.view(np.uint64)
    return np.where(bits & SIGN, ~bits, bits | SIGN)
