from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from bakeoff.base.settings import BadInput
from bakeoff.data.settings import text_encoding
from bakeoff.data.table.reading import Reading
from bakeoff.data.table.settings import CsvSettings
from tests.data.table.small import AUTO, RANDOM, ROWS, ingested, parquet, text

NAN = float("nan")
# values; separator; in quotes; settings; the numbers; decimal and thousands mark of the reading
Case = tuple[list[str], str, bool, dict[str, str], list[float], tuple[str | None, str | None]]
READ: dict[str, Case] = {
    "whole": (["1", "-20", "+3"], ",", False, {}, [1, -20, 3], (None, None)),
    "points": (["1.5", "20"], ",", False, {}, [1.5, 20], (".", "none")),
    "commas": (["1,5", "20"], ";", False, {}, [1.5, 20], (",", "none")),
    "commas in quotes": (["1,5", "20"], ",", True, {}, [1.5, 20], (",", "none")),
    "English thousands": (["1,200.5", "901"], ",", True, {}, [1200.5, 901], (".", ",")),
    "English thousands, announced": (["1,200", "901"], ",", True, {"decimal": "."}, [1200, 901], (".", ",")),
    "English thousands, announced as such": (["1,200", "9"], ",", True, {"thousands": ","}, [1200, 9], (".", ",")),
    "English millions": (["1,200,300", "1,200"], ";", False, {}, [1200300, 1200], (".", ",")),
    "German thousands": (["1.200,5", "901"], ";", False, {}, [1200.5, 901], (",", ".")),
    "German thousands, announced": (["1.200", "901"], ";", False, {"decimal": ","}, [1200, 901], (",", ".")),
    "German millions": (["1.200.300", "-1.200"], ";", False, {}, [1200300, -1200], (",", ".")),
    "points, announced": (["1.200", "901"], ";", False, {"decimal": "."}, [1.2, 901], (".", "none")),
    "no thousands, announced": (["1,200", "901"], ";", False, {"thousands": "none"}, [1.2, 901], (",", "none")),
    "fractions of three digits": (["0.123", "1.456"], ",", False, {}, [0.123, 1.456], (".", "none")),
    "spaces": (["1 234,5", "12 345 678"], ";", False, {}, [1234.5, 12345678], (",", " ")),
    "other spaces": (["1\u00a0234.5", "1\u202f234"], ";", False, {}, [1234.5, 1234], (".", " ")),
    "spaces alone": (["1\u2009234", "12"], ";", False, {}, [1234, 12], (None, " ")),
    "apostrophes": (["1'234.5", "1\u2019234"], ",", False, {}, [1234.5, 1234], (".", "'")),
    "exponents": (["1e3", "2.5E-2", "5.", ".5"], ",", False, {}, [1000, 0.025, 5, 0.5], (".", "none")),
    "exponents and commas": (["1e3", "2,5E-2"], ";", False, {}, [1000, 0.025], (",", "none")),
    "minus signs": (["\u22125", "-5.5"], ",", False, {}, [-5, -5.5], (".", "none")),
    "spaces around": ([" 5", "6 ", "\t7"], ",", False, {}, [5, 6, 7], (None, None)),
    "missing": (["", "  ", " NA", "3"], ",", False, {}, [NAN, NAN, NAN, 3], (None, None)),
    "above 2^53": (["9007199254740993", "1"], ",", False, {}, [2.0**53, 1], (None, None)),
}


@pytest.mark.parametrize("case", READ)
def test_numbers_are_read_by_the_marks_of_the_whole_file(tmp_path: Path, case: str) -> None:
    values, separator, quotes, csv, right, marks = READ[case]
    rows, reading, _ = ingested(tmp_path, text(values, separator, quotes=quotes), csv)
    np.testing.assert_array_equal(rows["v"], (right * ROWS)[:ROWS])
    assert (reading.decimal, reading.thousands) == marks
    assert f"separator {separator!r}" in reading.line()


@pytest.mark.parametrize(
    ("values", "separator", "said"),
    [
        (["1,200", "901"], ",", "'1,200' on line 2 may be 1200 (',' as thousands mark) or 1.200 (',' as decimal mark)"),
        (["1.200", "901"], ";", "set data.table.csv.decimal to ',' for the first, '.' for the second"),
        (["901", "-12.345"], ",", "'-12.345' on line 3 may be -12345"),
        (["1.234", "x"], ";", "'1.234' on line 2 may be 1234"),
    ],
)
def test_numbers_that_two_marks_read_otherwise_are_refused(
    tmp_path: Path, values: list[str], separator: str, said: str
) -> None:
    with pytest.raises(BadInput) as refused:
        ingested(tmp_path, text(values, separator, quotes=True))
    assert said in str(refused.value)


def test_another_column_may_tell_the_decimal_mark(tmp_path: Path) -> None:
    content = "".join(f"{1 + i / 2},1.{200 + i},{('no', 'yes')[i % 2]}\n" for i in range(ROWS))
    rows, _, _ = ingested(tmp_path, "x,v,label\n" + content, numeric=["x", "v"])
    assert rows["v"].between(1.2, 1.3).all()


@pytest.mark.parametrize(
    "value",
    [
        *("inf", "-inf", "nan", "1e999", "-", "abc", "5%", "$5", "5 EUR", "0x1F", "1_000", "1,20,000", "12,34", "1'23"),
        *("1 2", "1.2.3", "--1", "(5)", "5-", "1e", "\u0661", "\uff11", "1,2345.5", "TRUE", "1d3"),
    ],
)
def test_what_is_no_number_is_refused_with_its_line(tmp_path: Path, value: str) -> None:
    values = ["1.5", value, *["2.25"] * (ROWS - 2)]
    with pytest.raises(BadInput) as refused:
        ingested(tmp_path, text(values, ";"))
    assert f"invalid value {value!r} in column 'v' (line 3): expected a number " in str(refused.value)


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line", ["sep={}\n", '"sep={}"\n', "\ufeffsep={}\r\n"])
def test_a_first_line_may_tell_the_separator(tmp_path: Path, mark: str, line: str) -> None:
    content = line.format(mark) + text(["1", "x"], mark)
    with pytest.raises(BadInput, match=r"invalid value 'x' in column 'v' \(line 4;"):
        ingested(tmp_path, content)
    assert (
        ingested(tmp_path, content.replace("x" + mark + "no", "2" + mark + "no").replace(mark + "x", mark + "2"))[
            1
        ].separator
        == mark
    )


def test_a_first_line_that_contradicts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"line 1 sets the separator ';', but data\.table\.csv\.separator is ','"):
        ingested(tmp_path, "sep=;\n" + text(["1"], ";"), {"separator": ","})
    with pytest.raises(BadInput, match=r"invalid separator '#' \(line 1\): expected one of"):
        ingested(tmp_path, "sep=#\n" + text(["1"], ";"))


def test_a_field_of_three_megabytes_is_read(tmp_path: Path) -> None:
    content = text([str(i) for i in range(ROWS)]).replace("6,6,", f'6,"{"a" * 3_000_000}",')
    rows, _, _ = ingested(tmp_path, content, numeric=["x"])
    assert rows["x"].tolist() == list(range(ROWS))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_the_byte_order_mark_goes_before_the_setting(tmp_path: Path, encoding: str) -> None:
    content = text(["é", "b"]).encode(encoding)
    rows, reading, _ = ingested(tmp_path, content, {"encoding": "latin-1"}, numeric=["x"], categorical=["v"])
    assert set(rows["v"]) == {"é", "b"}
    assert reading.encoding == encoding.removesuffix("-sig")


def test_the_reading_is_stored_and_tells_new_rows(tmp_path: Path) -> None:
    _, reading, _ = ingested(tmp_path, text(["1.200,5", "901"], ";"))
    reading.save(tmp_path / "reading.json")
    stored = Reading.load(tmp_path / "reading.json")
    assert stored == reading
    new = ingested(tmp_path, text(["1.200", "901"], ";"), stored.csv.model_dump())[0]
    assert set(new["v"]) == {1200.0, 901.0}
    (tmp_path / "reading.json").write_text("{}")
    with pytest.raises(BadInput, match=r"reading\.json: .*make it again"):
        Reading.load(tmp_path / "reading.json")


@pytest.mark.parametrize(
    "change",
    [{"separator": ",", "decimal": ","}, {"decimal": ".", "thousands": "."}, {"decimal": ",", "thousands": ","}],
)
def test_one_mark_for_two_things_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="and decimal are both"):
        CsvSettings.model_validate(AUTO | change)


@pytest.mark.parametrize(
    "name", ["utf-8", "UTF8", "utf-16-le", "latin-1", "ISO-8859-15", "cp1252", "gb18030", "koi8-r"]
)
def test_encodings_of_text_files_are_known(name: str) -> None:
    assert text_encoding(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("punycode", "idna", "utf-7", "rot13", "base64", "hex", "zlib", "quopri", "uu", "bz2"),
        *("undefined", "unicode_escape", "raw_unicode_escape", "cp037", "", "no such", "utf-8\0"),
    ],
)
def test_other_encodings_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no encoding of text files; name one, like utf-8"):
        text_encoding(name)


LARGE = [9_007_199_254_740_992 + n for n in range(8)]  # from 2^53 on, where float64 has the even numbers alone
WHOLE: dict[str, str | bytes] = {
    "text": text(list(map(str, LARGE))),
    "text with thousands": text([f"{n:,}" for n in LARGE], quotes=True),
    "Parquet": parquet(pa.array(LARGE * (ROWS // 8), pa.int64())),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_numbers_that_become_one_number_are_named(kind: str, tmp_path: Path) -> None:
    name = "t.parquet" if kind == "Parquet" else "t.csv"
    _, _, summary = ingested(tmp_path, WHOLE[kind], name=name)
    assert summary.count("column 'v'") == 1
    assert "9007199254740992" in summary and "9007199254740993" in summary.replace(",", "")
    assert "are read as one number" in summary and "remove it from data.table.numeric" in summary


def test_large_whole_numbers_that_stay_apart_are_not_named(tmp_path: Path) -> None:
    for values in (LARGE[::2], [9_007_199_254_740_991, -9_007_199_254_740_991]):
        assert "one number" not in ingested(tmp_path, text(list(map(str, values))))[2]
    same = ["90071992547409930", "90071992547409930.0", "9007199254740993e1", "+90071992547409930"]
    assert "one number" not in ingested(tmp_path, text(same))[2]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"target": {"column": "v", "above": 9.007199254740994e15, "classes": None}, "numeric": ["x"]}, "the target"),
        ({"split": RANDOM | {"by": "group", "column": "v"}}, "by which rows are split"),
    ],
)
def test_whole_numbers_of_targets_and_groups_are_refused(change: dict[str, Any], place: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=rf"column 'v', {place}.* are read as one number"):
        ingested(tmp_path, WHOLE["text"], **change)


def test_a_number_may_name_the_groups_too(tmp_path: Path) -> None:
    split = RANDOM | {"by": "group", "column": "v"}
    frame, _, _ = ingested(tmp_path, text(list("12345678")), split=split)
    assert frame.groupby("v")["split"].nunique().max() == 1
