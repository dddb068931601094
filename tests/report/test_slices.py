"""The slices of a study: a panel a hyperparameter, a point a trial."""

from collections.abc import Callable

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from bakeoff.report.figures import slices
from bakeoff.report.figures.palette import METHODS
from bakeoff.report.figures.slices import draw_slices
from bakeoff.report.figures.trials import NONE
from bakeoff.results.model import TuningComparison
from tests.report.rendered import rendered
from tests.report.test_trials import ACTIVATION, DROPOUT, RATE, study


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[TuningComparison], Figure]:
    """The figure of a study, rendered once."""

    return lambda study: rendered(monkeypatch, slices, lambda: draw_slices(study))


def test_each_trial_is_a_point_against_each_hyperparameter(drawn: Callable[[TuningComparison], Figure]) -> None:
    made = study(20, lost=3)
    figure = drawn(made)
    rate, activation = figure.axes
    points, best = rate.lines
    ended = [point for point in made.cells[0].points if point.objective is not None]
    assert list(points.get_ydata()) == [point.objective for point in ended]
    assert points.get_color() == METHODS["random"]
    assert list(best.get_ydata()) == [min(point.objective or 9.9 for point in ended)]
    assert rate.get_yscale() == "log"
    assert [text.get_text() for text in activation.get_xticklabels()] == ["relu", "gelu"]
    at = dict(zip(points.get_ydata(), points.get_xdata(), strict=True))
    lowest = min(at, key=lambda value: at[value])
    assert lowest == min(ended, key=lambda point: float(point.values[0] or 0)).objective  # to the left: the least rate


def test_a_trial_without_the_hyperparameter_stands_at_none(drawn: Callable[[TuningComparison], Figure]) -> None:
    panel = drawn(study(20, space=(RATE, ACTIVATION, DROPOUT))).axes[2]
    assert list(panel.lines[0].get_xdata()).count(NONE) == 10
    assert panel.get_xticklabels()[0].get_text() == "none"


def test_losses_beyond_the_limit_stand_at_it(drawn: Callable[[TuningComparison], Figure]) -> None:
    made = study(20)
    limited = made.model_copy(update={"importance": made.importance.model_copy(update={"limit": 2.0})})
    assert max(drawn(limited).axes[0].lines[0].get_ydata()) == 2.0 < max(drawn(made).axes[0].lines[0].get_ydata())


def test_a_study_without_a_trial_that_ended_has_empty_panels(drawn: Callable[[TuningComparison], Figure]) -> None:
    assert all(len(line.get_xdata()) == 0 for panel in drawn(study(0, lost=3)).axes for line in panel.lines)


def test_the_figure_is_the_same_to_the_byte_under_any_style() -> None:
    once = draw_slices(study(20))
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        assert draw_slices(study(20)) == once
