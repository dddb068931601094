"""A part of a table: the first rows in its order, said in the line, the file and the card, and how out of a fault."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.table import table
from tests.data.table.small import RANDOM, ingested

COUNT = 60
# Row i has the place (7 i) mod 60 in the order: no two neighbours of the file are neighbours in it.
PLACE = [7 * i % COUNT for i in range(COUNT)]
ROWS = pd.DataFrame(
    {
        "x": np.arange(COUNT, dtype=float),
        "place": PLACE,
        "label": [("no", "yes")[place % 2] for place in PLACE],
        "day": [f"2024-01-{1 + place // 4:02}" for place in PLACE],
    }
)
SETTINGS: dict[str, Any] = {"numeric": ["x"], "order": ["place"]}


def content(kind: str, rows: pd.DataFrame = ROWS) -> str | bytes:
    if kind == "csv":
        return rows.to_csv(index=False)
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), file)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("take", [20, 41, COUNT - 1])
def test_the_first_rows_in_order_are_taken(tmp_path: Path, kind: str, take: int) -> None:
    rows, _, summary = ingested(tmp_path, content(kind), name=f"t.{kind}", take=take, **SETTINGS)
    assert [PLACE[int(x)] for x in rows["x"]] == list(range(take))
    assert f"data.table.take: the first {take} of {COUNT} rows" in summary
    assert table.whole(tmp_path / "table.parquet") == COUNT


@pytest.mark.parametrize("take", [20, 41])
def test_without_an_order_the_first_rows_of_the_file_are_taken(tmp_path: Path, take: int) -> None:
    rows, _, _ = ingested(tmp_path, content("csv"), take=take, numeric=["x"])
    assert rows["x"].tolist() == list(range(take))


@pytest.mark.parametrize("take", [None, COUNT, COUNT + 1])
def test_a_whole_table_is_no_part(tmp_path: Path, take: int | None) -> None:
    rows, _, summary = ingested(tmp_path, content("csv"), take=take, **SETTINGS)
    assert len(rows) == COUNT and "take" not in summary
    assert table.whole(tmp_path / "table.parquet") is None


GROUP = {"by": "group", "column": "day"}
CUT = {
    "one group": {"take": 4, "split": RANDOM | GROUP},
    "one moment": {"take": 4, "time": "day", "split": RANDOM | {"by": "time"}},
    "a part of one class": {"take": 7, "split": RANDOM | GROUP, "order": ["label", "day"]},
    "one class": {"take": 20, "order": ["label"]},
    "a class that is listed": {
        "take": 20,
        "order": ["label"],
        "target": {"column": "label", "above": None, "classes": ["no", "yes"]},
    },
    "one side of a number": {"take": 20, "target": {"column": "place", "above": 30, "classes": None}},
}


@pytest.mark.parametrize("change", CUT.values(), ids=CUT)
def test_more_rows_are_a_way_out_of_a_fault_of_a_part(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r", or raise data\.table\.take"):
        ingested(tmp_path, content("csv"), **SETTINGS | change)


@pytest.mark.parametrize("take", [None, 4, 5])
def test_more_rows_than_there_are_are_no_way_out(tmp_path: Path, take: int | None) -> None:
    rows = ROWS[ROWS["day"] == "2024-01-01"]
    with pytest.raises(BadInput, match="train gets no rows") as refused:
        ingested(tmp_path, content("csv", rows), **SETTINGS | {"split": RANDOM | GROUP, "take": take})
    assert "take" not in str(refused.value)


@pytest.mark.parametrize("split", [{}, GROUP], ids=str)
@pytest.mark.parametrize("take", [6, 7, 12, 20])
def test_few_rows_have_each_part_and_the_summary_counts_them(tmp_path: Path, split: dict[str, Any], take: int) -> None:
    rows = ROWS.assign(day=[f"2024-01-{1 + place // 2:02}" for place in PLACE])
    few = RANDOM | {"validation": 0.15, "test": 0.15} | split
    made, _, summary = ingested(tmp_path, content("csv", rows), take=take, **SETTINGS | {"split": few})
    sizes = made["split"].value_counts()
    assert f"train {sizes['train']}, validation {sizes['validation']}, test {sizes['test']}" in summary
