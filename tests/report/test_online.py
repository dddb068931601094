"""The part of the page on online learning, on records made up here."""

import io
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bakeoff.base.record import Record, Run
from bakeoff.report.sections import online

LENGTH = 60  # rows of a history


def run(rule: str, drift: str, seed: int, **metrics: float) -> Run:
    optimizer, schedule = rule.split("-")
    parameters: dict[str, Any] = {
        "optimizer": optimizer,
        "schedule": schedule,
        "role": "final",
        "drift": drift,
        "seed": seed,
        "stream.delay": 250,
        "stream.warmup": 0.15,
        "stream.learnt": 0.9,
        "drift.window": 50,
        "drift.holds": 1200,
        "drift.within": 0.02,
        "evaluation.interval": 1000,
        "evaluation.averaged": [1, 10],
    }
    history = []
    for epoch in range(1, LENGTH + 1):
        lost = 0.3 if drift == "labels" and 20 < epoch <= 23 else 0.0
        auc = {} if epoch == 5 else {"window/auc": 0.7}  # a window may lack a class
        history.append({"epoch": epoch, "step": 1000 * epoch, "window/accuracy": 0.8 - lost, **auc})
    if drift != "none":
        parameters["drift.row"] = 20_000
    return Run(f"{rule}-{drift}-s{seed}", parameters, metrics, history)


def record(rule: str, loss: float, labels: list[float], edge: str | None = None) -> Record:
    """Two seeds; `labels` are the rows that they take to recover, infinite for never."""
    head = Run(f"{rule}-search", run(rule, "none", 1000).parameters | {"role": "search", "edge": edge}, {}, [])
    head.parameters["optimizer.learning_rate"] = 0.0316  # type: ignore[index]
    del head.parameters["drift"]  # type: ignore[attr-defined]
    runs = [head]
    for seed, rows in enumerate(labels):
        spread = {"loss.mean1/deviation": 0.6, "loss.mean10/deviation": 0.3 + seed / 10}
        scores = {"stream/accuracy": 0.8 + seed / 100, "stream/loss": loss + seed / 100, "stream/auc": 0.65}
        runs.append(run(rule, "none", seed, **scores, **spread))
        for drift, late in (("labels", rows), ("features", 300.0)):
            costs = {"drift/errors": 2 * rows if math.isfinite(rows) else 9000.0}
            runs.append(run(rule, drift, seed, **costs, **({"drift/rows": late} if math.isfinite(late) else {})))
    return Record("train_online", "online", "r", {}, {}, "c", runs)


RECORDS = {
    "sgd-constant": record("sgd-constant", 0.50, [400.0, 600.0]),
    "adagrad-inverse_time": record(
        "adagrad-inverse_time", 0.45, [math.inf, 700.0], "learning_rate 10 is online.search.high; widen the search"
    ),
}


def lines(text: str, start: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"| {start}")]


def test_rules_are_told_by_their_cost_and_drifts_by_what_they_cost() -> None:
    text = online.section(RECORDS, 0.95)
    rows = lines(text, "sgd-constant") + lines(text, "adagrad")
    assert text.index("| adagrad-inverse_time | 0.0316 |") < text.index("| sgd-constant | 0.0316 |")  # 0.45 before 0.50
    assert "| 0.805 ± 0.064 | 0.6500 ± 0.0000 |" in rows[0]
    assert rows[1].count("1000.0 ± 2541.2 | ") == 2 and "| 500; 2 of 2 |" in rows[1] and "| 300; 2 of 2 |" in rows[1]
    assert "| never; 1 of 2 |" in rows[4]
    assert "| 0.6 | 0.35 |" in rows[2]
    assert (
        "sgd-constant the fewest additional errors, 1,000 on average, and adagrad-inverse_time the most, 5,200." in text
    )
    assert "learning_rate 10 is online.search.high" in text and "250 rows later" in text
    assert text.count("](figures/online-") == 2


def test_what_diverged_is_said_and_not_averaged() -> None:
    runs = RECORDS["sgd-constant"].runs
    broken = [Run(one.name, one.parameters, {}, [], 5) if one.parameters["seed"] == 1 else one for one in runs]
    left = {"sgd-constant": Record("s", "online", "r", {}, {}, "c", broken)}
    text = online.section(left, 0.95)
    assert "1 diverged" in lines(text, "sgd-constant")[0] and "| 0.8 |" in lines(text, "sgd-constant")[0]
    assert "Too few runs finished" in text
    none = [Run(one.name, one.parameters, {}, [], 5) if one.parameters["seed"] < 1000 else one for one in runs]
    gone = {"sgd-constant": Record("s", "online", "r", {}, {}, "c", none)}
    assert "2 diverged" in online.section(gone, 0.95)
    for records in (left, gone):
        assert all(Image.open(io.BytesIO(drawn)).width > 500 for drawn in online.figures(records).values())


def test_figures_show_the_drift_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, Any, Any]] = []

    def plot(_axis: Any, x: Any, y: Any, **look: Any) -> None:
        seen.append((look["label"], np.asarray(x), np.asarray(y)))

    monkeypatch.setattr("matplotlib.axes.Axes.plot", plot)
    online.figures(RECORDS)
    accuracy, gaps = seen[0], seen[4]
    assert accuracy[0] == "sgd, constant" and gaps[0] == "sgd, constant"
    assert len(accuracy[1]) == LENGTH and accuracy[2] == pytest.approx(np.full(LENGTH, 0.8))
    fallen = gaps[1][gaps[2] < -0.2]
    assert fallen.tolist() == [1.0, 2.0, 3.0]  # thousands of rows since the drift: windows end there
    assert gaps[1][0] == -4.0 and gaps[1][-1] == 40.0


def test_figures_are_the_same_to_the_byte() -> None:
    assert online.figures(RECORDS) == online.figures(RECORDS)
