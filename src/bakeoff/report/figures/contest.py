"""The figures of the report: PNG, drawn on white, the same to the byte from the same numbers."""

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import matplotlib
import matplotlib.colors
import matplotlib.patches
import matplotlib.ticker
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from PIL import Image

from bakeoff.base.values import Metric
from bakeoff.report.escaping import label
from bakeoff.report.figures.palette import COLOURS, METHODS, dashes
from bakeoff.report.formatting import SHORT
from bakeoff.results.curves import Band, CurvePoint
from bakeoff.results.model import CellResult, Comparison, Search, Summary, TaskComparison, TuningComparison

STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: no figure depends on the machine's fonts
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "legend.frameon": False,
    "lines.linewidth": 1.6,
}
DOTS_PER_INCH = 110
LETTER = 0.09  # inches, the width of a letter at most
INK, FAINT = "#222222", "#9a9a9a"
TISSUE = ["#f2f2f2", "#7fb3d5", "#d98880", "#82c596", "#c39bd3", "#f5cb5c", "#8d99ae", "#5c6f82"]  # classes of a mask


@contextmanager
def style() -> Iterator[None]:
    """Set the style of all figures, whatever matplotlibrc the user has."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def png(figure: Figure) -> bytes:
    """Return PNG of 256 colours, a third of the size of a full one, without matplotlib's metadata."""
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH, facecolor="white")
    Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(small, format="png", optimize=True)
    return small.getvalue()


def of_comparison(comparison: Comparison, curves: Sequence[CurvePoint]) -> dict[str, bytes]:
    """Return the figures that need nothing but the comparison and the learning curves, by their names on the pages."""
    drawn = {f"tuning-{name}.png": searches(study) for name, study in comparison.tuning.items()}
    for name, task in comparison.tasks.items():
        drawn[f"curves-{name}.png"] = learning_curves([point for point in curves if point.task == name], task.metric)
        drawn[f"metric-{name}.png"] = final_metrics(task)
        drawn[f"rates-{name}.png"] = rates(task)
    return drawn


def learning_curves(points: Sequence[CurvePoint], metric: Metric) -> bytes:
    """Draw one task: validation loss above, metric below, a column a model; the bands span the seeds.

    Args:
        points: all of one task.
    """
    models = list(dict.fromkeys(point.model for point in points)) or ["no run reached a measured step"]
    optimizers = list(dict.fromkeys(point.optimizer for point in points))
    with style():
        figure = Figure(figsize=(1.2 + 2.7 * max(len(models), 2), 5.4), layout="constrained")
        axes = figure.subplots(2, len(models), sharex="col", squeeze=False)
        for column, model in enumerate(models):
            for optimizer in optimizers:
                curve = [point for point in points if (point.model, point.optimizer) == (model, optimizer)]
                draw_curve(axes[0, column], curve, [point.loss for point in curve], optimizer)
                draw_curve(axes[1, column], curve, [point.metric for point in curve], optimizer)
            last = max((point for point in points if point.model == model), key=lambda point: point.step, default=None)
            axes[0, column].set_title(model)
            axes[1, column].set_xlabel("step")
            axes[1, column].xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True, nbins=5))
            axes[1, column].set_xlim(0, 1.03 * last.step if last else 1)
            if last and last.epoch > 1:
                epochs_above(axes[0, column], last.step / last.epoch)
        if wide([point.loss.mean for point in points]):
            for axis in axes[0]:
                axis.set_yscale("log")
                plain_logarithm(axis, (1, 2, 5))
        axes[0, 0].set_ylabel("validation loss (subset)")
        axes[1, 0].set_ylabel(f"validation {SHORT[metric]} (subset)")
        lines = [
            Line2D([], [], color=COLOURS[optimizer], linestyle=dashes(optimizer), marker="o", markersize=4)
            for optimizer in optimizers
        ]
        across = balanced(len(lines), 2 + 2 * max(len(models), 2))
        figure.legend(lines, optimizers, loc="outside lower center", ncols=across, columnspacing=1.4)
        return png(figure)


def wide(losses: Sequence[float]) -> bool:
    """Return whether losses span a decade or more, so that a linear axis would show the largest alone."""
    return bool(losses) and 0 < 10 * min(losses) <= max(losses)


def epochs_above(axis: Axes, steps: float) -> None:
    """Draw an upper axis in epochs of so many steps."""
    above = axis.secondary_xaxis("top", functions=(partial(np.multiply, 1 / steps), partial(np.multiply, steps)))
    above.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True, nbins=6))
    above.set_xlabel("epoch")
    above.spines[:].set_visible(False)


def balanced(items: int, most: int) -> int:
    """Return a number of columns, at most so many, that leaves rows about equally long."""
    rows = max(math.ceil(items / most), 1)
    return max(math.ceil(items / rows), 1)


def draw_curve(axis: Axes, curve: Sequence[CurvePoint], bands: Sequence[Band], optimizer: str) -> None:
    """Draw mean and band of one cell; a cross stands where a seed was lost to divergence."""
    if not curve:
        return
    steps = [point.step for point in curve]
    means = [band.mean for band in bands]
    colour = COLOURS[optimizer]
    axis.fill_between(
        steps, [band.low for band in bands], [band.high for band in bands], color=colour, alpha=0.14, linewidth=0
    )
    axis.plot(steps, means, color=colour, linestyle=dashes(optimizer), marker="o", markersize=2.6)
    lost = [i for i, point in enumerate(curve) if point.lost]
    axis.plot([steps[i] for i in lost], [means[i] for i in lost], "x", color=colour, markersize=7, markeredgewidth=2)


def final_metrics(task: TaskComparison) -> bytes:
    """Draw one task's test metric: a dot and its interval a cell, a ring a seed, the leader at the top.

    A line stands where each baseline is.
    """
    cells = task.cells
    models = list(dict.fromkeys(cell.model for cell in cells))
    with style():
        figure = Figure(figsize=(6.6, 1.1 + 0.26 * len(cells)), layout="constrained")
        axis = figure.subplots()
        for place, cell in enumerate(cells):
            draw_interval(axis, place, cell.test, COLOURS[cell.optimizer])
        for baseline in task.baselines:
            axis.axvline(baseline.test, color=FAINT, linestyle="--", linewidth=1.2)
            axis.text(baseline.test, -0.65, baseline.model, color="#555555", ha="center", va="bottom")
        axis.set_yticks(range(len(cells)), [cell_label(cell, len(models) > 1) for cell in cells])
        for text, cell in zip(axis.get_yticklabels(), cells, strict=True):
            leading = cell.rank == 1 or cell.tied
            text.set(color=INK if leading else FAINT, fontweight="bold" if leading else "normal")
        axis.set(xlabel=f"test {SHORT[task.metric]}", ylim=(len(cells) - 0.4, -0.6))
        axis.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(nbins=7))
        axis.grid(axis="y", visible=False)
        title = "Ordered by the validation score; the leader and the cells tied with it are in bold"
        figure.suptitle(title, x=0.01, ha="left", color="#555555", fontsize=10)
        return png(figure)


NEAR = 0.5  # decades of the learning rate within which trials count as neighbours


def rates(task: TaskComparison) -> bytes:
    """Draw one task's trials: their metric against the learning rate, a column a model and a row an optimizer.

    The scale of the metric is the logarithm of what it lacks to 1, so that the best differ visibly. The band spans
    the trials that ended within half a decade of a rate, whatever their other hyperparameters were.
    """
    cells = {(cell.model, cell.optimizer): cell.search for cell in task.cells}
    models = sorted({model for model, _ in cells})
    optimizers = [name for name in COLOURS if any(name == optimizer for _, optimizer in cells)]
    with style():
        width, height = 1.5 + 2.5 * len(models), 1.5 + 0.8 * len(optimizers)
        figure = Figure(figsize=(width, height))
        axes = figure.subplots(len(optimizers), len(models), sharex=True, sharey="col", squeeze=False)
        # Manual layout: the constrained layout fails for this number of axes.
        figure.subplots_adjust(
            left=1.4 / width,
            right=1 - 0.1 / width,
            top=1 - 0.45 / height,
            bottom=0.95 / height,
            wspace=0.22,
            hspace=0.3,
        )
        for column, model in enumerate(models):
            ended = [score for name in optimizers for _, score in cells[model, name].trials if score is not None]
            floor = min(ended, default=0.0)
            for row, optimizer in enumerate(optimizers):
                draw_rates(axes[row, column], cells[model, optimizer], COLOURS[optimizer], floor)
            gap(axes[0, column], floor, max(ended, default=0.5))
            axes[0, column].set_title(f"{model}: validation {SHORT[task.metric]}", pad=9)
            axes[-1, column].set_xlabel("learning rate")
        for row, optimizer in enumerate(optimizers):
            axes[row, 0].set_ylabel(optimizer.replace("_", "\n"), rotation=0, ha="right", va="center")
        axes[0, 0].xaxis.set_major_locator(matplotlib.ticker.LogLocator(numticks=5))
        axes[0, 0].xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
        marks: dict[str, dict[str, Any]] = {
            "a trial": {"marker": "o", "markersize": 4},
            "diverged": {"marker": "x", "markersize": 6, "markeredgewidth": 1.6},
            "the rate picked": {"marker": "v", "markersize": 6},
            "default learning rate": {"linestyle": ":", "linewidth": 1.4},
        }
        lines = [Line2D([], [], **({"color": INK, "linestyle": "none"} | look)) for look in marks.values()]
        across = balanced(len(lines), 2 if len(models) == 1 else 4)
        figure.legend(lines, list(marks), loc="lower center", ncols=across, columnspacing=1.4)
        return png(figure)


def draw_rates(axis: Axes, search: Search, colour: str, floor: float) -> None:
    """Draw the trials of one cell; those that diverged stand at the floor."""
    ended = [(rate, score) for rate, score in search.trials if score is not None]
    lost = [rate for rate, score in search.trials if score is None]
    axis.set(xscale="log", yscale="log")
    if ended:
        x = [rate for rate, _ in ended]
        around = [[1 - s for r, s in ended if abs(np.log10(r / rate)) <= NEAR] for rate in x]
        low, high = list(map(min, around)), list(map(max, around))
        axis.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
        axis.plot(x, low, color=colour, linewidth=1.0)
        axis.plot(x, [1 - score for _, score in ended], "o", color=colour, markersize=4)
    axis.plot(lost, [1 - floor] * len(lost), "x", color=colour, markersize=6, markeredgewidth=1.6)
    pick = search.pick["learning_rate"]
    axis.plot(pick, 1.04, "v", color=INK, markersize=6, transform=axis.get_xaxis_transform(), clip_on=False)
    if search.default_rate is not None:
        axis.axvline(search.default_rate, color=INK, linestyle=":", linewidth=1.2)


def gap(axis: Axes, low: float, high: float) -> None:
    """Make an axis show a metric from `low` to `high`, by the logarithm of what it lacks to 1, upside down."""
    ticks = [0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999]
    worst, best = max(1 - low, 1e-6), max(1 - high, 1e-6)
    margin = (worst / best) ** 0.1
    axis.set_ylim(worst * margin, best / margin)
    evenly = list(map(float, matplotlib.ticker.MaxNLocator(nbins=4).tick_values(low, high)))  # for a narrow range
    inside, others = ([t for t in of if best / margin <= 1 - t <= worst * margin] for of in (ticks, evenly))
    if len(inside) < 2:
        inside = others
    shown: list[float] = []
    last = math.inf
    for tick in reversed(inside):  # from the top, where they matter, and none closer than a quarter of the axis
        place = np.log(1 - tick) / np.log(worst * margin**2 / best)
        if abs(place - last) >= 0.25:
            shown, last = [tick, *shown], place
    axis.yaxis.set_major_locator(matplotlib.ticker.FixedLocator([1 - tick for tick in shown]))
    axis.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda lacking, _: f"{1 - lacking:g}"))
    axis.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())


def draw_interval(axis: Axes, place: float, summary: Summary, colour: str, upright: bool = False) -> None:
    """Draw a ring a seed, the mean as a dot, and its interval as a bar; lying, or upright."""
    values = [value for value in summary.values if value is not None]
    mean = summary.mean
    if mean is None:
        return
    places = [place] * len(values)
    line = axis.vlines if upright else axis.hlines
    rings, dot = ((places, values), (place, mean)) if upright else ((values, places), (mean, place))
    axis.plot(rings[0], rings[1], "o", markersize=4, markerfacecolor="none", color=colour, alpha=0.8)
    if summary.interval:
        line(place, *summary.interval, color=colour, linewidth=2.2, alpha=0.75)
    axis.plot(dot[0], dot[1], "o", markersize=6, color=colour)


def cell_label(cell: CellResult, with_model: bool) -> str:
    name = f"{cell.model} · {cell.optimizer}" if with_model else str(cell.optimizer)
    return f"{name}  ({len(cell.diverged)} diverged)" if cell.diverged else name


def segmentations(scans: NDArray[Any], masks: NDArray[Any], predicted: NDArray[Any], classes: Sequence[str]) -> bytes:
    """Draw scan, mask and prediction, an example a column.

    Args:
        scans: (N, C, H, W) between 0 and 1; C is 1, or 3 for colours.
        masks: (N, H, W), indices of `classes`; so is `predicted`.
    """
    rows = [("scan", shown(scans)), ("mask", masks), ("prediction", predicted)]
    colours = [TISSUE[k % len(TISSUE)] for k in range(len(classes))]
    tissue = matplotlib.colors.ListedColormap(colours)
    with style():
        aspect = scans.shape[3] / scans.shape[2]
        width = 0.6 + 1.35 * aspect * len(scans)
        across = max(min(len(classes), 6, int(width / (0.5 + LETTER * max(len(label(name)) for name in classes)))), 1)
        below = math.ceil(len(classes) / across) - 1  # rows of the legend after the first
        figure = Figure(figsize=(width, 4.6 + 0.2 * below), layout="constrained")
        axes = figure.subplots(len(rows), len(scans), squeeze=False)
        for line, (name, images) in zip(axes, rows, strict=True):
            for axis, image in zip(line, images, strict=True):
                shading = {} if name == "scan" else {"cmap": tissue, "vmin": -0.5, "vmax": len(classes) - 0.5}
                draw_picture(axis, image, **shading)
            line[0].set_ylabel(name)
        patches = [matplotlib.patches.Patch(facecolor=colour, edgecolor=FAINT) for colour in colours]
        legend = figure.legend(patches, [""] * len(patches), loc="outside lower center", ncols=across)
        for text, name in zip(legend.get_texts(), classes, strict=True):
            text.set_text(label(name))  # afterwards, because a legend omits names with a leading underscore
        return png(figure)


def samples(pictures: Sequence[NDArray[Any]], classes: Sequence[str]) -> bytes:
    """Draw a few pictures of each class, one class per row, so that a wrong label or channel is visible.

    Args:
        pictures: of each class (N, C, H, W) between 0 and 1; C is 1, or 3 for colours.
    """
    across = max(map(len, pictures))
    C, H, W = pictures[0].shape[1:]
    with style():
        beside = max(1.2, LETTER * max(len(label(name)) for name in classes))
        figure = Figure(figsize=(beside + 0.62 * across * W / H, 0.66 * len(classes)), layout="constrained")
        axes = figure.subplots(len(classes), across, squeeze=False)
        for line, images, name in zip(axes, pictures, classes, strict=True):
            blank = np.ones((across - len(images), C, H, W))
            for axis, image in zip(line, shown(np.concatenate([images, blank])), strict=True):
                draw_picture(axis, image)
            line[0].set_ylabel(label(name), rotation=0, ha="right", va="center")
        return png(figure)


def shown(pictures: NDArray[Any]) -> NDArray[Any]:
    """Return pictures (N, C, H, W) as matplotlib takes colours: (N, H, W, 3)."""
    return np.moveaxis(np.broadcast_to(pictures, (len(pictures), 3, *pictures.shape[2:])), 1, -1)


def draw_picture(axis: Axes, picture: NDArray[Any], **shading: Any) -> None:
    axis.imshow(picture, interpolation="nearest", **shading)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    axis.grid(visible=False)


def searches(tuning: TuningComparison) -> bytes:
    """Draw the best objective so far against trainings spent, and beside it the best trial's on fresh seeds."""
    cells, loss, objective = tuning.cells, tuning.metric == "loss", SHORT[tuning.metric]
    with style():
        figure = Figure(figsize=(6.6, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[1.6, 1])
        for place, cell in enumerate(cells):
            colour = METHODS[cell.method]
            if cell.best_so_far:
                spent, best = zip(*cell.best_so_far, strict=True)
                left.step(spent, best, where="post", color=colour, label=cell.method)
                left.plot(spent[-1], best[-1], "o", markersize=4, color=colour)
            draw_interval(right, place, cell.validation, colour, upright=True)
        left.set(xlabel="trainings spent", ylabel=f"validation {objective}", title=f"best {objective} so far")
        left.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True, steps=[1, 2, 2.5, 5, 10]))
        left.legend(loc="upper right" if loss else "lower right")
        if loss:
            left.set_yscale("log")
            plain_logarithm(left)
        right.set(title="best trial, new seeds", xlim=(-0.6, len(cells) - 0.4))
        right.set_xticks(range(len(cells)), [cell.method for cell in cells], rotation=35, ha="right")
        right.grid(axis="x", visible=False)
        return png(figure)


def plain_logarithm(axis: Axes, steps: Sequence[float] = (1, 1.5, 2, 3, 4, 5, 7)) -> None:
    """Set ticks at these multiples of each power of ten, written out; by default enough for less than a decade."""
    axis.yaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=steps))
    axis.yaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:g}"))
    axis.yaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
