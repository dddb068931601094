"""Tables, settings and files that cannot be encoded: each is answered with one line, and old outputs stay."""

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.examples import SPLITS, Examples
from bakeoff.data.table.reading import Reading

TABLE, READING = "data/table/table.parquet", "data/table/reading.json"
OUTPUTS = ("data/table/encoded.npz", "data/table/card.json", "data/table/encoder.json", "reports/encoding/table.json")
PLAIN: dict[str, Any] = {
    "scaling": "standard",
    "scaling_by_column": {},
    "missing": {"numeric": "mean", "categorical": "category"},
    "minimum_frequency": 1,
    "maximum_categories": 5,
    "unseen": "other",
    "maximum_unseen": 1.0,
    "hashed": {},
}
ROWS = pd.DataFrame(
    {
        "temp": [1.0, 2.0, 3.0, 4.0],
        "humid": [5.0, 6.0, 7.0, 8.0],
        "carrier": ["UA", "AA", "UA", "AA"],
        "target": np.array([0, 1, 0, 1], np.uint8),
        "split": ["train", "train", "validation", "test"],
    }
)


def parquet(rows: pd.DataFrame) -> bytes:
    table = pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata({b"classes": b'["no", "yes"]'})
    file = BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def read(**changes: Any) -> bytes:
    """How the table was read, as the file that ingest_table writes."""
    return json.dumps(dict.fromkeys(Reading.model_fields) | {"missing": [], "numbers": []} | changes).encode()


def line(project: Any, table: bytes, **settings: Any) -> str:
    """With which the stage refuses the table."""
    project.put(TABLE, table)
    project.put(READING, read())
    project.set(data__table__encoding=PLAIN | settings, data__table__numeric=["temp", "humid"])
    project.set(data__table__categorical=["carrier"])
    refused: str = project.refusal("encode_table", *OUTPUTS)
    return refused


def test_the_table_that_the_cases_start_from_is_encoded(project: Any) -> None:
    project.put(TABLE, parquet(ROWS))
    project.put(READING, read())
    project.set(
        data__table__encoding=PLAIN, data__table__numeric=["temp", "humid"], data__table__categorical=["carrier"]
    )
    ended = project.run("encode_table")
    assert ended.returncode == 0, ended.stderr
    assert Examples.load(project.root / OUTPUTS[0]).classes == ("no", "yes")


MANY = pd.concat([ROWS, *[ROWS.head(1).assign(carrier=f"N{n}") for n in range(10)]])
MILLION = pd.concat(
    [ROWS, pd.DataFrame({"carrier": [f"N{n}" for n in range(1_000_000)], "split": "train"})], ignore_index=True
).assign(temp=1.0, humid=1.0, target=np.uint8(0))


@pytest.mark.parametrize(
    ("rows", "settings", "says"),
    [
        pytest.param(
            ROWS.assign(temp=[None, None, 1.0, 1.0]),
            {},
            [f"{TABLE}: 'temp' has no value in any training row", "remove it from data.table.numeric"],
            id="a number missing in all training rows",
        ),
        pytest.param(
            ROWS.assign(split=["test", "test", "validation", "test"]),
            {},
            [f"{TABLE}: no train rows", "each split needs one"],
            id="no training rows",
        ),
        pytest.param(ROWS.head(0), {}, ["no train rows", "no test rows"], id="no rows at all"),
        pytest.param(
            ROWS.assign(humid=[1.0, 2.0, 3.0, np.inf]),
            {},
            [f"{TABLE}: row 4: 'humid' is inf", "finite"],
            id="infinity in a held-out row",
        ),
        pytest.param(
            ROWS.assign(humid=[1.0, -1e39, 3.0, 1.0]),
            {"scaling": "none"},
            [f"{TABLE}: row 2: 'humid' is -1e+39", "at most 3.4e+38"],
            id="a number beyond float32",
        ),
        pytest.param(
            MILLION,
            {},
            [
                "data.table.categorical: 'carrier' has more than 1,000,000",
                "hashed: {carrier: ",
                "data.table.categorical",
            ],
            id="a million categories",
        ),
        pytest.param(
            MANY,
            {},
            ["maximum_categories is 5, and 12 of the 12 categories of 'carrier'", "raise minimum_frequency", "hash it"],
            id="more categories than allowed",
        ),
        pytest.param(
            ROWS,
            {"minimum_frequency": 3},
            ["minimum_frequency is 3, and none of the 2 categories of 'carrier'", "2 training rows", "lower it"],
            id="no category frequent enough",
        ),
        pytest.param(
            ROWS.assign(carrier=["UA", "AA", "UA", "XX"]),
            {"unseen": "refuse"},
            [f"{TABLE}: 1 held-out rows of 'carrier'", "like 'XX'", "data.table.encoding.unseen is refuse"],
            id="an unseen category",
        ),
        pytest.param(
            ROWS.assign(temp=[1.0, None, 1.0, None], humid=[1.0, 2.0, 3.0, None]),
            {"missing": {"numeric": "refuse", "categorical": "category"}},
            ["missing.numeric is refuse", "'temp' in 2 rows, 'humid' in 1 rows", "mean, median or zero"],
            id="missing numbers",
        ),
        pytest.param(
            ROWS.assign(carrier=["UA", None, "UA", "UA"]),
            {"missing": {"numeric": "mean", "categorical": "refuse"}},
            ["missing.categorical is refuse", "'carrier' in 1 rows", "category or most_frequent"],
            id="missing categories",
        ),
        pytest.param(
            ROWS,
            {"scaling_by_column": {"humidity": "minmax"}, "hashed": {"carier": 8}},
            [
                "data.table.encoding.scaling_by_column: 'humidity' is no column of data.table.numeric; did you mean ",
                "hashed: 'carier' is no column of data.table.categorical; did you mean 'carrier'?",
            ],
            id="settings that name no column, both at once",
        ),
        pytest.param(
            ROWS,
            {"scaling_by_column": {"carrier": "minmax"}},
            ["'carrier' is a column of data.table.categorical, and should be"],
            id="text to scale",
        ),
        pytest.param(
            ROWS,
            {"hashed": {"temp": 8}},
            ["'temp' is a column of data.table.numeric, and should be one of"],
            id="a number to hash",
        ),
        pytest.param(ROWS, {"hashed": {"carrier": 1}}, ["data.table.encoding.hashed.carrier is 1"], id="one bucket"),
        pytest.param(
            ROWS,
            {"scaling": "standrad"},
            ["data.table.encoding.scaling is 'standrad'", "did you mean 'standard'?"],
            id="a scaling",
        ),
        pytest.param(
            ROWS.drop(columns=["humid", "split"]),
            {},
            [f"{TABLE}: no column 'humid'; no column 'split'"],
            id="columns gone",
        ),
        pytest.param(
            ROWS.assign(temp="warm", carrier=1.0),
            {},
            [f"{TABLE}: 'temp' is", "should be numbers", "'carrier' is double, and should be text"],
            id="columns of other types",
        ),
    ],
)
def test_tables_and_settings_that_do_not_fit(project: Any, rows: pd.DataFrame, settings: Any, says: list[str]) -> None:
    refused = line(project, parquet(rows), **settings)
    for part in says:
        assert part in refused


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda whole: whole[:-10], id="cut off"),
        pytest.param(lambda whole: whole[:200] + bytes(200) + whole[400:], id="zeros inside"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"temp,humid\n1,2\n", id="text"),
    ],
)
def test_damaged_tables(project: Any, damage: Any) -> None:
    refused = line(project, damage(parquet(ROWS)))
    assert refused.startswith(f"{TABLE}: ") and "dvc repro ingest_table" in refused


def test_a_table_that_is_not_there(project: Any) -> None:
    project.set(data__table__encoding=PLAIN)
    assert f"{TABLE}: not found" in project.refusal("encode_table", *OUTPUTS)


@pytest.mark.parametrize(("content", "says"), [(None, "not found"), (b"{}", "separator is missing")])
def test_a_reading_that_is_not_there_or_damaged(project: Any, content: bytes | None, says: str) -> None:
    project.put(TABLE, parquet(ROWS))
    if content is not None:
        project.put(READING, content)
    project.set(data__table__encoding=PLAIN)
    assert project.refusal("encode_table", *OUTPUTS).startswith(f"{READING}: {says}")


X = np.zeros((4, 2), np.float32)
Y = np.zeros(4, np.uint8)


def saved(path: Path, **changes: Any) -> Path:
    """Arrays of a table of examples, some of them others."""
    arrays: dict[str, Any] = {f"{name}.{array}": value for name in SPLITS for array, value in (("x", X), ("y", Y))}
    arrays |= {"classes": np.array(["no", "yes"])} | {name.replace("_", "."): value for name, value in changes.items()}
    with path.open("wb") as file:
        np.savez(file, **{name: value for name, value in arrays.items() if value is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"train_x": np.array([{}])}, "allow_pickle=False", id="objects"),
        pytest.param({"test_y": None}, "has no array 'test.y'", id="an array less"),
        pytest.param({"train_x": X.astype(np.float64)}, "train: x is float64", id="float64"),
        pytest.param({"validation_x": X[:, :1]}, "validation: x is (4, 1)", id="a column less"),
        pytest.param({"test_y": Y[:3]}, "test: y is (3,) where x is (4, 2)", id="a label less"),
        pytest.param({"test_y": Y + np.uint8(2)}, "test: label 2 where there are 2 classes", id="a class more"),
        pytest.param({"train_x": X * np.nan}, "train: x contains values that are not finite", id="NaN"),
    ],
)
def test_arrays_that_are_no_examples(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    assert says in refused_examples(saved(tmp_path / "encoded.npz", **changes))


def test_damaged_examples(tmp_path: Path) -> None:
    path = saved(tmp_path / "encoded.npz")
    whole = path.read_bytes()
    for damaged in (b"", b"no archive", whole[: len(whole) // 2], whole[:-30]):
        path.write_bytes(damaged)
        refused_examples(path)
    np.savez_compressed(path, classes=np.arange(1000))
    flipped = bytearray(path.read_bytes())
    flipped[60:100] = bytes(40)
    path.write_bytes(flipped)
    refused_examples(path)


def test_a_length_that_no_memory_holds(tmp_path: Path) -> None:
    path = saved(tmp_path / "encoded.npz")
    with zipfile.ZipFile(path, "w") as archive, archive.open("train.x.npy", "w") as member:
        head = {"descr": "<f4", "fortran_order": False, "shape": (1 << 55, 2)}
        np.lib.format.write_array_header_1_0(member, head)
    assert "llocate" in refused_examples(path)


def refused_examples(path: Path) -> str:
    with pytest.raises(BadInput) as refused:
        Examples.load(path)
    text = str(refused.value)
    assert text.startswith(f"{path}: ") and text.endswith("make the file again") and "\n" not in text
    return text
