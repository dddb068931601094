"""The figure of a study's trials: parallel coordinates, and the importance of each hyperparameter."""

from collections.abc import Sequence
from typing import Any, Literal

import matplotlib
import matplotlib.ticker
import numpy as np
from matplotlib.axes import Axes as Panel
from matplotlib.figure import Figure

from bakeoff.report.escaping import label
from bakeoff.report.figures.contest import FAINT, INK, png, style, wide
from bakeoff.report.formatting import SHORT, heading
from bakeoff.results.importance import cut, unit
from bakeoff.results.model import Axis, SearchTrial, TuningComparison

NONE = -0.14  # position of trials without a hyperparameter, below its axis
NEAR = 0.08  # of an axis, between two ticks at least
COLOURS = matplotlib.colormaps["viridis_r"]  # perceptually uniform, the worst pale
BAR = "#0072b2"


def shown_trials(study: TuningComparison) -> list[SearchTrial]:
    """Return the trials of all methods that ended, the best last, with losses up to the limit."""
    limit = study.importance.limit
    ended = [point for cell in study.cells for point in cell.points if point.objective is not None]
    ordered = sorted(ended, key=lambda point: goodness(study, point))
    return ordered if limit is None else [cut(point, limit) for point in ordered]


def goodness(study: TuningComparison, point: SearchTrial) -> float:
    """Return the objective, or for a loss its negative."""
    value = np.nan if point.objective is None else point.objective
    return -value if study.metric == "loss" else value


def draw_trials(study: TuningComparison) -> bytes:
    """Draw one line per trial through the axes of the hyperparameters and the objective, and one bar per axis."""
    points = shown_trials(study)
    axes = [*study.space, objective_axis(study, points)]
    with style():
        width = 1.05 * max(len(axes), 4)
        height = max(3.6, 1.0 + 0.35 * len(study.space))
        figure = Figure(figsize=(max(width + 3.1, 9.3), height), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[max(width, 6.2), 2.3])
        draw_lines(left, axes, points, upside_down=study.metric == "loss", cut_off=study.importance.limit)
        draw_importance(right, study)
        return png(figure)


def objective_axis(study: TuningComparison, points: Sequence[SearchTrial]) -> Axis:
    """Return the axis of the objective, from the worst to the best value; logarithmic for losses over a decade."""
    values = [point.objective for point in points if point.objective is not None] or [0.0, 1.0]
    ends = (min(values), max(values)) if min(values) < max(values) else (values[0] - 0.5, values[0] + 0.5)
    scale: Literal["linear", "log"] = "log" if study.metric == "loss" and wide(values) else "linear"
    return Axis(name=SHORT[study.metric], scale=scale, choices=(), ends=ends)


def position(axis: Axis, value: float | str | None) -> float:
    """Return the position of a value on its axis, from 0 to 1; NONE for a trial without the hyperparameter."""
    return NONE if value is None else unit(axis, value)


def draw_lines(
    panel: Panel, axes: Sequence[Axis], points: Sequence[SearchTrial], upside_down: bool, cut_off: float | None
) -> None:
    """Draw the axes, and the trials from the worst to the best.

    Args:
        upside_down: whether less of the objective is better; the best value is at the top.
        cut_off: where the axis of the objective ends although values lie beyond.
    """
    last = len(axes) - 1
    for number, point in enumerate(points, start=1):
        row = [position(axis, value) for axis, value in zip(axes, point.values, strict=False)]
        end = unit(axes[-1], point.objective or 0.0)
        end = 1 - end if upside_down else end
        best = number == len(points)
        panel.plot(
            range(len(axes)),
            [*row, end],
            color=COLOURS(0.05 + 0.95 * end),
            linewidth=3.2 if best else 1.0,
            alpha=1.0 if best else 0.75,
            marker="o" if best else None,
            markersize=6,
            zorder=3 if best else 2,
        )
    for place, axis in enumerate(axes):
        panel.plot([place, place], [0, 1], color=INK, linewidth=1.0, zorder=4)
        marks = ticks(axis, upside_down and place == last)
        if place == last and cut_off is not None:
            marks = [(0.0, f"≥ {cut_off:.2g}"), *(mark for mark in marks if mark[0] >= NEAR)]
        if place < last and any(point.values[place] is None for point in points):
            marks = [(NONE, "none"), *marks]
        for height, words in marks:
            panel.plot([place - 0.03, place], [height, height], color=INK, linewidth=0.8, zorder=4)
            behind: dict[str, Any] = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6}
            aside: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": 8, "color": INK}
            panel.text(place - 0.05, height, words, zorder=5, bbox=behind, **aside)
        bold = "bold" if place == last else "normal"
        name = label(heading(axis.name)) if place < last else axis.name
        above = name.replace("_", "_\n").replace(".", ".\n") if len(name) > 9 else name
        panel.text(place, 1.05, above, ha="center", va="bottom", color=INK, fontweight=bold)
    lowest = min([NONE for point in points if None in point.values], default=0.0)
    panel.set(xlim=(-0.6, last + 0.15), ylim=(lowest - 0.05, 1.02), xticks=[], yticks=[])
    panel.spines[:].set_visible(False)
    panel.grid(visible=False)


def ticks(axis: Axis, upside_down: bool) -> list[tuple[float, str]]:
    """Return the ticks of an axis, from 0 to 1, with their text."""
    if axis.ends is None:
        return [(unit(axis, choice), label(choice)) for choice in axis.choices]
    low, high = axis.ends
    candidates: list[float]
    match axis.scale:
        case "log":
            candidates = powers(low, high)
        case "one_minus":
            candidates = [1 - lacking for lacking in powers(1 - high, 1 - low)]
        case _:
            candidates = list(map(float, matplotlib.ticker.MaxNLocator(nbins=5).tick_values(low, high)))
    shown: dict[float, str] = {}
    for value in candidates:
        place = unit(axis, value)
        inside = low - 1e-9 * abs(low) <= value <= high + 1e-9 * abs(high)
        if inside and all(abs(place - other) >= NEAR for other in shown):
            shown[place] = short(value)
    return [(1 - place if upside_down else place, words) for place, words in shown.items()]


def powers(low: float, high: float) -> list[float]:
    """Return powers of ten between two numbers; below two and a half decades then their multiples by 2 and 5."""
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    multiples = (1, 2, 5) if high / low < 300 else (1,)
    return [float(f"{multiple}e{decade}") for multiple in multiples for decade in decades]


def short(value: float) -> str:
    """Return a number without the zeros of its exponent: 1e-6."""
    return f"{value:.6g}".replace("e-0", "e-").replace("e+0", "e")


def draw_importance(panel: Panel, study: TuningComparison) -> None:
    """Draw one bar per hyperparameter, the most important at the top; a line of text if there are none."""
    panel.set_title("importance")
    shares = dict(sorted(study.importance.shares.items(), key=lambda item: item[1]))
    if not shares:
        panel.text(0.5, 0.5, "not computed", ha="center", va="center", color=FAINT, transform=panel.transAxes)
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set_visible(False)
        return
    panel.barh(range(len(shares)), list(shares.values()), height=0.6, color=BAR)
    for place, share in enumerate(shares.values()):
        panel.text(share + 0.02, place, f"{100 * share:.0f}%", va="center", color=INK)
    panel.set_yticks(range(len(shares)), [label(heading(name)) for name in shares])
    panel.set(xlim=(0, 1.18), xlabel="share of the variance")
    panel.set_xticks([0, 0.5, 1], ["0", "50%", "100%"])
    panel.grid(axis="y", visible=False)
