"""The figures over all problems: ranks, times to the target, ways over functions of the plane."""

import math
from collections.abc import Mapping, Sequence

import matplotlib.ticker
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bakeoff.optimizers.registry import OPTIMIZERS, Optimizers
from bakeoff.optimizers.trajectories import FUNCTIONS, PlaneFunction, best_rate, trajectory
from bakeoff.report.figures.contest import INK, png, style
from bakeoff.report.figures.palette import COLOURS, dashes
from bakeoff.report.formatting import DASH, percent
from bakeoff.report.sections import one_setting
from bakeoff.results.model import Comparison, OneSetting, Profile, Ranks
from bakeoff.results.step_costs import Costs, profiles

Values = NDArray[np.float64]

MOST = 16.0  # times the fastest, at the right end of a profile


def of_comparison(comparison: Comparison, costs: Costs) -> dict[str, bytes]:
    """Return those that need nothing but comparison.json and what steps cost, by their names on the pages."""
    drawn = {"ranks.png": critical_differences(comparison.ranks)} if comparison.ranks else {}
    found = profiles(comparison, costs)
    drawn |= {"profile.png": draw_profiles(found)} if found else {}
    relaxed = {f"target relaxed by {percent(of.relaxation)}": of for of in comparison.relaxed_profiles}
    drawn |= {one_setting.RELAXED: draw_profiles(relaxed, "{}", "scores")} if relaxed else {}
    return drawn | (of_one_setting(comparison.one_setting) if comparison.one_setting else {})


def of_one_setting(found: OneSetting) -> dict[str, bytes]:
    """Return the figures of the second ruleset."""
    drawn = {one_setting.RANKS: critical_differences(found.ranks)} if found.ranks else {}
    by_target = one_setting.by_target(found)
    return drawn | ({one_setting.PROFILE: draw_profiles(by_target, "{}", "scores")} if by_target else {})


def critical_differences(ranks: Ranks) -> bytes:
    """Draw mean ranks on a line, the best on the left; a bar joins those that are statistically tied.

    Source: Demsar 2006, JMLR 7, figure 1.
    """
    mean = ranks.mean
    names = sorted(mean, key=lambda name: (mean[name], name))
    left = names[: (len(names) + 1) // 2]
    with style():
        levels = places(ranks.groups, mean)
        below = 0.26 * (1 + max(levels, default=-1))
        figure = Figure(figsize=(6.6, 1.35 + below + 0.24 * len(left)), layout="constrained")
        axis = figure.subplots()
        k, first = len(names), below + 0.42
        deep = first + 0.24 * len(left)
        axis.set(xlim=(1 - 0.34 * k, k + 0.34 * k), ylim=(deep, -0.95))
        axis.axis("off")
        axis.hlines(0, 1, k, color=INK, linewidth=1.2)
        for rank in range(1, k + 1):
            axis.vlines(rank, -0.09, 0, color=INK, linewidth=1.0)
            axis.text(rank, -0.15, str(rank), ha="center", va="bottom", fontsize=8)
        axis.text(1 - 0.04 * k, 0, "mean rank", ha="right", va="center", fontsize=8, color="#555555")
        axis.errorbar(
            [1 + ranks.difference / 2], [-0.62], xerr=ranks.difference / 2, color=INK, capsize=4, linewidth=1.4
        )
        axis.text(
            1 + ranks.difference + 0.015 * k,
            -0.62,
            f"critical difference {ranks.difference:.2f}",
            va="center",
            fontsize=8,
        )
        for group, level in zip(ranks.groups, levels, strict=True):
            low, high = mean[group[0]], mean[group[-1]]
            axis.plot(
                [low - 0.06, high + 0.06], [0.22 + 0.26 * level] * 2, color=INK, linewidth=3.2, solid_capstyle="round"
            )
        for place, name in enumerate(names):
            on_left = place < len(left)
            y = first + 0.24 * (place if on_left else len(names) - 1 - place)
            end = 1 - 0.06 * k if on_left else k + 0.06 * k
            axis.plot(
                [mean[name], mean[name], end], [0, y, y], color=COLOURS[name], linewidth=1.3, linestyle=dashes(name)
            )
            axis.plot(mean[name], 0, "o", color=COLOURS[name], markersize=5, zorder=3)
            label, side = (f"{name}  {mean[name]:.2f}", "right") if on_left else (f"{mean[name]:.2f}  {name}", "left")
            axis.text(end + (-0.02 if on_left else 0.02) * k, y, label, ha=side, va="center")
        return png(figure)


def places(groups: Sequence[Sequence[str]], mean: Mapping[str, float]) -> list[int]:
    """Return for each bar the first row in which no bar before it comes close."""
    taken: list[float] = []  # how far each row is filled
    rows = []
    for group in groups:
        low, high = mean[group[0]], mean[group[-1]]
        row = next((row for row, end in enumerate(taken) if low > end + 0.3), len(taken))
        taken[row : row + 1] = [high]
        rows.append(row)
    return rows


def draw_profiles(found: Mapping[str, Profile], title: str = "time in {}", legend: str = "score by {}") -> bytes:
    """Draw performance profiles, a panel each: the share of problems solved within a multiple of the fastest's time.

    Args:
        found: by what the time is counted in, or by another name.
        title: of a panel, with a place for its name.
        legend: its title, with a place for all names.

    Source: Dolan & More 2002, Mathematical Programming 91.
    """
    first = next(iter(found.values())).score
    order = sorted(first, key=lambda name: (-first[name], name))
    with style():
        figure = Figure(figsize=(2.4 + min(3.4 * len(found), 7.2), 3.7), layout="constrained")
        axes = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
        for axis, (unit, profile) in zip(axes, found.items(), strict=True):
            draw_profile(axis, profile, [name for name in order if name in profile.score])
            axis.set(title=title.format(unit), xlabel="time to the target,\ntimes that of the fastest")
        axes[0].set_ylabel("share of the problems solved")
        lines = [Line2D([], [], color=COLOURS[name], linestyle=dashes(name)) for name in order]
        scores = {name: [profile.score.get(name) for profile in found.values()] for name in order}
        labels = [f"{name}  {' / '.join(DASH if s is None else f'{s:.2f}' for s in scores[name])}" for name in order]
        heading = legend.format(" / ".join(found))
        figure.legend(lines, labels, loc="outside right upper", title=heading, alignment="left")
        return png(figure)


def draw_profile(axis: Axes, profile: Profile, order: Sequence[str]) -> None:
    """Draw one profile; lines that lie on each other are moved apart slightly."""
    problems = len(profile.problems)
    for place, name in enumerate(order):
        ratios = np.sort([math.inf if ratio is None else ratio for ratio in profile.ratios[name]])
        solved = ratios[ratios <= MOST]
        x = [1.0, *solved, MOST]
        share = np.array([0.0, *(np.arange(1, len(solved) + 1) / problems), len(solved) / problems])
        hair = 0.007 * (len(order) / 2 - place)
        axis.step(x, share + hair, where="post", color=COLOURS[name], linestyle=dashes(name))
    axis.set(xscale="log", xlim=(1, MOST), ylim=(-0.06, 1.06))
    axis.xaxis.set_major_locator(matplotlib.ticker.FixedLocator([1, 2, 4, 8, 16]))
    axis.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:g}"))
    axis.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axis.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1.0, decimals=0))


STEPS = 100  # of a trajectory
TOGETHER = 4  # optimizers of one panel
LEVELS = 14  # contours of a function, evenly apart in the logarithm of its height above the least


def trajectories(comparison: Comparison, optimizers: Optimizers) -> bytes:
    """Draw those of the contest, each at the best of its rates on each function, its other hyperparameters as they are.

    Args:
        optimizers: the section of params.yaml.
    """
    contenders = {name: getattr(optimizers, name).defaults for task in comparison.tasks.values() for name in task.state}
    paths: dict[str, dict[str, Values]] = {function: {} for function in FUNCTIONS}
    for function, plane in FUNCTIONS.items():
        for name, hyperparameters in contenders.items():
            rate = best_rate(OPTIMIZERS[name], hyperparameters, plane, STEPS)
            best = hyperparameters.model_copy(update={"learning_rate": rate})
            paths[function][name] = trajectory(OPTIMIZERS[name], best, plane, STEPS)
    return draw_trajectories(paths)


def draw_trajectories(paths: Mapping[str, Mapping[str, Values]]) -> bytes:
    """Draw trajectories in the plane, a column a function and a row for every few optimizers.

    A dot marks the end of a trajectory, stars the minima, a ring the start.

    Args:
        paths: by function and optimizer places (steps + 1, 2); NaN from where one diverges.
    """
    names = [name for name in COLOURS if any(name in found for found in paths.values())]
    rows = math.ceil(len(names) / TOGETHER)
    groups = [
        names[start::rows] for start in range(rows)
    ]  # in turn, so that a rule and its variants are in different panels
    with style():
        figure = Figure(figsize=(1.2 + 2.6 * len(paths), 0.6 + 2.2 * rows), layout="constrained")
        axes = figure.subplots(rows, len(paths), sharex="col", sharey="col", squeeze=False)
        for line, group in zip(axes, groups, strict=True):
            for axis, (function, found) in zip(line, paths.items(), strict=True):
                draw_plane(axis, FUNCTIONS[function])
                for name in group:
                    x, y = inside(found[name], FUNCTIONS[function]).T
                    axis.plot(x, y, color=COLOURS[name], linestyle=dashes(name), linewidth=1.3, label=name)
                    axis.plot(x[-1], y[-1], "o", color=COLOURS[name], markersize=5)
            line[-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
        for axis, function in zip(axes[0], paths, strict=True):
            axis.set_title(function)
        return png(figure)


def draw_plane(axis: Axes, function: PlaneFunction) -> None:
    """Draw contours, start and minima."""
    (left, right), (bottom, top) = function.window
    x, y = np.meshgrid(np.linspace(left, right, 240), np.linspace(bottom, top, 240))
    height = function.value(x, y) - min(function.value(*place) for place in function.minima)
    levels = np.geomspace(height.max() * 1e-4, height.max(), LEVELS)
    axis.contour(x, y, height, levels=levels, colors="#c4c4c4", linewidths=0.7)
    axis.plot(*np.array(function.minima).T, "*", color=INK, markersize=10, linestyle="none", zorder=5)
    axis.plot(*function.start, "o", color=INK, markerfacecolor="white", markersize=7, zorder=5)
    axis.set(xlim=(left, right), ylim=(bottom, top))
    axis.grid(visible=False)


def inside(places: Values, function: PlaneFunction) -> Values:
    """Return a trajectory until it diverges or is far outside the window."""
    low, high = np.array(function.window).T
    margin = high - low
    near = np.all(np.isfinite(places) & (places > low - margin) & (places < high + margin), axis=1)
    end = len(places) if near.all() else max(int(near.argmin()), 1)
    return places[:end]
