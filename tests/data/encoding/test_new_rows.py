"""One value, one column of the encoder: whatever file or type it comes from, at fit and for new rows."""

import bz2
import datetime as dt
import gzip
import zipfile
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.encoding.fit import fit
from bakeoff.data.encoding.inference import encode_file, encode_rows, encode_table_file
from bakeoff.data.encoding.rows import Rows
from bakeoff.data.encoding.settings import EncodingSettings
from bakeoff.data.sources.find import Found
from bakeoff.data.table import ingest
from bakeoff.data.table.reading import Reading
from bakeoff.data.table.settings import TableSettings

MOMENTS = [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2, 6, 30), dt.datetime(2024, 1, 3, 12, 0, 1, 250000)]
ZONE = dt.timezone(dt.timedelta(hours=2))

# By name: three values, the type they have in Parquet, and their canonical forms.
KINDS: dict[str, tuple[list[Any], pa.DataType, list[str]]] = {
    "bool": ([True, False, True], pa.bool_(), ["true", "false", "true"]),
    "int": ([1, 20, -3], pa.int64(), ["1", "20", "-3"]),
    "small int": ([1, 20, -3], pa.int8(), ["1", "20", "-3"]),
    "huge int": ([2**53 + 1, 2**63 - 1, 0], pa.int64(), ["9007199254740993", "9223372036854775807", "0"]),
    "unsigned": ([2**64 - 1, 7, 8], pa.uint64(), ["18446744073709551615", "7", "8"]),
    "whole float": ([1.0, 2.0, 3.0], pa.float64(), ["1", "2", "3"]),
    "float": ([0.5, 1.25, -2.0], pa.float64(), ["0.5", "1.25", "-2"]),
    "single": ([0.5, 0.1, 3.0], pa.float32(), ["0.5", "0.1", "3"]),
    "decimal": ([Decimal("1.50"), Decimal("2.00"), Decimal("-0.25")], pa.decimal128(9, 2), ["1.5", "2", "-0.25"]),
    "date": ([moment.date() for moment in MOMENTS], pa.date32(), ["2024-01-01", "2024-01-02", "2024-01-03"]),
    "timestamp": (MOMENTS, pa.timestamp("us"), ["2024-01-01", "2024-01-02 06:30:00", "2024-01-03 12:00:01.25"]),
    "seconds": (
        [moment.replace(microsecond=0) for moment in MOMENTS],
        pa.timestamp("s"),
        ["2024-01-01", "2024-01-02 06:30:00", "2024-01-03 12:00:01"],
    ),
    "zoned": (
        [moment.replace(tzinfo=ZONE) for moment in MOMENTS],
        pa.timestamp("us", "Europe/Helsinki"),
        ["2023-12-31 22:00:00Z", "2024-01-02 04:30:00Z", "2024-01-03 10:00:01.25Z"],
    ),
    "time": ([dt.time(6), dt.time(6, 30), dt.time(23, 59, 59)], pa.time64("us"), ["06:00:00", "06:30:00", "23:59:59"]),
    "text": (["Åre", "new york", "x;y, z"], pa.string(), ["Åre", "new york", "x;y, z"]),
    "decomposed": (["A\u030are", "e\u0301", "o"], pa.string(), ["Åre", "é", "o"]),
    "spaces": ([" Male", "Female ", "\u00a0x"], pa.string(), ["Male", "Female", "x"]),
    "code": (["007", "7", "7.0"], pa.string(), ["007", "7", "7.0"]),
    "figures": (["7.0", "8", "+9"], pa.string(), ["7", "8", "9"]),
    "truth": (["True", "FALSE", "true"], pa.string(), ["true", "false", "true"]),
    "words": (["missing", "other", "None"], pa.string(), ["missing", "other", "None"]),
    "dictionary": (["a", "b", "c"], pa.dictionary(pa.int8(), pa.string()), ["a", "b", "c"]),
}
WAYS = ("csv", "parquet")
NEW = ("csv", "parquet", "python", "objects")
TRAINING = 5  # times that each value stands in the training rows


def frame(copies: int) -> pd.DataFrame:
    """Columns of objects, as Python has them."""
    columns = {name: pd.Series(values * copies, dtype=object) for name, (values, _, _) in KINDS.items()}
    return pd.DataFrame({"x": np.arange(3.0 * copies), **columns})


def typed(rows: pd.DataFrame) -> pa.Table:
    types = {"x": pa.float64(), "label": pa.string()} | {name: kind for name, (_, kind, _) in KINDS.items()}
    return pa.table({name: pa.array(rows[name].tolist(), types[name]) for name in rows})


def written(rows: pd.DataFrame, folder: Path, way: str) -> Path:
    path = folder / f"rows.{way}"
    if way == "parquet":
        pq.write_table(typed(rows), path)
    else:
        rows.to_csv(path, index=False)
    return path


def table_settings(categorical: list[str], numeric: tuple[str, ...] = ("x",), **csv: Any) -> TableSettings:
    auto = dict.fromkeys(("separator", "decimal", "thousands", "encoding", "date_order"), "auto")
    return TableSettings.model_validate(
        {
            "source": "data/raw/table/t.csv",
            "take": None,
            "csv": auto | {"missing": ["NA"]} | csv,
            "target": {"column": "label", "above": None, "classes": None},
            "numeric": list(numeric),
            "categorical": categorical,
            "time": None,
            "leaks": [],
            "dropped": None,
            "order": [],
            "split": {"by": "random", "column": None, "validation": 0.1, "test": 0.1, "seed": 0},
        }
    )


def encoding_settings(**changes: Any) -> EncodingSettings:
    return EncodingSettings.model_validate(
        {
            "scaling": "none",
            "scaling_by_column": {},
            "missing": {"numeric": "zero", "categorical": "category"},
            "minimum_frequency": 1,
            "maximum_categories": 500,
            "unseen": "other",
            "maximum_unseen": 0.0,
            "hashed": {},
        }
        | changes
    )


def fitted(path: Path, table: TableSettings, encoding: EncodingSettings) -> Encoder:
    """As the two stages fit one, through their files."""
    made, read = path.with_name("table.parquet"), path.with_name("reading.json")
    with ingest.ingested(Found(str(path), None, {"data": path}), table, lambda _: None) as prepared:
        prepared.save(made)
        prepared.reading.save(read)
    rows = Rows(made, table.numeric, table.categorical, lambda _: None)
    encoder, _ = fit(rows, encoding, Reading.load(read))
    encoder.save(path.with_name("encoder.json"))
    return Encoder.load(path.with_name("encoder.json"))


@pytest.fixture(scope="module", params=WAYS)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    rows = frame(TRAINING * 10)
    rows["label"] = np.where(np.arange(len(rows)) % 2, "no", "yes")
    path = written(rows, tmp_path_factory.mktemp("fit"), request.param)
    return fitted(path, table_settings(list(KINDS)), encoding_settings())


@pytest.fixture(scope="module", params=NEW)
def x(request: pytest.FixtureRequest, encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    rows = frame(1)
    if request.param == "objects":
        return encode_rows(encoder, rows)[0]
    if request.param == "python":  # with the types that pandas gives such columns
        return encode_rows(encoder, typed(rows).to_pandas())[0]
    return encode_table_file(encoder, written(rows, tmp_path_factory.mktemp("new"), request.param))[0]


@pytest.mark.parametrize("name", KINDS)
def test_a_value_is_known_whatever_it_came_from(encoder: Encoder, x: np.ndarray, name: str) -> None:
    _, _, expected = KINDS[name]
    category = encoder.one_hot[name]
    assert sorted(set(expected)) == list(category.known)
    start = encoder.columns.index(f"{name}={category.values[0]}")
    codes = x[:, start : start + len(category.values)].argmax(axis=1)
    assert [category.values[code] for code in codes] == expected


def test_what_comes_back_is_encoded_as_before(encoder: Encoder, x: np.ndarray) -> None:
    assert np.array_equal(encode_rows(encoder, encoder.inverse_transform(x))[0], x)


MISSING: dict[str, Any] = {
    "None": None,
    "nan": np.nan,
    "NaT": pd.NaT,
    "NA": pd.NA,
    "empty": "",
    "spaces": "  ",
    "word": "NA",
    "spaced word": " NA ",
}


@pytest.fixture(scope="module", params=WAYS)
def gappy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """Fitted to rows with gaps beside categories that are called `missing` and `nan`."""
    rows = pd.DataFrame({"x": [1.0, 2.0, None, 5.0] * 10, "c": ["missing", "nan", None, "a"] * 10})
    rows["label"] = np.where(np.arange(len(rows)) // 4 % 2, "no", "yes")
    path = tmp_path_factory.mktemp("gaps") / f"t.{request.param}"
    rows.to_csv(path, index=False) if request.param == "csv" else rows.to_parquet(path)
    return fitted(path, table_settings(["c"]), encoding_settings())


@pytest.mark.parametrize("way", NEW[:3])
@pytest.mark.parametrize("gap", MISSING)
def test_a_missing_value_is_no_category(gappy: Encoder, tmp_path: Path, gap: str, way: str) -> None:
    rows = pd.DataFrame({"x": [3.5, 3.5], "c": pd.Series([MISSING[gap], "missing"], dtype=object)})
    if way == "python":
        x = encode_rows(gappy, rows)[0]
    elif way == "parquet":
        texts = [None if pd.isna(value) else value for value in rows["c"]]
        path = tmp_path / "new.parquet"
        pq.write_table(pa.table({"x": rows["x"], "c": pa.array(texts, pa.string())}), path)
        x = encode_table_file(gappy, path)[0]
    else:
        x = encode_table_file(gappy, written_text(tmp_path, rows.to_csv(index=False)))[0]
    assert gappy.columns == ["x", "c=a", "c=missing", "c=nan", "c=(missing)", "c=other"]
    assert x.tolist() == [[3.5, 0, 0, 0, 1, 0], [3.5, 0, 1, 0, 0, 0]]


def written_text(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "new.csv"
    path.write_text(text, encoding=encoding, newline="")
    return path


@pytest.fixture(scope="module")
def from_text(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Encoder]:
    """`from_text(text, maximum_unseen=0.5)`: fitted to a text table with a number x and categories c; once for each."""

    @cache
    def make(text: str, **changes: Any) -> Encoder:
        path = written_text(tmp_path_factory.mktemp("fit"), text)
        return fitted(path, table_settings(["c"]), encoding_settings(**changes))

    return make


COMMAS = "x;c;label\n" + "".join(f"{i},5;{'ab'[i % 2]};{'no' if i % 3 else 'yes'}\n" for i in range(30))
POINTS = COMMAS.replace(",", ".").replace(";", ",")
THOUSANDS = "x;c;label\n" + "".join(f"1.{i:03},25;{'ab'[i % 2]};{'no' if i % 3 else 'yes'}\n" for i in range(30))
WHOLE = "x;c;label\n" + "".join(f"{i};{'ab'[i % 2]};{'no' if i % 3 else 'yes'}\n" for i in range(30))


@pytest.mark.parametrize(
    ("table", "rows", "expected"),
    [
        (COMMAS, "x;c\n7\n", None),
        (COMMAS, "x;c\n7,25;a\n", [7.25]),
        (COMMAS, "x;c\n7;a\n", [7]),
        (COMMAS, "x;c\n1,234;a\n", [1.234]),
        (COMMAS, "x;c\n1.5;a\n", None),
        (COMMAS, "x;c\n1.234;a\n", None),
        (COMMAS, "c;x\nb;0,125\na;-3,5\n", [0.125, -3.5]),
        (COMMAS, '"c";"x"\n"b";"0,125"\n', [0.125]),
        (COMMAS, "sep=;\nx;c\n7,25;a\n", [7.25]),
        (COMMAS, "sep=,\nx,c\n7,a\n", None),
        (POINTS, "x,c\n7.25,a\n", [7.25]),
        (POINTS, 'x,c\n"1,234",a\n', None),
        (POINTS, 'x,c\n"1,5",a\n', None),
        (THOUSANDS, "x;c\n1.234;a\n", [1234]),
        (THOUSANDS, "x;c\n1.234,5;a\n", [1234.5]),
        (THOUSANDS, "x;c\n12,5;a\n", [12.5]),
        (THOUSANDS, "x;c\n1.5;a\n", None),
        (WHOLE, "x;c\n7;a\n", [7]),
        (WHOLE, "x;c\n1.5;a\n", [1.5]),
        (WHOLE, "x;c\n1,234;a\n", None),
        (COMMAS, "x;c\nnan;a\n", None),
        (COMMAS, "x;c\ninf;a\n", None),
        (COMMAS, "x;c\n1e999;a\n", None),
        (COMMAS, "x;c\n1e2;a\n", [100]),
        (COMMAS, "x;c\n\u22121,5;a\n", [-1.5]),
        (COMMAS, "x;c\n;a\nNA;a\n 2,5 ;a\n", [0, 0, 2.5]),
        (COMMAS, "x;c\n", []),
        (COMMAS, "x;c", []),
        (COMMAS, "note;x;c;x2\nany;7,25;a;1\n", [7.25]),
        (COMMAS, " x ; c \n7,25;a\n", [7.25]),
        (COMMAS, "\ufeffx;c\r\n7,25;a\r\n", [7.25]),
        (COMMAS, "x;c;x\n7,25;a;1\n", None),
        (COMMAS, "x;c; x\n7,25;a;1\n", None),
        (COMMAS, "x,c\n7,a\n", None),
        (COMMAS, "x\tc\n7\ta\n", None),
        (COMMAS, "x\n7,5\n", None),
        (COMMAS, "7,5;a\n", None),
        (COMMAS, "", None),
        (COMMAS, "\n\n", None),
        (COMMAS, "x;c\n7;a;b\n", None),
    ],
)
def test_texts_are_read_as_those_of_the_table(
    from_text: Callable[..., Encoder], tmp_path: Path, table: str, rows: str, expected: list[float]
) -> None:
    encoder = from_text(table)
    path = written_text(tmp_path, rows)
    if expected is None:
        with pytest.raises(BadInput, match=r"^\S*new\.csv: ") as refused:
            encode_table_file(encoder, path)
        assert "\n" not in str(refused.value)
        assert encoder.reading.line() in str(refused.value)
    else:
        x, _ = encode_table_file(encoder, path)
        assert x[:, 0].tolist() == np.array(expected, np.float32).tolist()
        assert x.shape[1] == len(encoder.columns)


@pytest.mark.parametrize("fit_encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("new_encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_a_mark_tells_the_encoding_and_else_it_is_that_of_the_table(
    tmp_path: Path, fit_encoding: str, new_encoding: str
) -> None:
    (tmp_path / "fit").mkdir()
    path = written_text(tmp_path / "fit", POINTS.replace(",b,", ",Å,"), fit_encoding)
    csv = {"encoding": "cp1252"} if fit_encoding == "cp1252" else {}
    encoder = fitted(path, table_settings(["c"], **csv), encoding_settings())
    rows = written_text(tmp_path, "x,c\n1.5,Å\n", new_encoding)
    marked = new_encoding in ("utf-8-sig", "utf-16", "utf-32")
    if marked or fit_encoding == new_encoding or (fit_encoding, new_encoding) == ("utf-8-sig", "utf-8"):
        assert encode_table_file(encoder, rows)[0].tolist() == [[1.5, 0, 1, 0]]
    else:
        with pytest.raises(BadInput, match=r"new\.csv: "):
            encode_table_file(encoder, rows)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04 broken", r"new\.csv: "),
        (b"ARROW1\0\0", "is an Arrow"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "is an old Excel workbook"),
        (b"SQLite format 3\0" + bytes(100), "is an SQLite database"),
        (b"PAR1" + bytes(100), "the Parquet file is damaged"),
    ],
)
def test_a_file_of_another_format_is_named(
    from_text: Callable[..., Encoder], tmp_path: Path, content: bytes, says: str
) -> None:
    encoder = from_text(COMMAS)
    path = tmp_path / "new.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=says):
        encode_table_file(encoder, path)


def test_a_workbook_is_named(from_text: Callable[..., Encoder], tmp_path: Path) -> None:
    encoder = from_text(COMMAS)
    path = tmp_path / "new.xlsx"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        book.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(BadInput, match=r"new\.xlsx: the file is an Excel workbook: .* save it as CSV"):
        encode_table_file(encoder, path)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_packed_text_is_read(from_text: Callable[..., Encoder], tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    encoder = from_text(COMMAS)
    path = tmp_path / "new.csv.packed"
    path.write_bytes(pack(b"x;c\n7,25;a\n"))
    assert encode_table_file(encoder, path)[0].tolist() == [[7.25, 1, 0, 0]]


@pytest.mark.parametrize("column", ["x", "c"])
@pytest.mark.parametrize("way", ["csv", "parquet", "python"])
def test_a_column_that_is_there_twice_is_refused(
    from_text: Callable[..., Encoder], tmp_path: Path, column: str, way: str
) -> None:
    encoder = from_text(COMMAS)
    names = ["x", "c", column]
    rows = pd.DataFrame([[1.5, "a", 1.5 if column == "x" else "a"]], columns=names)
    with pytest.raises(BadInput, match=f"column '{column}' appears 2 times; give each column a name of its own"):
        if way == "python":
            encode_rows(encoder, rows)
        elif way == "csv":
            encode_table_file(encoder, written_text(tmp_path, rows.to_csv(index=False, sep=";", decimal=",")))
        else:
            path = tmp_path / "new.parquet"
            arrays = [pa.array(rows.iloc[:, place]) for place in range(3)]
            pq.write_table(pa.Table.from_arrays(arrays, names=names), path)
            encode_table_file(encoder, path)


def test_another_column_may_be_there_twice(from_text: Callable[..., Encoder], tmp_path: Path) -> None:
    encoder = from_text(COMMAS)
    rows = pd.DataFrame([[1.5, 0, "a", 0]], columns=["x", "y", "c", "y"])
    assert encode_rows(encoder, rows)[0].tolist() == [[1.5, 1, 0, 0]]
    path = written_text(tmp_path, "y;x;y;c\n1;1,5;1;a\n")
    assert encode_table_file(encoder, path)[0].tolist() == [[1.5, 1, 0, 0]]


@pytest.mark.parametrize(
    ("maximum", "strangers", "rows", "refused"),
    [
        (0.0, 1, 10, True),
        (0.5, 5, 10, False),
        (0.5, 6, 10, True),
        (0.5, 1, 1, True),
        (1.0, 1, 1, False),
        (0.0, 0, 9, False),
    ],
)
@pytest.mark.parametrize("way", ["csv", "python"])
def test_too_large_a_share_of_unseen_values_is_refused(
    from_text: Callable[..., Encoder],
    tmp_path: Path,
    maximum: float,
    strangers: int,
    rows: int,
    refused: bool,
    way: str,
) -> None:
    encoder = from_text(COMMAS, maximum_unseen=maximum)
    # A missing value is not an unseen one, and does not count.
    new = pd.DataFrame({"x": 1, "c": ["A"] * strangers + ["a"] * (rows - strangers) + [None] * 20})

    def encode() -> tuple[np.ndarray, dict[str, int]]:
        if way == "python":
            return encode_rows(encoder, new)
        return encode_table_file(encoder, written_text(tmp_path, new.to_csv(index=False, sep=";")))

    if refused:
        says = f"{strangers} of {rows} values of 'c' are in no training row, like 'A' .*maximum_unseen was {maximum:g}"
        with pytest.raises(BadInput, match=says):
            encode()
    else:
        assert encode()[1] == {"c": strangers + 20}


def test_rare_values_are_not_unseen(from_text: Callable[..., Encoder]) -> None:
    encoder = from_text(COMMAS + "1,5;rare;no\n" * 9, minimum_frequency=10, maximum_unseen=0.0)
    assert encoder.one_hot["c"].rare == ("rare",)
    assert encode_rows(encoder, pd.DataFrame({"x": [1.5], "c": ["rare"]}))[1] == {"c": 1}


@pytest.mark.parametrize("value", [2**53 + 1, -(2**62) - 1, 2**63 - 1])
@pytest.mark.parametrize("dtype", ["int64", "Int64", "object", "int64[pyarrow]"])
def test_an_integer_beyond_2_to_53_is_the_nearest_float(
    from_text: Callable[..., Encoder], value: int, dtype: str
) -> None:
    encoder = from_text(COMMAS)
    rows = pd.DataFrame({"x": pd.Series([value, 3], dtype=dtype), "c": "a"})
    assert encode_rows(encoder, rows)[0][:, 0].tolist() == [np.float32(float(value)), 3]


def test_an_integer_beyond_2_to_53_in_a_file_is_the_nearest_float(
    from_text: Callable[..., Encoder], tmp_path: Path
) -> None:
    encoder, values = from_text(COMMAS), [2**53 + 1, -(2**62) - 1, 2**63 - 1]
    expected = [np.float32(float(value)) for value in values]
    path = tmp_path / "new.parquet"
    pq.write_table(pa.table({"x": pa.array(values, pa.int64()), "c": ["a"] * 3}), path)
    assert encode_table_file(encoder, path)[0][:, 0].tolist() == expected
    path = written_text(tmp_path, "x;c\n" + "".join(f"{value};a\n" for value in values))
    assert encode_table_file(encoder, path)[0][:, 0].tolist() == expected


@pytest.mark.parametrize("dtype", ["object", "str", "float64"])
def test_a_frame_without_rows_has_none(from_text: Callable[..., Encoder], tmp_path: Path, dtype: str) -> None:
    encoder = from_text(COMMAS)
    x, counts = encode_rows(encoder, pd.DataFrame({"x": [], "c": []}, dtype=dtype))
    assert x.shape == (0, len(encoder.columns)) and x.dtype == np.float32
    assert counts == {"c": 0}
    path = tmp_path / "new.parquet"
    pq.write_table(pa.table({"x": pa.array([], pa.float64()), "c": pa.array([], pa.string())}), path)
    assert encode_table_file(encoder, path)[0].shape == x.shape


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("x", ["1.5"]),
        ("x", [True]),
        ("x", [np.inf]),
        ("x", [-np.inf]),
        ("x", [1 + 2j]),
        ("x", [pd.Timestamp(0)]),
        ("x", [[1]]),
        ("x", [10**400]),
        ("x", pd.Categorical(["1"])),
        ("c", [b"a"]),
        ("c", [["a"]]),
        ("c", [{"a": 1}]),
        ("c", [1 + 2j]),
        ("c", [pd.Timedelta(1)]),
        ("c", [pd.Period("2024-01", "M")]),
    ],
)
def test_values_of_no_use_are_refused_with_their_row(
    from_text: Callable[..., Encoder], column: str, values: Any
) -> None:
    encoder = from_text(COMMAS)
    rows = pd.DataFrame({"x": 1.5, "c": "a"} | {column: pd.Series(values)}, index=[0])
    with pytest.raises(BadInput, match=rf"^rows: row 1: invalid value .* in column '{column}': expected "):
        encode_rows(encoder, rows)


@pytest.mark.parametrize("name", ["bool", "text", "timestamp"])
def test_a_parquet_file_whose_numbers_are_none_is_refused(
    from_text: Callable[..., Encoder], tmp_path: Path, name: str
) -> None:
    encoder = from_text(COMMAS)
    values, kind, _ = KINDS[name]
    path = tmp_path / "new.parquet"
    pq.write_table(pa.table({"x": pa.array(values, kind), "c": ["a"] * 3}), path)
    with pytest.raises(BadInput, match=r"new\.parquet: column 'x' is .*, and should be numbers"):
        encode_table_file(encoder, path)


@pytest.mark.parametrize("name", ["houses", "table"])
@pytest.mark.parametrize("rows", ["x;c\n1;A\n", "x;c\n1;a;b\n"])
def test_the_remedy_names_the_stage_that_fitted_the_encoder(
    from_text: Callable[..., Encoder], tmp_path: Path, name: str, rows: str
) -> None:
    path = tmp_path / "data" / name / "encoder.json"
    path.parent.mkdir(parents=True)
    from_text(COMMAS, maximum_unseen=0.0).save(path)
    with pytest.raises(BadInput, match=f"with `dvc repro encode_{name}`"):
        encode_file(path, written_text(tmp_path, rows), tmp_path / "new.npz")
