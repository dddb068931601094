"""The figure of a study of two objectives, and its part of the page."""

import io

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from simulated_contest import SETTINGS, search_of_two

from bakeoff.report.figures import pareto
from bakeoff.report.figures.palette import METHODS
from bakeoff.report.figures.pareto import draw_fronts
from bakeoff.report.sections.fronts import study_part
from bakeoff.results.compare import compare
from bakeoff.results.model import FrontComparison


def of(*methods: str, diverged: bool = False) -> FrontComparison:
    records = {name: search_of_two(name, 0.9 - 0.1 * n, diverged=diverged) for n, name in enumerate(methods)}
    return compare({}, {}, {"duo": records}, [], [], SETTINGS).fronts["duo"]


def drawn(study: FrontComparison, monkeypatch: pytest.MonkeyPatch) -> Figure:
    figures: list[Figure] = []
    monkeypatch.setattr(pareto, "png", lambda figure: figures.append(figure) or b"")
    draw_fronts(study)
    return figures[0]


def test_a_front_is_a_line_of_steps_down_to_the_worst_values(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = drawn(of("bayes", "random"), monkeypatch)
    (axis,) = figure.axes
    lines = {line.get_label(): line for line in axis.lines}
    assert lines["bayes"].get_color() == METHODS["bayes"]
    assert lines["bayes"].get_drawstyle() == "steps-post"
    assert lines["bayes"].get_xydata().tolist() == [[40, 0.6], [40, 0.7], [640, 0.9], [700, 0.9]]
    assert lines["from new seeds"].get_xydata().tolist() == [[640, pytest.approx(0.88)], [40, pytest.approx(0.69)]]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("number of weights", "validation accuracy")
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "linear")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["bayes", "random", "from new seeds"]


@pytest.mark.parametrize("study", [of("bayes", "random"), of("nsga2", diverged=True)], ids=["ended", "all diverged"])
def test_the_figure_is_the_same_to_the_byte_under_any_style_of_the_user(study: FrontComparison) -> None:
    usual = draw_fronts(study)
    with mpl.rc_context({"font.size": 30, "savefig.dpi": 10, "axes.facecolor": "black"}):
        assert draw_fronts(study) == usual
    assert io.BytesIO(usual).read(8) == b"\x89PNG\r\n\x1a\n"


def test_the_page_says_what_was_confirmed_and_what_a_hypervolume_is() -> None:
    text = study_part("duo", of("bayes", "random"), "a part")
    assert "validation accuracy (more is better) and number of weights (less is better)" in text
    assert "the worst values over all trials, 0.6 and 700, as a share of the rectangle" in text
    assert "| bayes | 4 (1 diverged) | 2 | 0.3939 |" in text
    assert "The front of all trials has 2 points." in text
    assert "2 of the 2 points are among them." in text
    assert "`bakeoff use duo --trial bayes-t002`" in text
    assert "| trial | hidden.0 | accuracy in the search | number of weights | accuracy, new seeds | new seeds |" in text
    assert "| bayes-t002 | 64 | 0.9 | 640 | 0.88 | 1 | 0.5 |" in text
    assert "](figures/pareto-duo.png)" in text


def test_the_page_of_a_study_in_which_all_diverged_has_no_front() -> None:
    text = study_part("duo", of("bayes", diverged=True), None)
    assert "Every trial diverged." in text
    assert "| bayes | 4 (4 diverged) | 0 | 0 |" in text
    assert "None" not in text
