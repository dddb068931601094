"""The comparison is read as it was written, and another document is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bakeoff.base.settings import BadInput
from bakeoff.results.model import Comparison, Estimate, rounded


def test_a_comparison_is_read_as_it_was_written(comparison: Comparison, tmp_path: Path) -> None:
    path = tmp_path / "comparison.json"
    path.write_text(comparison.dumped(), encoding="utf-8")
    again = Comparison.read(path)
    assert again == comparison
    assert again.dumped() == comparison.dumped()
    assert comparison.dumped() == json.dumps(json.loads(comparison.dumped()), indent=1, sort_keys=True) + "\n"


def test_training_keeps_every_setting_under_its_dotted_name(comparison: Comparison) -> None:
    training = comparison.tasks["images"].training
    assert (training.epochs, training.batch_size, training.schedule) == (8, 32, "constant")
    written = json.loads(comparison.dumped())["tasks"]["images"]["training"]
    assert written == {"epochs": 8, "batch_size": 32, "evaluations": 12, "schedule.kind": "constant"}


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.123456789, 0.123457), (-0.0, 0.0), (1.23456789e-6, 1.23457e-6), (3.0, 3.0), (1234567.0, 1.23457e6)],
)
def test_floats_are_rounded_and_zero_has_no_sign(value: float, written: float) -> None:
    assert rounded(value) == written and str(rounded(-0.0)) == "0.0"
    assert Estimate(mean=value, interval=(value, value)) == Estimate(mean=written, interval=(written, written))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.5", True])
def test_what_is_not_a_finite_number_is_not_taken(value: Any) -> None:
    with pytest.raises(ValueError, match="mean"):
        Estimate(mean=value, interval=None)


def removed(*place: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for key in place[:-1]:
            document = document[key]
        del document[place[-1]]

    return change


def put(value: Any, *place: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for key in place[:-1]:
            document = document[key]
        document[place[-1]] = value

    return change


CELL = ("tasks", "images", "cells", 0)
CHANGES = {
    "no tasks": removed("tasks"),
    "a task of no kind": removed("tasks", "table", "kind"),
    "a task of an unknown kind": put("audio", "tasks", "table", "kind"),
    "the key of an earlier version": put({"cbow": []}, "embedding"),
    "an earlier winner of a search": put({"method": "bayes"}, "tuning", "mlp", "winner"),
    "a cell without a rank": removed(*CELL, "rank"),
    "text for a number": put("0.5", *CELL, "validation", "mean"),
    "a number for a flag": put(1, *CELL, "tied"),
    "an interval of one end": put([0.5], *CELL, "validation", "interval"),
    "no arrivals": put(None, "tasks", "images", "models", "cnn", "target", "steps"),
    "cells by name": put({"cnn-adam": {}}, "tasks", "images", "cells"),
    "training without epochs": removed("tasks", "images", "training", "epochs"),
    "ranks of another shape": put([1, 2, 3], "ranks"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_another_shape_is_refused_in_one_line(
    change: Callable[[Any], None], comparison: Comparison, tmp_path: Path
) -> None:
    document = json.loads(comparison.dumped())
    change(document)
    path = tmp_path / "comparison.json"
    path.write_text(json.dumps(document))
    with pytest.raises(BadInput, match=r"comparison\.json: is of another version .*`dvc repro compare`") as refused:
        Comparison.read(path)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


@pytest.mark.parametrize("text", ["", "{", "[", "{}", "[]", "null", "\xff", '{"confidence": 0.95'])
def test_what_is_cut_or_no_comparison_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "comparison.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput, match=r"comparison\.json: is .*`dvc repro compare` writes it again"):
        Comparison.read(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"comparison\.json: cannot be read: No such file"):
        Comparison.read(tmp_path / "comparison.json")
