import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from bakeoff.base.settings import load, validate
from bakeoff.optimizers.settings import Optimizers
from bakeoff.optimizers.trajectories import FUNCTIONS
from bakeoff.report.figures.contest import (
    balanced,
    final_metrics,
    learning_curves,
    rates,
    samples,
    searches,
    segmentations,
)
from bakeoff.report.figures.overview import critical_differences, draw_profiles, inside, places, trajectories

RNG = np.random.default_rng(0)


def measured(*values: float | None) -> dict[str, Any]:
    ended = [value for value in values if value is not None]
    interval = [min(ended), max(ended)] if len(ended) > 1 else None
    return {"mean": sum(ended) / len(ended) if ended else None, "interval": interval, "values": list(values)}


CURVES = [
    {"task": "images", "model": model, "optimizer": optimizer, "epoch": epoch, "runs": 2, "lost": 0}
    | {"loss": 1 / epoch, "loss_low": 0.9 / epoch, "loss_high": 1.1 / epoch}
    | {"metric": 1 - 1 / epoch, "metric_low": 0.9 - 1 / epoch, "metric_high": 1 - 0.9 / epoch}
    for model in ("softmax", "mlp")
    for optimizer in ("sgd", "adam")
    for epoch in (1, 2, 3)
]
TASK = {
    "metric": "accuracy",
    "baselines": [{"model": "boosting", "validation": 0.8, "test": 0.88}],
    "cells": [
        {"model": "cnn", "optimizer": "adam", "rank": 1, "tied": False, "diverged": [], "test": measured(0.9, 0.92)},
        {"model": "cnn", "optimizer": "sgd", "rank": 2, "tied": True, "diverged": [1], "test": measured(0.9, None)},
        {
            "model": "mlp",
            "optimizer": "sgd",
            "rank": 3,
            "tied": False,
            "diverged": [0, 1],
            "test": measured(None, None),
        },
    ],
}
TUNING = {
    "cells": [
        {"method": "bayes", "best_so_far": [[1, 0.9], [3, 0.5]], "validation": measured(0.5, 0.6)},
        {"method": "grid", "best_so_far": [], "validation": measured(None, None)},
    ]
}
SEARCH = {"trials": [[1e-3, 0.5], [1e-2, 0.9], [1.0, None]], "pick": {"learning_rate": 1e-2}, "default_rate": 0.1}
LOST = {"trials": [[1.0, None]], "pick": {"learning_rate": 1.0}, "default_rate": None}
SEARCHED = {
    "metric": "accuracy",
    "cells": [
        {"model": model, "optimizer": optimizer, "search": search}
        for model in ("mlp", "cnn")
        for optimizer, search in (("sgd", SEARCH), ("adam_uncorrected", LOST))
    ],
}
RANKS = {
    "mean": {"adam": 1.4, "sgd": 1.9, "lion": 2.7},
    "difference": 0.9,
    "groups": [["adam", "sgd"], ["sgd", "lion"]],
}
PROFILE = {"problems": ["a", "b"], "ratios": {"adam": [1, 2], "sgd": [3, None]}, "score": {"adam": 0.8, "sgd": 0.1}}
PLAIN = {"tasks": {"images": {"state": {"sgd": 0}}}}
ALL = validate(load(Path(__file__).parents[2] / "params.yaml"), "optimizers", Optimizers)
MASKS = RNG.integers(0, 3, size=(2, 16, 16))

FIGURES: dict[str, Callable[[], bytes]] = {
    "learning curves": lambda: learning_curves(CURVES, "accuracy"),
    "no curves": lambda: learning_curves([], "accuracy"),
    "final metrics": lambda: final_metrics(TASK),
    "segmentations": lambda: segmentations(MASKS[:, None] / 2, MASKS, MASKS, ["background", "grey", "white"]),
    "samples": lambda: samples([np.linspace(0, 1, 60 * n).reshape(n, 3, 5, 4) for n in (2, 3)], ["cat", "dog"]),
    "searches": lambda: searches(TUNING),
    "rates": lambda: rates(SEARCHED),
    "ranks": lambda: critical_differences(RANKS),
    "trajectories": lambda: trajectories(PLAIN, ALL),
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
    other = [row | {"metric": 0.5} if row["optimizer"] == "adam" else row for row in CURVES]
    assert learning_curves(other, "accuracy") != learning_curves(CURVES, "accuracy")


def test_a_lost_run_is_marked() -> None:
    marked = [row | {"lost": 1} if row["epoch"] == 2 else row for row in CURVES]
    assert learning_curves(marked, "accuracy") != learning_curves(CURVES, "accuracy")


@pytest.mark.parametrize(("items", "most", "columns"), [(0, 6, 1), (4, 6, 4), (9, 8, 5), (15, 8, 8), (17, 6, 6)])
def test_rows_of_a_legend_are_about_equally_long(items: int, most: int, columns: int) -> None:
    assert balanced(items, most) == columns


def test_bars_that_would_touch_stand_in_rows_of_their_own() -> None:
    mean = {"a": 1.0, "b": 2.0, "c": 2.1, "d": 4.0, "e": 5.0}
    assert places([["a", "b"], ["b", "c"], ["d", "e"]], mean) == [0, 1, 0]


def test_a_trial_that_is_lost_is_drawn_otherwise_than_one_that_ended() -> None:
    ended = SEARCH | {"trials": [[1e-3, 0.5], [1e-2, 0.9], [1.0, 0.5]]}
    cells = [{"model": "cnn", "optimizer": "sgd", "search": search} for search in (SEARCH, ended)]
    drawn = [rates({"metric": "accuracy", "cells": [cell]}) for cell in cells]
    assert drawn[0] != drawn[1]


def test_a_way_is_drawn_until_it_is_lost_or_far_outside() -> None:
    plane = FUNCTIONS["beale"]  # shown from (-1, -1.5) to (4.5, 1.5)
    near = np.array([[1.0, 1.0], [0.0, 0.0], [5.0, 2.0]])
    far, lost = np.array([[99.0, 0.0], [1.0, 1.0]]), np.full((2, 2), np.nan)
    assert inside(near, plane).tolist() == near.tolist()
    assert inside(np.concatenate([near, far]), plane).tolist() == near.tolist()
    assert inside(np.concatenate([near, lost]), plane).tolist() == near.tolist()


def test_ways_are_drawn_of_those_in_the_contest_alone() -> None:
    both = {"tasks": {"images": {"state": {"sgd": 0, "adam": 2}}}}
    assert trajectories(PLAIN, ALL) != trajectories(both, ALL)


def test_a_baseline_is_drawn() -> None:
    assert final_metrics(TASK) != final_metrics(TASK | {"baselines": []})
