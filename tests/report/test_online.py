"""The part of the page on online learning, on records made up here."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from simulated_stream import LENGTH, RECORDS

from bakeoff.base.record import Record, Run
from bakeoff.report.sections import online


def lines(text: str, start: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"| {start}")]


def test_rules_are_told_by_their_cost_and_drifts_by_what_they_cost() -> None:
    text = online.section("table", RECORDS, 0.95, part=None, alone=True)
    rows = lines(text, "sgd-constant") + lines(text, "adagrad")
    assert text.index("| adagrad-inverse_time | 0.0316 |") < text.index("| sgd-constant | 0.0316 |")  # 0.45 before 0.50
    assert "| 0.805 ± 0.064 | 0.6500 ± 0.0000 |" in rows[0]
    assert rows[1].count("1000.0 ± 2541.2 | ") == 2 and "| 500; 2 of 2 |" in rows[1] and "| 300; 2 of 2 |" in rows[1]
    assert "| never; 1 of 2 |" in rows[4]
    assert "| 0.6 | 0.35 |" in rows[2]
    assert (
        "sgd-constant makes the fewest additional errors, 1,000 on average, and adagrad-inverse_time the most, 5,200."
        in text
    )
    assert "learning_rate 10 is online.search.high" in text and "250 rows later" in text
    assert text.count("](figures/online-table-") == 2


def test_what_diverged_is_said_and_not_averaged() -> None:
    runs = RECORDS["sgd-constant"].runs
    broken = [Run(one.name, one.parameters, {}, [], 5) if one.parameters["seed"] == 1 else one for one in runs]
    left = {"sgd-constant": Record("s", "online", "r", {}, {}, "c", broken)}
    text = online.section("table", left, 0.95, part=None, alone=True)
    assert "1 diverged" in lines(text, "sgd-constant")[0] and "| 0.8 |" in lines(text, "sgd-constant")[0]
    assert "Too few runs finished" in text
    none = [Run(one.name, one.parameters, {}, [], 5) if one.parameters["seed"] < 1000 else one for one in runs]
    gone = {"sgd-constant": Record("s", "online", "r", {}, {}, "c", none)}
    assert "2 diverged" in online.section("table", gone, 0.95, part=None, alone=True)
    for records in (left, gone):
        assert all(Image.open(io.BytesIO(drawn)).width > 500 for drawn in online.figures("table", records).values())


def test_who_diverges_least_stands_first() -> None:
    """A mean over the one run that ended says less than a mean over all."""
    better, worse = RECORDS["adagrad-inverse_time"], RECORDS["sgd-constant"]  # losses of 0.45 and 0.50
    broken = [Run(one.name, one.parameters, {}, [], 5) if one.parameters["seed"] == 1 else one for one in better.runs]
    half = Record("s", "online", "r", {}, {}, "c", broken)
    text = online.section("table", {"adagrad-inverse_time": half, "sgd-constant": worse}, 0.95, part=None, alone=True)
    assert text.index("| sgd-constant | 0.0316 |") < text.index("| adagrad-inverse_time | 0.0316 |")


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.15, "15%"), (0.125, "12.5%"), (0.995, "99.5%"), (0.999, "99.9%"), (0.005, "0.5%"), (1.0, "100%")],
)
@pytest.mark.parametrize(("name", "words"), [("stream.warmup", "The first {}"), ("stream.learnt", "learns from {}")])
def test_shares_are_not_rounded_to_whole_percents(name: str, words: str, share: float, shown: str) -> None:
    record = RECORDS["sgd-constant"]
    runs = [Run(one.name, {**one.parameters, name: share}, one.metrics, one.history) for one in record.runs]
    records = {"sgd-constant": Record("s", "online", "r", {}, {}, "c", runs)}
    assert f"{words.format(shown)} of" in online.section("table", records, 0.95, part=None, alone=True)


def test_figures_show_the_drift_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, Any, Any]] = []

    def plot(_axis: Any, x: Any, y: Any, **look: Any) -> None:
        seen.append((look["label"], np.asarray(x), np.asarray(y)))

    monkeypatch.setattr("matplotlib.axes.Axes.plot", plot)
    online.figures("table", RECORDS)
    accuracy, gaps = seen[0], seen[4]
    assert accuracy[0] == "sgd, constant" and gaps[0] == "sgd, constant"
    assert len(accuracy[1]) == LENGTH and accuracy[2] == pytest.approx(np.full(LENGTH, 0.8))
    fallen = gaps[1][gaps[2] < -0.2]
    assert fallen.tolist() == [1.0, 2.0, 3.0]  # thousands of rows since the drift: windows end there
    assert gaps[1][0] == -4.0 and gaps[1][-1] == 40.0


def test_figures_are_the_same_to_the_byte() -> None:
    assert online.figures("table", RECORDS) == online.figures("table", RECORDS)


def test_a_table_beside_others_is_named() -> None:
    heading, *_ = online.section("flights", RECORDS, 0.95, part=None, alone=False).splitlines()
    assert heading == "## Online learning on flights"
    assert online.figures("flights", RECORDS).keys() == {"online-flights-stream.png", "online-flights-drift.png"}
