"""The figure of the contest of the searchers: the regret of each method on each problem, by trials."""

import matplotlib.ticker
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bakeoff.report.escaping import label
from bakeoff.report.figures.contest import png, style
from bakeoff.report.figures.palette import METHODS
from bakeoff.tuner_contest.model import MethodOnProblem, ProblemResult, TunerContest

COLUMNS = 3
FLOOR = 1e-4  # regrets below are drawn here: the axis is logarithmic


def draw_contest(contest: TunerContest) -> bytes:
    """Draw a panel for each problem: median regrets of the best so far, with their intervals."""
    count = len(contest.problems)
    columns = min(count, COLUMNS)
    rows = -(-count // columns)
    with style():
        figure = Figure(figsize=(max(3.1 * columns, 4.6), 2.6 * rows + 0.7), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel().tolist()
        for panel, (name, problem) in zip(panels, contest.problems.items(), strict=False):
            draw_problem(panel, name, problem, contest)
        for panel in panels[count:]:
            panel.set_visible(False)
        for number, panel in enumerate(panels[:count]):
            if number % columns == 0:
                panel.set_ylabel("median regret")
            if number + columns >= count:
                panel.set_xlabel("trials")
                panel.tick_params(labelbottom=True)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=min(len(names), 7))
        return png(figure)


def draw_problem(panel: Axes, name: str, problem: ProblemResult, contest: TunerContest) -> None:
    panel.set_title(label(name) + (" (trainings)" if name in contest.tables else f" ({problem.dimensions} dimensions)"))
    panel.set_xscale("log", base=2)
    panel.set_yscale("log")
    for method, found in problem.methods.items():
        draw_method(panel, method, found, contest.trials)
    panel.xaxis.set_major_locator(matplotlib.ticker.FixedLocator(list(contest.trials)))
    panel.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    panel.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:g}"))
    panel.set_xlim(1, max(contest.trials[-1], 2))  # an axis needs a length


def draw_method(panel: Axes, method: str, found: MethodOnProblem, trials: tuple[int, ...]) -> None:
    """Draw a line through all trials; of a grid, whose points depend on its budget, marks at the budgets."""
    of = found.curve or found.regrets
    places = np.arange(1, len(of) + 1) if found.curve else np.array(trials)
    middle = np.maximum([one.value for one in of], FLOOR)
    low, high = np.maximum(np.array([one.interval for one in of]).T, FLOOR)
    colour = METHODS[method]
    if found.curve:
        panel.fill_between(places, low, high, color=colour, alpha=0.12, linewidth=0)
        marker = "o" if len(of) == 1 else None  # a line through one trial cannot be seen
        panel.plot(places, middle, color=colour, marker=marker, markersize=4, label=method)
    else:
        bars = np.array([middle - low, high - middle])
        panel.errorbar(places, middle, bars, color=colour, fmt="s", markersize=4, linewidth=1, label=method)
