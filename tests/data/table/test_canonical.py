import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.table.canonical import canonical, expression, trimmed
from tests.data.table.small import CATEGORY, RANDOM, ROWS, ingested, parquet, text

TEXTS: dict[str | None, str | None] = {  # in a column of numbers
    "7": "7", "7.0": "7", "7.00": "7", " 7": "7", "+7": "7", "-0": "0", "-0.0": "0", "7.50": "7.5", "-7.5": "-7.5",
    "10": "10", "100.0": "100", "12345678901234567890.10": "12345678901234567890.1",
    "007": "007", "1e3": "1e3", "1,5": "1,5", "0x7": "0x7", "7.": "7.", ".5": ".5",
    "True": "true", "TRUE": "true", "false": "false", "yes": "yes", "Yes": "Yes",
    "": None, "  ": None, "\u00a0": None, "NA": None, " NA\t": None, "na": "na", None: None,
    "\u00a0x\u00a0y ": "x\u00a0y", "A\u030a": "\u00c5", "\ufeffa": "a", "a'b": "a'b",
    "a\u200bb": "ab", "a\ufeffb": "ab", "co\u00adop": "coop", "\u20607\u200b.0": "7", "\u200b": None, " \u200bNA": None,
    "\u200eab": "ab", "a\u2068b\u2069": "ab", "\u061c\u202a7.0\u202c": "7",
    "\u0645\u06cc\u200c\u0631\u0648\u0645": "\u0645\u06cc\u200c\u0631\u0648\u0645",  # a non-joiner is part of the word
    "2024-01-01": "2024-01-01", "2024-01-01 00:00": "2024-01-01", "2024-01-01T00:00:00.000": "2024-01-01",
    "2024-01-01 06:00:00.500": "2024-01-01 06:00:00.5", "2024-01-01 06:00:00.1234567": "2024-01-01 06:00:00.123456",
    "2024-02-30 00:00:00": "2024-02-30 00:00:00", "2024-01-01 25:00": "2024-01-01 25:00", "01/02/2024": "01/02/2024",
    "2024-01-01T06:00:00Z": "2024-01-01 06:00:00Z", "2024-01-01 06:00 UTC": "2024-01-01 06:00:00Z",
    "2024-01-01T06:00:00+09:00": "2023-12-31 21:00:00Z", "2024-01-01 06:00:00-0530": "2024-01-01 11:30:00Z",
    "2024-01-01 06:00:00-05": "2024-01-01 11:00:00Z", "2024-01-01T00:00:00+00:00": "2024-01-01 00:00:00Z",
}  # fmt: skip


@pytest.fixture
def database() -> Any:
    with duckdb.connect() as rows:
        rows.execute("SET TimeZone = 'UTC'")
        yield rows


def told(database: Any, values: pa.Array, *, number: bool, decimal: str = ".") -> list[str | None]:
    """The canonical forms that the database finds."""
    database.register("source", pa.table({"c": values}))
    column = trimmed("c", ["NA"]) if pa.types.is_string(values.type) else "c"
    database.execute(f"CREATE OR REPLACE TABLE given AS SELECT {column} AS c FROM source")
    kind = database.execute("DESCRIBE given").fetchall()[0][1]
    query = f"SELECT {expression('c', kind, number=number, decimal=decimal)} FROM given"
    return [value for (value,) in database.execute(query).fetchall()]


def test_a_text_has_one_form_in_python_and_in_sql(database: Any) -> None:
    for value, right in TEXTS.items():
        assert canonical(value, number=True, missing=["NA"]) == right, value
    assert told(database, pa.array(TEXTS, pa.string()), number=True) == list(TEXTS.values())


@pytest.mark.parametrize(("number", "decimal"), [(False, "."), (True, ","), (False, ",")])
def test_python_and_sql_agree_beside_other_numbers_too(database: Any, number: bool, decimal: str) -> None:
    right = [canonical(value, number=number, missing=["NA"], decimal=decimal) for value in TEXTS]
    assert told(database, pa.array(TEXTS, pa.string()), number=number, decimal=decimal) == right
    assert canonical("7.0", number=False, missing=()) == "7.0"
    assert canonical("7,50", number=True, missing=(), decimal=",") == "7.5"


TOKYO = dt.timezone(dt.timedelta(hours=9))
TYPES: list[tuple[pa.Array, list[str | None]]] = [
    (
        pa.array([1.0, 1.5, float("nan"), -0.0, 1e-7, 1e16, 1e20, None]),
        ["1", "1.5", None, "0", "1e-07", "10000000000000000", "1e+20", None],
    ),
    (pa.array([True, False, None]), ["true", "false", None]),
    (pa.array([2**63 + 5], pa.uint64()), ["9223372036854775813"]),
    (pa.array([2**53 + 1]), ["9007199254740993"]),
    (pa.array([-3], pa.int8()), ["-3"]),
    (pa.array([Decimal("7.50"), Decimal("7.00"), Decimal("-0.00")], pa.decimal128(10, 2)), ["7.5", "7", "0"]),
    (pa.array([dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, 6)]), ["2024-01-01", "2024-01-01 06:00:00"]),
    (pa.array([dt.datetime(2024, 1, 1)], pa.timestamp("s")), ["2024-01-01"]),
    (pa.array([dt.datetime(1960, 1, 1, 6)], pa.timestamp("ns")), ["1960-01-01 06:00:00"]),
    (pa.array([dt.datetime(2024, 1, 1, tzinfo=TOKYO)], pa.timestamp("ms", "Asia/Tokyo")), ["2023-12-31 15:00:00Z"]),
    (pa.array([dt.date(2024, 1, 1)]), ["2024-01-01"]),
    (pa.array([dt.date(2024, 1, 1)], pa.date64()), ["2024-01-01"]),
    (pa.array([dt.time(6, 0, 0, 500_000)]), ["06:00:00.5"]),
]


@pytest.mark.parametrize(("values", "right"), TYPES, ids=lambda case: str(getattr(case, "type", "")))
def test_a_typed_value_has_the_form_of_its_text(database: Any, values: pa.Array, right: list[str | None]) -> None:
    assert told(database, values, number=True) == right
    assert [canonical(value, number=True, missing=()) for value in values.to_pylist()] == right
    assert [canonical(value, number=True, missing=()) for value in right] == right


@pytest.mark.parametrize(
    ("value", "right"),
    [
        (np.bool_(True), "true"),
        (np.int8(3), "3"),
        (np.float64(2), "2"),
        (np.float32(0.1), "0.1"),
        (np.float16(0.25), "0.25"),
        (np.str_(" a "), "a"),
        (np.datetime64("2024-01-01"), "2024-01-01"),
        (np.datetime64("NaT"), None),
        (pd.Timestamp("2024-01-01"), "2024-01-01"),
        (pd.Timestamp("2024-01-01", tz="Asia/Tokyo"), "2023-12-31 15:00:00Z"),
        (pd.NaT, None),
        (pd.NA, None),
        (float("nan"), None),
        (Decimal("NaN"), None),
        (Decimal("1E+3"), "1000"),
    ],
)
def test_scalars_of_numpy_and_pandas_have_the_same_form(value: object, right: str | None) -> None:
    assert canonical(value, number=False, missing=()) == right


@pytest.mark.parametrize("value", [b"a", [1], {"a": 1}, dt.timedelta(1)])
def test_a_value_that_is_no_category_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=f"this is a {type(value).__name__}"):
        canonical(value, number=False, missing=())


@pytest.mark.parametrize(
    ("values", "right"),
    [
        ([" Male", "Female", " NA", ""], {"Male", "Female", "missing"}),
        (["7", "7.0", " 7", "8"], {"7", "8"}),
        (["007", "7", "7.0"], {"007", "7", "7.0"}),
        (["7.0", "7", "x"], {"7.0", "7", "x"}),
        (["2024-01-01 00:00:00", "2024-01-01", "2024-01-02"], {"2024-01-01", "2024-01-02"}),
        (["True", "TRUE", "false"], {"true", "false"}),
    ],
)
def test_categories_of_text_are_in_their_canonical_form(tmp_path: Path, values: list[str], right: set[str]) -> None:
    assert set(ingested(tmp_path, text(values), **CATEGORY)[0]["v"]) == right


FLOATS = [float(i % 3) for i in range(ROWS)]
COLUMNS: dict[str, tuple[pa.Array, set[str]]] = {
    "float with gaps": (pa.array([None, *FLOATS[1:]]), {"0", "1", "2", "missing"}),
    "NaN": (pa.array([float("nan"), *FLOATS[1:]]), {"0", "1", "2", "missing"}),
    "float32": (pa.array(np.float32([0.1, 0.2] * 20)), {"0.1", "0.2"}),
    "float16": (pa.array(np.float16([0.5, 2] * 20)), {"0.5", "2"}),
    "dictionary": (pa.array([" a", "b"] * 20).dictionary_encode(), {"a", "b"}),
    "large string": (pa.array(["a", "NA", "", " b"] * 10, pa.large_string()), {"a", "b", "missing"}),
    "string view": (pa.array(["a", "b"] * 20, pa.string_view()), {"a", "b"}),
    "time": (pa.array([dt.time(6), dt.time(7)] * 20, pa.time64("ns")), {"06:00:00", "07:00:00"}),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_categories_of_parquet_are_too(tmp_path: Path, case: str) -> None:
    values, right = COLUMNS[case]
    assert set(ingested(tmp_path, parquet(values), name="t.parquet", **CATEGORY)[0]["v"]) == right


def test_spellings_of_one_group_stay_in_one_part(tmp_path: Path) -> None:
    groups = [spelling.format(i // 2) for i in range(ROWS) for spelling in [("{}", "{}.0", " {}")[i % 3]]]
    split = RANDOM | {"by": "group", "column": "v"}
    rows, reading, summary = ingested(tmp_path, text(groups), numeric=["x"], split=split)
    assert rows.groupby(rows["x"] // 2)["split"].nunique().max() == 1
    assert reading.numbers == ("v",)
    assert "column 'v' is all numbers: '0.0' is read as '0' (13 values)" in summary


@pytest.mark.parametrize(("listed", "right"), [(None, ("0", "1")), (["1.0", "0.0"], ("1", "0"))])
def test_spellings_of_one_class_are_one_class(tmp_path: Path, listed: Any, right: tuple[str, ...]) -> None:
    content = text(["a"]).replace("no", " 1.0").replace("yes", "0")
    _, _, summary = ingested(
        tmp_path, content, target={"column": "label", "above": None, "classes": listed}, **CATEGORY
    )
    assert f"; {right[0]} 50.00%, {right[1]} 50.00%; " in summary


def test_classes_that_differ_in_case_alone_are_refused_and_categories_named(tmp_path: Path) -> None:
    content = text(["Oslo", "oslo", "NaN"])
    summary = ingested(tmp_path, content, **CATEGORY)[2]
    assert "column 'v': 'Oslo' and 'oslo' are two values" in summary
    assert "column 'v' has the value 'NaN'; if it is missing, list it in data.table.csv.missing" in summary
    with pytest.raises(BadInput, match="has 'No', 'no', which differ in case alone"):
        ingested(tmp_path, content.replace("no\n", "No\n", 3), **CATEGORY)


@pytest.mark.parametrize(("one", "other"), [("1", "true"), ("0", "False")])
def test_two_ways_to_say_true_or_false_are_refused_unless_both_are_listed(tmp_path: Path, one: str, other: str) -> None:
    content = text(["a"]).replace("yes", one).replace("no\n", f"{other}\n", 3)
    with pytest.raises(BadInput, match=f"has '{one}', '{other.lower()}'.*, which may be one class; write one of them"):
        ingested(tmp_path, content, **CATEGORY)
    target = {"column": "label", "above": None, "classes": [one, other, "no"]}
    assert f"; {one} 50.00%, {other.lower()} " in ingested(tmp_path, content, target=target, **CATEGORY)[2]


def test_invisible_characters_do_not_make_a_value_another_one(tmp_path: Path) -> None:
    values = ["red", "r\u00aded", "red\u200b", "\ufeffred"]
    for content, name in ((text(values), "t.csv"), (parquet(pa.array(values * (ROWS // 4))), "t.parquet")):
        frame, _, _ = ingested(tmp_path, content, name=name, **CATEGORY)
        assert set(frame["v"]) == {"red"}
    frame, _, _ = ingested(tmp_path, text([f"{i}\u200b" for i in range(4)]))
    assert set(frame["v"]) == {0, 1, 2, 3}
