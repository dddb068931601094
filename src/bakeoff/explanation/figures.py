"""The figures of an explanation. N pictures; C, H, W channels, height and width; K classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bakeoff.explanation.calibration import Bin
from bakeoff.explanation.importance import Importance
from bakeoff.report.escaping import label
from bakeoff.report.figures.contest import FAINT, INK, draw_picture, png, shown, style

BLUE = "#0072b2"
COUNTED = 20  # classes at most whose counts are written into the cells
ACROSS = 6  # pictures of a row


def confusion(counts: NDArray[np.int64], classes: Sequence[str]) -> bytes:
    """Draw counts (K labelled, K predicted); the colour is the share of the label's examples."""
    K = len(classes)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(max(2.5, 0.5 * K), 9)
    with style():
        figure = Figure(figsize=(side + 1.5, side + 1), layout="constrained")
        axis = figure.subplots()
        axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
        axis.grid(visible=False)
        axis.set(xlabel="predicted", ylabel="label")
        if K <= COUNTED:
            names = [label(name) for name in classes]
            axis.set_xticks(range(K), names, rotation=90)
            axis.set_yticks(range(K), names)
            for row, column in np.ndindex(K, K):
                colour = "white" if share[row, column] > 0.5 else INK if counts[row, column] else FAINT
                axis.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", color=colour, fontsize=7)
        return png(figure)


def reliability(bins: Sequence[Bin]) -> bytes:
    """Draw the accuracy of each bin over its confidence, and below how many predictions each has."""
    filled = [one for one in bins if one.count]
    width = bins[0].high - bins[0].low
    middles = [one.low + width / 2 for one in filled]
    with style():
        figure = Figure(figsize=(4.4, 4.8), layout="constrained")
        above, below = figure.subplots(2, sharex=True, height_ratios=[3, 1])
        above.bar(middles, [one.accuracy or 0 for one in filled], 0.94 * width, color=BLUE)
        above.plot([0, 1], [0, 1], color=FAINT, linestyle="--", linewidth=1)
        above.plot([one.confidence for one in filled], [one.accuracy for one in filled], "o", color=INK, markersize=3)
        above.set(ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
        total = sum(one.count for one in filled)
        below.bar(middles, [one.count / total for one in filled], 0.94 * width, color=FAINT)
        below.set(xlabel="confidence", ylabel="share", ylim=(0, 1))
        return png(figure)


def pictures(x: NDArray[Any], captions: Sequence[str]) -> bytes:
    """Draw pictures (N, C, H, W) with a caption below each.

    Args:
        x: uint8, 255ths, or float32 between 0 and 1.
    """
    scaled = x / 255 if x.dtype == np.uint8 else np.clip(x, 0, 1)
    rows = -(-len(x) // ACROSS)
    with style():
        figure = Figure(figsize=(1.6 * ACROSS, 2.0 * rows), layout="constrained")
        axes = figure.subplots(rows, ACROSS, squeeze=False).ravel()
        for axis in axes:
            axis.set_axis_off()
        for axis, image, caption in zip(axes, shown(scaled), captions, strict=False):
            axis.set_axis_on()
            draw_picture(axis, image)
            axis.set_xlabel(caption, fontsize=7)
        return png(figure)


def importances(found: Sequence[Importance], metric: str) -> bytes:
    """Draw the mean drop of each column, with the standard deviation over its permutations."""
    with style():
        figure = Figure(figsize=(6, 0.8 + 0.22 * len(found)), layout="constrained")
        axis = figure.subplots()
        names, places = [label(one.column) for one in found], range(len(found))
        means, deviations = [one.mean for one in found], [one.deviation for one in found]
        axis.barh(places, means, xerr=deviations, color=BLUE, ecolor=INK, error_kw={"linewidth": 1})
        axis.set_yticks(places, names)
        axis.invert_yaxis()
        axis.set_xlabel(f"drop of {metric}")
        return png(figure)
