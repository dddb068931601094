"""A readable map of words: a dot at the position of each word, and labels that do not overlap. N words."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bakeoff.report.escaping import label
from bakeoff.report.figures.contest import FAINT, png, style
from bakeoff.report.figures.palette import COLOURS

INCHES = (11.0, 8.5)
LABEL, SMALL = 8.0, 6.5  # points: of words of a group, and of others
DOT = 1.6  # half of a dot, in points
DIRECTIONS, RINGS = 12, 8  # positions tried for a label around its dot: angles and distances
OTHER = "#777777"  # the labels of words in no group
RING = 6.0  # points from one ring to the next

Floats = NDArray[np.float64]


def draw(title: str, words: Sequence[str], places: Floats, groups: Mapping[str, Sequence[str]]) -> bytes:
    """Draw words at places (N, 2); those of a group in its colour and always named, others if there is room.

    Nearby words stay near on such maps; their axes mean nothing, and bear no numbers.
    """
    colour = {word: c for group, c in zip(groups.values(), COLOURS.values(), strict=False) for word in group}
    with style():
        figure = Figure(figsize=INCHES, layout="constrained")
        axis = figure.subplots()
        others = np.array([word not in colour for word in words])
        axis.plot(*places[others].T, "o", markersize=2 * DOT - 1, color=FAINT)
        for name, group in groups.items():
            marked = np.array([word in group for word in words])
            axis.plot(*places[marked].T, "o", markersize=2 * DOT + 1, color=colour[group[0]], label=name)
        axis.set(title=title, xticks=[], yticks=[])
        axis.grid(False)
        axis.margins(0.06)
        if groups:
            figure.legend(loc="outside lower center", ncols=len(groups), handletextpad=0.2)
        figure.draw_without_rendering()  # settles the axes, so that labels can be placed in points
        points = axis.transData.transform(places) * 72 / figure.dpi
        sizes = [LABEL if word in colour else SMALL for word in words]
        shown = list(map(label, words))
        for place, found in labels(points, shown, sizes, [word in colour for word in words]).items():
            word = words[place]
            line = {"arrowstyle": "-", "color": FAINT, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 1}
            axis.annotate(
                shown[place],
                places[place],
                xytext=found,
                textcoords="offset points",
                ha="center",
                va="center",
                fontsize=sizes[place],
                color=colour.get(word, OTHER),
                weight="bold" if word in colour else "normal",
                arrowprops=line if math.hypot(*found) > 2 * RING + width(shown[place], sizes[place]) / 2 else None,
            )
        return png(figure)


def labels(
    points: Floats, words: Sequence[str], sizes: Sequence[float], needed: Sequence[bool]
) -> dict[int, tuple[float, float]]:
    """Return the centre of each word's label, relative to its dot: the nearest free place.

    Those needed come first; where none is free, they stand where they cover least, and others are left out.

    Args:
        points: (N, 2), where the dots are, in typographic points.
    """
    dots = np.hstack([points - DOT, points + DOT])
    taken = np.vstack([dots, np.full((len(words), 4), np.nan)])  # left, bottom, right, top
    placed: dict[int, tuple[float, float]] = {}
    for place in sorted(range(len(words)), key=lambda place: not needed[place]):
        half = np.array([width(words[place], sizes[place]), sizes[place]]) / 2
        rings = RINGS if needed[place] else 1
        best, least = None, math.inf
        for offset in offsets(half, rings):
            middle = points[place] + offset
            covered = overlap(np.hstack([middle - half, middle + half]), taken)
            if covered < least:
                best, least = offset, covered
            if not covered:
                break
        if best is not None and (needed[place] or not least):
            placed[place] = (float(best[0]), float(best[1]))
            middle = points[place] + best
            taken[len(words) + place] = *(middle - half), *(middle + half)
    return placed


def offsets(half: Floats, rings: int) -> Iterator[Floats]:
    """Yield places around a dot, the nearest first: so far off that the label's edge, not its middle, is near."""
    for ring, step in itertools.product(range(rings), range(DIRECTIONS)):
        angle = 2 * math.pi * step / DIRECTIONS
        way = np.array([math.cos(angle), math.sin(angle)])
        yield way * (half + DOT + 1.5 + ring * RING)


def overlap(box: Floats, others: Floats) -> float:
    """Return the area that a box shares with others; boxes of NaN share none."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    return float(np.nansum(np.maximum(high - low, 0).prod(axis=1)))


def width(word: str, size: float) -> float:
    """Return an upper bound of the width in DejaVu Sans, bold at the size LABEL."""
    return (0.70 if size == LABEL else 0.62) * size * len(word)
