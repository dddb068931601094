"""The figure of a study of two objectives: its trials, and the front of each method."""

from collections.abc import Sequence
from typing import Literal

import matplotlib.ticker
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from bakeoff.report.figures.contest import FAINT, INK, png, style, wide
from bakeoff.report.figures.palette import METHODS
from bakeoff.report.formatting import SHORT, WEIGHTS
from bakeoff.results.model import FrontComparison, FrontSearch, Values
from bakeoff.tuning.measures import PARAMETERS, sign


def draw_fronts(study: FrontComparison) -> bytes:
    """Draw the trials as dots, with the second objective to the right, and each method's front as a line of steps."""
    first, second = study.objectives
    points = [point for search in study.searches for point in search.points]
    with style():
        figure = Figure(figsize=(6.6, 4.2), layout="constrained")
        axis = figure.subplots()
        axis.set(xlabel=words(second), ylabel=words(first))
        if study.reference is None:
            axis.text(0.5, 0.5, "every trial diverged", ha="center", va="center", color=FAINT, transform=axis.transAxes)
            return png(figure)
        axis.set_xscale(scale(second, [x for _, x in points]))
        axis.set_yscale(scale(first, [y for y, _ in points]))
        for way in (axis.xaxis, axis.yaxis):
            ticked(way)
        for place, search in enumerate(study.searches):
            draw_search(axis, search, study.reference, above=3 - place / len(study.searches))
        draw_confirmed(axis, study)
        handles, names = axis.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=min(len(names), 4))
        return png(figure)


def draw_search(axis: Axes, search: FrontSearch, reference: Values, above: float) -> None:
    """Draw the trials of a method and its front, down to the worst values; what lies behind the line is dominated.

    Args:
        above: the larger, the nearer to the top.
    """
    colour = METHODS[search.method]
    xs, ys = [x for _, x in search.points], [y for y, _ in search.points]
    axis.plot(xs, ys, "o", color=colour, alpha=0.3, markersize=5, markeredgewidth=0, zorder=2)
    if search.front:
        front = search.front[::-1]  # the best by the objective to the right first
        xs, ys = [x for _, x in front], [y for y, _ in front]
        line = ([xs[0], *xs, reference[1]], [reference[0], *ys, ys[-1]])
        axis.step(*line, where="post", color=colour, label=search.method, zorder=above)
        axis.plot(xs, ys, "o", color=colour, markersize=4, zorder=above)


def draw_confirmed(axis: Axes, study: FrontComparison) -> None:
    """Draw the means of the trials of the common front over new seeds."""
    found = [(trial.confirmed[1].mean, trial.confirmed[0].mean) for trial in study.front]
    shown = [(x, y) for x, y in found if x is not None and y is not None]
    if shown:
        xs, ys = zip(*shown, strict=True)
        axis.plot(xs, ys, "o", color=INK, markerfacecolor="none", markersize=7, zorder=4, label="from new seeds")


def scale(objective: str, values: Sequence[float]) -> Literal["linear", "log"]:
    """Return the scale of an axis: logarithmic where values of which less is better span a decade or more."""
    return "log" if sign(objective) > 0 and wide(values) else "linear"


def ticked(way: Axis) -> None:
    """Write the ticks of an axis out; three in each decade of a logarithmic one."""
    if way.get_scale() == "log":
        way.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
        way.set_minor_formatter(matplotlib.ticker.NullFormatter())
    way.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,g}"))


def words(objective: str) -> str:
    """Return the label of an axis."""
    return WEIGHTS[objective] if objective == PARAMETERS else f"validation {SHORT[objective]}"
