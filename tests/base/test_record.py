from pathlib import Path

import pytest

from bakeoff.base import record
from bakeoff.base.record import Record, Run

RUN = Run("cnn-adam-s0", {"seed": 0, "network.channels": [8, 16]}, {"val/loss": 0.5}, [{"epoch": 1, "val/loss": 0.5}])


def test_a_record_reads_back_as_it_was_written(tmp_path: Path) -> None:
    made = Record("train_images@cnn-adam", "images", "r", {"a.b": 1e-3}, {"data/x": "0"}, "c", [RUN])
    record.write(made, tmp_path / "r.json")
    assert record.read(tmp_path / "r.json") == made


def test_the_bytes_do_not_depend_on_the_order_of_keys(tmp_path: Path) -> None:
    for name, metrics in (("a", {"x": 1.0, "y": 2.0}), ("b", {"y": 2.0, "x": 1.0})):
        record.write(Record("s", "t", "r", {}, {}, "c", [Run("n", {}, metrics)]), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="val/loss"):
        Run("n", {}, {"val/loss": value})
    with pytest.raises(ValueError, match="val/loss"):
        Run("n", {}, {}, [{"epoch": 1, "val/loss": value}])


def test_each_part_of_a_digest_counts() -> None:
    whole = ("stage", {"epochs": 1}, {"data/x": "0"}, "code")
    changed = [
        ("other", *whole[1:]),
        (whole[0], {"epochs": 2}, *whole[2:]),
        (*whole[:2], {}, whole[3]),
        (*whole[:3], ""),
    ]
    assert len({record.digest(*parts) for parts in [whole, *changed]}) == 5
