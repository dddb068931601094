"""Pareto fronts of two objectives, of both of which less is better.

Source: non-domination as in Deb, Pratap, Agarwal & Meyarivan 2002, IEEE Transactions on Evolutionary Computation 6(2);
the hypervolume of Zitzler & Thiele 1999, IEEE Transactions on Evolutionary Computation 3(4).
"""

import math
from collections.abc import Sequence

Pair = tuple[float, float]


def front(points: Sequence[Pair]) -> list[int]:
    """Return the places of the non-dominated points, the best by the first objective first.

    A point dominates another if it is no worse in both objectives and better in one. Of equal points the first counts.
    A point that is not finite (a diverged trial) is dominated by every other, and is left out.
    """
    finite = [place for place, point in enumerate(points) if all(map(math.isfinite, point))]
    least, found = math.inf, []
    for place in sorted(finite, key=lambda place: (points[place], place)):
        if points[place][1] < least:
            least = points[place][1]
            found.append(place)
    return found


def worst(points: Sequence[Pair]) -> Pair:
    """Return the largest value of each objective, the reference point of a hypervolume."""
    return max(first for first, _ in points), max(second for _, second in points)


def ideal(points: Sequence[Pair]) -> Pair:
    """Return the least value of each objective."""
    return min(first for first, _ in points), min(second for _, second in points)


def hypervolume(points: Sequence[Pair], reference: Pair) -> float:
    """Return the area that the points dominate, up to the reference point, which none of them exceeds."""
    area, height = 0.0, reference[1]
    for first, second in (points[place] for place in front(points)):
        area += (reference[0] - first) * (height - second)
        height = second
    return area


def spread(count: int, most: int) -> list[int]:
    """Return evenly spaced indices of an ordered front, at most `most`, with both ends; the first if `most` is 1."""
    if count <= most:
        return list(range(count))
    if most == 1:
        return [0]
    return [(2 * k * (count - 1) + most - 1) // (2 * (most - 1)) for k in range(most)]
