"""The figure of a study's slices: the objective of each trial against each of its hyperparameters."""

from typing import Any

from matplotlib.axes import Axes as Panel
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bakeoff.report.escaping import label
from bakeoff.report.figures.contest import INK, plain_logarithm, png, style
from bakeoff.report.figures.palette import METHODS
from bakeoff.report.figures.trials import NONE, objective_axis, position, shown_trials, ticks
from bakeoff.report.formatting import SHORT, heading
from bakeoff.results.importance import cut
from bakeoff.results.model import TuningComparison

COLUMNS = 4
CROWDED = 4  # ticks, from which their text is turned


def draw_slices(study: TuningComparison) -> bytes:
    """Draw a panel for each hyperparameter, with a point for each trial in the colour of its method."""
    rows = -(-len(study.space) // COLUMNS)
    columns = min(len(study.space), COLUMNS)
    with style():
        figure = Figure(figsize=(max(2.5 * columns, 5.0), 2.7 * rows + 0.4), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False, sharey=True).flatten()
        for number, panel in enumerate(panels):
            if number < len(study.space):
                draw_slice(panel, study, number)
            else:
                panel.set_visible(False)
        for row in range(rows):
            panels[row * columns].set_ylabel(f"validation {SHORT[study.metric]}")
        methods = [cell.method for cell in study.cells]
        marks = [Line2D([], [], color=METHODS[method], marker="o", linestyle="", label=method) for method in methods]
        figure.legend(handles=marks, loc="outside upper center", ncols=min(len(marks), 6))
        return png(figure)


def draw_slice(panel: Panel, study: TuningComparison, number: int) -> None:
    """Draw the trials against one hyperparameter; losses above the limit stand at it."""
    axis, points = study.space[number], shown_trials(study)
    limit = study.importance.limit
    for cell in study.cells:
        ended = [point if limit is None else cut(point, limit) for point in cell.points if point.objective is not None]
        places = [position(axis, point.values[number]) for point in ended]
        values = [point.objective for point in ended if point.objective is not None]
        panel.plot(places, values, "o", color=METHODS[cell.method], markersize=4, alpha=0.6, markeredgewidth=0)
    if points:
        best = points[-1]
        panel.plot(
            [position(axis, best.values[number])],
            [best.objective or 0.0],
            "o",
            markersize=9,
            markerfacecolor="none",
            markeredgecolor=INK,
        )
    marks = sorted(ticks(axis, upside_down=False))
    if any(point.values[number] is None for point in points):
        marks = [(NONE, "none"), *marks]
    crowded: dict[str, Any] = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if len(marks) > CROWDED else {}
    panel.set_xticks([place for place, _ in marks], [words for _, words in marks], **crowded)
    panel.set(xlabel=label(heading(axis.name)), xlim=(min(place for place, _ in [*marks, (0.0, "")]) - 0.06, 1.06))
    if objective_axis(study, points).scale == "log":
        panel.set_yscale("log")
        plain_logarithm(panel, (1, 2, 5))
