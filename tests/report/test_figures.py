import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from simulated_contest import SETTINGS, baseline, contests, search

from bakeoff.base.settings import load, validate
from bakeoff.optimizers.registry import Optimizers
from bakeoff.optimizers.trajectories import FUNCTIONS
from bakeoff.report.figures import contest
from bakeoff.report.figures.contest import (
    balanced,
    final_metrics,
    gap,
    learning_curves,
    of_comparison,
    rates,
    samples,
    searches,
    segmentations,
)
from bakeoff.report.figures.overview import critical_differences, draw_profiles, inside, places, trajectories
from bakeoff.results.compare import compare
from bakeoff.results.curves import Band, CurvePoint
from bakeoff.results.model import Comparison, OverProblems, Profile, Ranks, Summary, TaskComparison

RNG = np.random.default_rng(0)


def band(mean: float) -> Band:
    return Band(mean, 0.9 * mean, 1.1 * mean)


CURVES = [
    CurvePoint("images", model, optimizer, 10 * epoch, epoch / 2, 2, 0, band(1 / epoch), band(1 - 1 / epoch))
    for model in ("softmax", "mlp")
    for optimizer in ("sgd", "adam")
    for epoch in (1, 2, 3)
]
COMPARED = compare(
    contests(["penguins", "cifar"], ["sgd", "adam", "adam_uncorrected", "lion"]),
    {},
    {"mlp": {"bayes": search("bayes", 0.5), "grid": search("grid", 0.9)}},
    [baseline("boosting", 0.95, "penguins")],
    [],
    SETTINGS,
)
TASKS = ("penguins", "cifar")
TASK, PICTURES = COMPARED.tasks["penguins"], COMPARED.tasks["cifar"]
TUNING = COMPARED.tuning["mlp"]


def lost(task: TaskComparison) -> TaskComparison:
    """The same task, with the runs of its last cell diverged."""
    *others, last = task.cells
    none = Summary(mean=None, deviation=None, interval=None, bootstrap=None, values=(None,) * len(last.seeds))
    return task.model_copy(update={"cells": (*others, last.model_copy(update={"test": none, "diverged": last.seeds}))})


def searched(task: TaskComparison, **change: Any) -> TaskComparison:
    """The same task, with a change of the search of its first cell."""
    first, *others = task.cells
    search = first.search.model_copy(update=change)
    return task.model_copy(update={"cells": (first.model_copy(update={"search": search}), *others)})


UNSOLVED = searched(TASK, trials=((1.0, None),), default_rate=None)
RANKS = Ranks(
    problems=("a", "b"),
    seeds=2,
    mean={"adam": 1.4, "sgd": 1.9, "lion": 2.7},
    p=0.01,
    difference=0.9,
    groups=(("adam", "sgd"), ("sgd", "lion")),
    over_problems=OverProblems(p=0.1, difference=2.0),
    left_out=(),
)
PROFILE = Profile(problems=("a", "b"), ratios={"adam": (1, 2), "sgd": (3, None)}, score={"adam": 0.8, "sgd": 0.1})


def of_optimizers(*names: str) -> Comparison:
    """A comparison in which these optimizers take part."""
    task = TASK.model_copy(update={"state": dict.fromkeys(names, 0)})
    return COMPARED.model_copy(update={"tasks": {"penguins": task}})


ALL = validate(load(Path(__file__).parents[2] / "params.yaml"), "optimizers", Optimizers)
MASKS = RNG.integers(0, 3, size=(2, 16, 16))

FIGURES: dict[str, Callable[[], bytes]] = {
    "learning curves": lambda: learning_curves(CURVES, "accuracy"),
    "no curves": lambda: learning_curves([], "accuracy"),
    "final metrics": lambda: final_metrics(TASK),
    "final metrics of which some diverged": lambda: final_metrics(lost(PICTURES)),
    "segmentations": lambda: segmentations(MASKS[:, None] / 2, MASKS, MASKS, ["background", "grey", "white"]),
    "samples": lambda: samples([np.linspace(0, 1, 60 * n).reshape(n, 3, 5, 4) for n in (2, 3)], ["cat", "dog"]),
    "searches": lambda: searches(TUNING),
    "rates": lambda: rates(PICTURES),
    "rates of a search that diverged": lambda: rates(UNSOLVED),
    "ranks": lambda: critical_differences(RANKS),
    "trajectories": lambda: trajectories(of_optimizers("sgd"), ALL),
    "profiles": lambda: draw_profiles({"steps": PROFILE, "seconds": PROFILE}),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_the_same_to_the_byte_under_any_style_of_the_user(name: str) -> None:
    drawn = FIGURES[name]()
    with mpl.rc_context({"font.size": 30, "savefig.dpi": 10, "axes.facecolor": "black"}):
        assert FIGURES[name]() == drawn
    assert len(drawn) < 100_000
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.info.keys() <= {"dpi"}  # neither date nor version
        shades = np.asarray(image.convert("L"))
    assert shades[0, 0] == 255
    assert (shades < 200).any()  # something is drawn on the white


def test_a_curve_that_changes_changes_the_figure() -> None:
    other = [replace(point, metric=band(0.5)) if point.optimizer == "adam" else point for point in CURVES]
    assert learning_curves(other, "accuracy") != learning_curves(CURVES, "accuracy")


@pytest.mark.parametrize("longest", [0.1, 1.0, 1.5, 40.0])
def test_curves_go_by_steps_with_an_axis_of_epochs_above_where_there_are_several(
    longest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(contest, "png", lambda figure: figures.append(figure) or b"")
    learning_curves([replace(point, epoch=point.step / 30 * longest) for point in CURVES], "accuracy")
    (figure,) = figures
    figure.savefig(io.BytesIO(), format="png")
    upper, lower = figure.axes[:2], figure.axes[2:4]
    assert [axis.get_xlabel() for axis in lower] == ["step", "step"]
    assert [line.get_xdata().tolist() for line in lower[0].lines[::2]] == [[10, 20, 30]] * 2  # type: ignore[union-attr]
    for axis in upper:
        above = [child for child in axis.child_axes if child.get_xlabel() == "epoch"]
        assert len(above) == (longest > 1)
        assert all(child.get_xlim()[1] == pytest.approx(1.03 * longest) for child in above)


@pytest.mark.parametrize(("largest", "scale"), [(1.0, "linear"), (3.4, "log")])
def test_losses_over_a_decade_have_a_logarithmic_axis(
    largest: float, scale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The least loss of the curves is 1 / 3."""
    figures: list[Figure] = []
    monkeypatch.setattr(contest, "png", lambda figure: figures.append(figure) or b"")
    first, *others = CURVES
    learning_curves([replace(first, loss=band(largest)), *others], "accuracy")
    assert [axis.get_yscale() for axis in figures[0].axes[:4]] == [scale, scale, "linear", "linear"]


def test_networks_of_a_task_may_take_different_numbers_of_steps() -> None:
    longer = [replace(point, step=5 * point.step) if point.model == "mlp" else point for point in CURVES]
    assert learning_curves(longer, "accuracy") != learning_curves(CURVES, "accuracy")


def test_a_diverged_run_is_marked() -> None:
    marked = [replace(point, lost=1) if point.step == 20 else point for point in CURVES]
    assert learning_curves(marked, "accuracy") != learning_curves(CURVES, "accuracy")


@pytest.mark.parametrize(("items", "most", "columns"), [(0, 6, 1), (4, 6, 4), (9, 8, 5), (15, 8, 8), (17, 6, 6)])
def test_rows_of_a_legend_are_about_equally_long(items: int, most: int, columns: int) -> None:
    assert balanced(items, most) == columns


def test_bars_that_would_touch_stand_in_rows_of_their_own() -> None:
    mean = {"a": 1.0, "b": 2.0, "c": 2.1, "d": 4.0, "e": 5.0}
    assert places([["a", "b"], ["b", "c"], ["d", "e"]], mean) == [0, 1, 0]


def test_a_trial_that_diverged_is_drawn_otherwise_than_one_that_ended() -> None:
    trials = ((1e-3, 0.5), (1e-2, 0.9))
    drawn = [rates(searched(TASK, trials=(*trials, (1.0, end)))) for end in (None, 0.5)]
    assert drawn[0] != drawn[1]


def test_a_way_is_drawn_until_it_is_lost_or_far_outside() -> None:
    plane = FUNCTIONS["beale"]  # shown from (-1, -1.5) to (4.5, 1.5)
    near = np.array([[1.0, 1.0], [0.0, 0.0], [5.0, 2.0]])
    far, lost = np.array([[99.0, 0.0], [1.0, 1.0]]), np.full((2, 2), np.nan)
    assert inside(near, plane).tolist() == near.tolist()
    assert inside(np.concatenate([near, far]), plane).tolist() == near.tolist()
    assert inside(np.concatenate([near, lost]), plane).tolist() == near.tolist()


def test_ways_are_drawn_of_those_in_the_contest_alone() -> None:
    assert trajectories(of_optimizers("sgd"), ALL) != trajectories(of_optimizers("sgd", "adam"), ALL)


def test_a_baseline_is_drawn() -> None:
    assert final_metrics(TASK) != final_metrics(TASK.model_copy(update={"baselines": ()}))


def test_figures_are_named_by_the_task() -> None:
    names = {"tuning-mlp.png"} | {f"{figure}-{task}.png" for figure in ("curves", "metric", "rates") for task in TASKS}
    assert of_comparison(COMPARED, []).keys() == names
    assert "tuning-mlp.png" not in of_comparison(COMPARED.model_copy(update={"tuning": {}, "tasks": {}}), [])


@pytest.mark.parametrize(("low", "high"), [(0.65, 0.745), (0.1, 0.98), (0.92, 0.925), (0.9981, 0.9984), (0.0, 0.3)])
def test_the_axis_of_a_metric_has_two_ticks_or_more(low: float, high: float) -> None:
    axis = Figure().subplots()
    axis.set_yscale("log")
    gap(axis, low, high)
    worst, best = axis.get_ylim()
    assert sum(best <= tick <= worst for tick in axis.get_yticks()) >= 2
