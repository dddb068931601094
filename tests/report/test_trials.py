import io
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from simulated_contest import SETTINGS, search

from bakeoff.report import pages
from bakeoff.report.figures import trials
from bakeoff.report.figures.trials import NONE, draw_trials, ticks
from bakeoff.results.compare import compare
from bakeoff.results.importance import axis, importance
from bakeoff.results.model import Axis, SearchTrial, TuningComparison
from tests.report.rendered import rendered

STUDY = compare({}, {}, {"mlp": {"grid": search("grid", 0.5)}}, [], [], SETTINGS).tuning["mlp"]
RATE = axis("optimizer.learning_rate", {"low": 1e-4, "high": 1.0, "scale": "log"})
ACTIVATION = axis("network.activation", {"choices": ["relu", "gelu"]})
DROPOUT = axis("network.dropout", {"low": 0.0, "high": 0.5, "scale": "linear"})


def study(n: int, *, lost: int = 0, space: tuple[Axis, ...] = (RATE, ACTIVATION), **changes: Any) -> TuningComparison:
    """A study of one method: n trials that ended, and some that diverged. Dropout is searched with gelu alone."""
    draw = np.random.default_rng(0)
    points = []
    for number in range(n + lost):
        rate, gelu = 10 ** draw.uniform(-4, 0), number % 2 == 1
        values = (rate, "gelu" if gelu else "relu", 0.1 if gelu else None)[: len(space)]
        loss = None if number >= n else 0.2 + (np.log10(rate) + 2) ** 2
        points.append(SearchTrial(values=values, objective=loss))
    method = changes.pop("method", "random")
    found = importance(space, {method: points}, loss=True, halved=False)
    counts = {"trials": n + lost, "trials_full": n + lost, "trials_diverged": lost}
    cell = STUDY.cells[0].model_copy(update={"points": tuple(points), "method": method, **counts})
    return STUDY.model_copy(update={"space": space, "importance": found, "cells": (cell,), **changes})


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[TuningComparison], Figure]:
    """The figure of a study, rendered once."""

    return lambda study: rendered(monkeypatch, trials, lambda: draw_trials(study))


def lines(figure: Figure, axes: int) -> list[Any]:
    """The lines of trials, in the order of drawing: the others are axes and ticks, of two points each."""
    return [line for line in figure.axes[0].lines if list(line.get_xdata()) == list(range(axes)) and axes > 2]


def words(figure: Figure) -> list[str]:
    return [text.get_text() for panel in figure.axes for text in panel.texts]


@pytest.mark.parametrize("made", [lambda: study(20, lost=2), lambda: study(0, lost=3), lambda: study(1)])
def test_the_figure_is_the_same_to_the_byte_under_any_style(made: Callable[[], TuningComparison]) -> None:
    once = draw_trials(made())
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        assert draw_trials(made()) == once
    with Image.open(io.BytesIO(once)) as image:
        assert 1000 <= image.width <= 1040


def test_a_trial_is_a_line_and_the_best_is_the_last_and_thick(drawn: Callable[[TuningComparison], Figure]) -> None:
    made = study(20, lost=3)
    figure = drawn(made)
    found = lines(figure, 3)
    assert len(found) == 20
    assert [line.get_linewidth() > 2 for line in found] == [False] * 19 + [True]
    ends = [line.get_ydata()[-1] for line in found]
    assert ends == sorted(ends)
    assert (ends[0], ends[-1]) == (0.0, 1.0)  # the smallest loss is at the top
    shades = [sum(mpl.colors.to_rgb(line.get_color())) for line in found]
    assert shades[0] > shades[-1]
    assert {"learning_\nrate", "activation", "loss", "relu", "gelu"} <= set(words(figure))


def test_of_a_metric_the_largest_is_the_best(drawn: Callable[[TuningComparison], Figure]) -> None:
    figure = drawn(study(20, metric="accuracy"))
    worst, best = lines(figure, 3)[0], lines(figure, 3)[-1]
    assert (worst.get_ydata()[-1], best.get_ydata()[-1]) == (0.0, 1.0)
    assert lines(drawn(study(20)), 3)[0].get_ydata()[0] == best.get_ydata()[0]  # the order is the other way round


def test_a_trial_without_a_hyperparameter_passes_at_none(drawn: Callable[[TuningComparison], Figure]) -> None:
    figure = drawn(study(20, space=(RATE, ACTIVATION, DROPOUT)))
    heights = [line.get_ydata()[2] for line in lines(figure, 4)]
    assert heights.count(NONE) == 10
    assert words(figure).count("none") == 1
    assert "none" not in words(drawn(study(20)))


def test_bars_are_in_the_order_of_importance(drawn: Callable[[TuningComparison], Figure]) -> None:
    made = study(20)
    panel = drawn(made).axes[1]
    assert [bar.get_width() for bar in panel.patches] == sorted(made.importance.shares.values())  # type: ignore[attr-defined]
    assert [text.get_text() for text in panel.get_yticklabels()] == ["activation", "learning_rate"]


@pytest.mark.parametrize(("ended", "bars"), [(11, 0), (12, 2)])
def test_a_few_trials_have_no_bars(ended: int, bars: int, drawn: Callable[[TuningComparison], Figure]) -> None:
    figure = drawn(study(ended, lost=5))
    assert len(figure.axes[1].patches) == bars
    assert ("not computed" in words(figure)) == (bars == 0)


def test_losses_beyond_the_limit_stand_at_the_end_of_their_axis(drawn: Callable[[TuningComparison], Figure]) -> None:
    made = study(20)
    limited = made.model_copy(update={"importance": made.importance.model_copy(update={"limit": 2.0})})
    assert "≥ 2" in words(drawn(limited))
    assert not any("≥" in text for text in words(drawn(made)))


def test_choices_of_any_text_are_drawn(every_hostile: list[str]) -> None:
    choices = axis("network.activation", {"choices": every_hostile})
    points = tuple(SearchTrial(values=(choice,), objective=0.5) for choice in choices.choices)
    cell = STUDY.cells[0].model_copy(update={"points": points})
    assert draw_trials(STUDY.model_copy(update={"space": (choices,), "cells": (cell,)}))


@pytest.mark.parametrize(
    ("dimension", "labels"),
    [
        ({"low": 1e-6, "high": 0.1, "scale": "log"}, ["1e-6", "1e-5", "0.0001", "0.001", "0.01", "0.1"]),
        ({"low": 16, "high": 128, "scale": "log"}, ["100", "20", "50"]),
        ({"low": 0.5, "high": 0.99, "scale": "one_minus"}, ["0.99", "0.9", "0.98", "0.8", "0.95", "0.5"]),
        ({"low": 0.0, "high": 0.5, "scale": "linear"}, ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]),
        ({"choices": ["relu", "$x^{$"]}, ["relu", r"\$x^{\$"]),
    ],
)
def test_ticks_are_round_numbers_on_the_scale(dimension: dict[str, Any], labels: list[str]) -> None:
    found = ticks(axis("x", dimension), upside_down=False)
    assert sorted(text for _, text in found) == sorted(labels)
    assert all(0 <= place <= 1 for place, _ in found)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            lambda: study(20, lost=2),
            "Left: 20 trials of all methods, one line each. Darker lines are better trials; the thick line is the "
            "best one. 2 diverged trials are left out. Right: importance",
        ),
        (lambda: study(20), "from the 20 trials of random, whose points do not depend on results."),
        (lambda: study(15), "from the 15 trials of random, whose points do not depend on results."),
        (lambda: study(20, method="bayes"), "20 trials of bayes (duplicates count once). Fewer than 16 of them do not"),
        (
            lambda: study(11, lost=9),
            "Right: no importance of hyperparameters, because only 11 trials with different settings ended, of "
            "the 12 that it needs.",
        ),
        (
            lambda: study(20, space=(RATE, ACTIVATION, DROPOUT)),
            "`dropout` is left out, because not all trials have a value.",
        ),
        (lambda: study(0, lost=2), "Left: No trial ended."),
    ],
)
def test_the_page_says_which_trials_are_shown_and_used(made: Callable[[], TuningComparison], said: str) -> None:
    text = pages.study_part("mlp", made(), None)
    assert said in text
    assert "](figures/tuning-mlp.png)" in text
    assert "](figures/trials-mlp.png)" in text


def test_a_halved_search_has_no_independent_trials() -> None:
    made = study(20)
    cell = made.cells[0].model_copy(update={"trials": 60})
    found = importance(made.space, {"random": cell.points}, loss=True, halved=True)
    text = pages.study_part("mlp", made.model_copy(update={"cells": (cell,), "importance": found}), None)
    assert "20 trials with all epochs" in text
    assert "that have all epochs (duplicates count once), mostly in regions with good results" in text
