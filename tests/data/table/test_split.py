from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from duckdb import DuckDBPyConnection

from bakeoff.data.table import database
from bakeoff.data.table.settings import SplitSettings
from bakeoff.data.table.split import RULES

# 210 rows of 20 days, the n-th of n rows; classes of 150, 50 and 10 rows.
DAYS = np.repeat([f"2013-01-{day:02}" for day in range(1, 21)], range(1, 21))
LABELS = np.random.default_rng(7).permutation(np.repeat([0, 1, 2], [150, 50, 10]))
KEPT = pd.DataFrame({"row": range(210), "label": LABELS, "team": DAYS, "moment": pd.to_datetime(DAYS)})


@pytest.fixture
def rows() -> Iterator[DuckDBPyConnection]:
    with database.opened() as (rows, _):
        yield rows


def parts(
    rows: DuckDBPyConnection, by: str, validation: float, test: float, seed: int = 0, kept: pd.DataFrame = KEPT
) -> pd.Series:
    """The part of each row, by the number of the row."""
    settings = SplitSettings.model_validate(
        {"by": by, "column": "day" if by == "group" else None, "validation": validation, "test": test, "seed": seed}
    )
    rows.register("kept", pa.Table.from_pandas(kept, preserve_index=False))
    split = rows.sql(RULES[by](rows, settings)).to_arrow_table().to_pandas().set_index("row").sort_index()
    assert split.index.tolist() == list(range(len(kept)))
    return split["split"]


def test_a_group_lies_in_one_part_and_the_shares_are_those_of_the_groups(rows: DuckDBPyConnection) -> None:
    of_day = parts(rows, "group", 0.15, 0.3).groupby(DAYS).unique()
    assert of_day.map(len).eq(1).all()
    assert of_day.map(lambda names: names[0]).value_counts().to_dict() == {"train": 11, "test": 6, "validation": 3}


def test_groups_are_drawn_from_their_sorted_names(rows: DuckDBPyConnection) -> None:
    names = [f"2013-01-{day:02}" for day in range(1, 21)]
    drawn = np.random.default_rng(3).permutation(names)
    of_day = parts(rows, "group", 0.15, 0.3, seed=3).groupby(DAYS).first()
    assert set(of_day.index[of_day == "test"]) == set(drawn[:6])
    assert set(of_day.index[of_day == "validation"]) == set(drawn[6:9])


def test_no_moment_lies_in_two_parts_and_the_latest_are_the_test(rows: DuckDBPyConnection) -> None:
    split = parts(rows, "time", 0.15, 0.3)
    days = {part: set(DAYS[split == part]) for part in ("train", "validation", "test")}
    assert max(days["train"]) < min(days["validation"]) <= max(days["validation"]) < min(days["test"])
    # 63 of 210 rows would be the last 3 days and 6 rows of the 17th, which goes along whole; then 32 more.
    assert days["test"] == {"2013-01-17", "2013-01-18", "2013-01-19", "2013-01-20"}
    assert days["validation"] == {"2013-01-15", "2013-01-16"}


def test_at_random_each_class_keeps_its_share_within_a_row(rows: DuckDBPyConnection) -> None:
    split = parts(rows, "random", 0.15, 0.3)
    for label, count in ((0, 150), (1, 50), (2, 10)):
        held = split[label == LABELS].value_counts()
        assert abs(held["test"] - 0.3 * count) <= 0.5
        assert abs(held["validation"] - 0.15 * count) <= 0.5


@pytest.mark.parametrize("by", ["group", "random"])
def test_the_seed_decides_and_the_order_of_the_rows_does_not(rows: DuckDBPyConnection, by: str) -> None:
    first = parts(rows, by, 0.2, 0.2)
    assert parts(rows, by, 0.2, 0.2, kept=KEPT[::-1]).tolist() == first.tolist()
    assert parts(rows, by, 0.2, 0.2, seed=1).tolist() != first.tolist()


@pytest.mark.parametrize("by", ["time", "random"])
@pytest.mark.parametrize("count", [3, 4, 6, 7, 13])
def test_few_rows_have_one_of_each_class_in_each_part(rows: DuckDBPyConnection, by: str, count: int) -> None:
    labels = np.repeat([0, 1], count) if by == "random" else np.zeros(count, int)
    moments = pd.date_range("2024-01-01", periods=len(labels))
    few = pd.DataFrame({"row": range(len(labels)), "label": labels, "team": "", "moment": moments})
    split = parts(rows, by, 0.15, 0.15, kept=few)
    held = max(1, round(0.15 * count))
    for label in set(labels):
        assert split[labels == label].value_counts().to_dict() == {
            "train": count - 2 * held,
            "validation": held,
            "test": held,
        }


@pytest.mark.parametrize(("count", "parts_of"), [(1, {"train"}), (2, {"train"}), (3, {"train", "validation", "test"})])
def test_a_class_with_too_few_rows_for_each_part_is_trained_on(
    rows: DuckDBPyConnection, count: int, parts_of: set[str]
) -> None:
    labels = np.array([0] * 20 + [1] * count)
    kept = pd.DataFrame({"row": range(len(labels)), "label": labels, "team": "", "moment": "2024-01-01"})
    assert set(parts(rows, "random", 0.2, 0.2, kept=kept)[labels == 1]) == parts_of
