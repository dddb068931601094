"""Tables that cannot be learned from, each refused by the real stage in one line: place, value found, way out."""

import bz2
import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bakeoff.base import settings

HEADER = "age,city,hours,day,label"
ROWS = [
    f"{20 + i % 40},{('Oslo', 'Rome', 'Bonn')[i % 3]},{i / 4},2024-01-{1 + i // 4:02},{('no', 'yes')[i % 2]}"
    for i in range(80)
]
SHIPPED = settings.load(Path(__file__).parents[3] / "params.yaml")["data"]["table"]
SETTINGS: dict[str, Any] = {
    "take": None,
    "csv": {
        "separator": "auto",
        "decimal": "auto",
        "thousands": "auto",
        "encoding": "auto",
        "date_order": "auto",
        "missing": ["NA"],
    },
    "target": {"column": "label", "above": None, "classes": None},
    "numeric": ["age", "hours"],
    "categorical": ["city"],
    "time": None,
    "leaks": [],
    "dropped": None,
    "order": [],
    "split": {"by": "random", "column": None, "validation": 0.2, "test": 0.2, "seed": 0},
}
BY_DAY = {"by": "group", "column": "day", "validation": 0.2, "test": 0.2, "seed": 0}
BY_TIME = {"by": "time", "column": None, "validation": 0.2, "test": 0.2, "seed": 0}
THRESHOLD = {"column": "age", "above": 30.0, "classes": None}


def text(rows: list[str] = ROWS, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def changed(**lines: str) -> str:
    """The sound table with other lines: `l2` is the first below the header."""
    return text([lines.get(f"l{line}", row) for line, row in enumerate(ROWS, start=2)])


def tar(content: str) -> bytes:
    """An archive of one file."""
    member = tarfile.TarInfo("t.csv")
    member.size = len(content)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(member, io.BytesIO(content.encode()))
    return file.getvalue()


def parquet_of(**changed: pa.Array) -> bytes:
    """Columns of the sound table with types, and others."""
    file = io.BytesIO()
    labels = pa.array([("no", "yes")[i % 2] for i in range(80)])
    pq.write_table(pa.table({"age": pa.array(range(80)), "label": labels} | changed), file)
    return file.getvalue()


def column(name: str, values: Sequence[str]) -> str:
    """The sound table with another column."""
    place = HEADER.split(",").index(name)
    rows = [row.split(",") for row in ROWS]
    return text([",".join([*row[:place], value, *row[place + 1 :]]) for row, value in zip(rows, values, strict=True)])


def parquet(**columns: Any) -> bytes:
    sound = {name: [row.split(",")[i] for row in ROWS] for i, name in enumerate(HEADER.split(","))}
    sound |= {"age": list(range(80)), "hours": [i / 4 for i in range(80)]}  # type: ignore[dict-item]
    file = io.BytesIO()
    pq.write_table(pa.table(sound | columns), file)
    return file.getvalue()


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, text())
    return file.getvalue()


START = text().index(ROWS[4])  # of line 6, in bytes

# name: (file, its bytes, settings that are changed, what the one line says)
Case = tuple[str, str | bytes, Mapping[str, Any], tuple[str, ...]]
CASES: dict[str, Case] = {
    "empty": ("t.csv", "", {}, ("t.csv: the file is empty", "a line of column names, and rows below it")),
    "blank lines alone": ("t.csv", "\n\n\n", {}, ("t.csv: the file is empty",)),
    "header alone": ("t.csv", HEADER + "\n", {}, ("t.csv: the table has column names but no rows",)),
    "no header": (
        "t.csv",
        "\n".join(ROWS),
        {},
        ("line 1 looks like data (20, Oslo, 0.0, 2024-01-01, no)", "write a line of names above it"),
    ),
    "header in another language": (
        "t.csv",
        text(header="alter,ort,stunden,tag,klasse"),
        {},
        ("line 1 names no column of data.table (it has: alter, ort, stunden, tag, klasse)", "in params.yaml"),
    ),
    "header again below": (
        "t.csv",
        text([*ROWS[:20], HEADER, *ROWS[20:], '"age" , city,hours,day,label']),
        {},
        ("lines that repeat the names of the columns: line 22, line 83; remove them",),
    ),
    "header again in a table without numbers": (
        "t.csv",
        text([*ROWS[:20], HEADER, *ROWS[20:]]),
        {"numeric": [], "categorical": ["age", "city"]},
        ("lines that repeat the names of the columns: line 22; remove them",),
    ),
    "remarks above the names": (
        "t.csv",
        "# made by a scanner\n# 2024-01-01, Bonn\n" + text(),
        {},
        (
            "line 1 names no column of data.table (it has: # made by a scanner)",
            "line 3 names 4; remove the lines above",
        ),
    ),
    "a date, not of any year that is told": (
        "t.parquet",
        parquet_of(day=pa.array([2**31 - 1, *range(79)], pa.date32())),
        {"numeric": ["age"], "categorical": [], "time": "day", "split": BY_TIME},
        ("(row 1): expected a year from 1678 to 2261; correct the value, or make it null",),
    ),
    "spaces between the columns": (
        "t.csv",
        text().replace(",", " "),
        {},
        ("line 1 has none of the columns if split at ',', but 4 if split at ' '; set data.table.csv.separator to ' '",),
    ),
    "lines of JSON": ("t.csv", '{"age": 20, "label": "no"}\n' * 40, {}, ("the file is JSON: expected CSV or Parquet",)),
    "a web page": ("t.csv", "\n<!DOCTYPE html><table>", {}, ("the file is HTML or XML: expected CSV or Parquet",)),
    "ARFF": ("t.csv", "@RELATION t\n@attribute age numeric\n", {}, ("the file is ARFF: expected CSV or Parquet",)),
    "a tar archive": ("t.csv", tar(text()), {}, ("the file is a tar archive: expected text; unpack it",)),
    "a packed tar archive": ("t.tgz", gzip.compress(tar(text())), {}, ("the file is a tar archive: expected text",)),
    "per cent": (
        "t.csv",
        column("hours", ["12%", *("1",) * 79]),
        {},
        (
            "invalid value '12%' in column 'hours' (line 2)",
            "write it as digits alone",
            "without %, currency or unit; or set",
        ),
    ),
    "a currency": (
        "t.csv",
        column("hours", ["$12.50", *("1",) * 79]),
        {},
        (
            "invalid value '$12.50' in column 'hours' (line 2)",
            "write it as digits alone",
            "without %, currency or unit; or set",
        ),
    ),
    "parentheses": (
        "t.csv",
        column("hours", ["(12)", *("1",) * 79]),
        {},
        (
            "invalid value '(12)' in column 'hours' (line 2)",
            "write it as digits alone",
            "without %, currency or unit; or set",
        ),
    ),
    "a unit": (
        "t.csv",
        column("hours", ["12 kg", *("1",) * 79]),
        {},
        (
            "invalid value '12 kg' in column 'hours' (line 2)",
            "write it as digits alone",
            "without %, currency or unit; or set",
        ),
    ),
    "a minus behind": (
        "t.csv",
        column("hours", ["12-", *("1",) * 79]),
        {},
        (
            "invalid value '12-' in column 'hours' (line 2)",
            "write it as digits alone",
            "without %, currency or unit; or set",
        ),
    ),
    "beyond float64": (
        "t.csv",
        column("hours", ["1e400", *("1",) * 79]),
        {},
        (
            "invalid value '1e400' in column 'hours' (line 2): expected a number of at most 1.8e308 in size",
            "correct it",
        ),
    ),
    "words are no units": (
        "t.csv",
        column("hours", ["none", *("1",) * 79]),
        {},
        ("invalid value 'none' in column 'hours' (line 2): expected a number with the decimal mark '.'; set data",),
    ),
    "whole lines in quotes": (
        "t.csv",
        "\n".join(f'"{line}"' for line in text().splitlines()),
        {},
        ("line 1 is one value in quotes (age,city,hours,day,l)", "remove the quotes around whole lines"),
    ),
    "duplicate columns": (
        "t.csv",
        text(header="age,age,hours,day,label"),
        {"categorical": []},
        ("column 'age' appears 2 times; give each column a name of its own",),
    ),
    "ragged long row": (
        "t.csv",
        changed(l17=ROWS[15] + ",1,2"),
        {},
        ("lines without the header's 5 fields: line 17 has 7;", "put values with ',' in quotes"),
    ),
    "ragged short rows": (
        "t.csv",
        changed(l5="1,2", l9="30", l40="20,Oslo,1,2024-01-01", l41="7,8"),
        {},
        ("line 5 has 2, line 9 has 1, line 40 has 4 and 1 more;",),
    ),
    "last line short, without an end": ("t.csv", text() + "7", {}, ("5 fields: line 82 has 1;",)),
    "semicolons announced as commas": (
        "t.csv",
        text().replace(",", ";"),
        {"csv": SETTINGS["csv"] | {"separator": ","}},
        ("line 1 has none of the columns if split at ',', but 4 if split at ';'; set data.table.csv.separator to ';'",),
    ),
    "decimal commas announced as points": (
        "t.csv",
        text([row.replace(",", ";").replace(".", ",") for row in ROWS], HEADER.replace(",", ";")),
        {"csv": SETTINGS["csv"] | {"decimal": "."}},
        (
            "invalid value '0,0' in column 'hours' (line 2; also",
            "expected a number with the decimal mark '.'",
            "set data.table.csv.decimal",
        ),
    ),
    "decimal commas and points": (
        "t.csv",
        text([row.replace(",", ";") for row in ROWS], HEADER.replace(",", ";")).replace(";2.5;", ";2,5;"),
        {},
        ("invalid value '2,5' in column 'hours' (line 12): expected a number with the decimal mark '.';",),
    ),
    "text among numbers": (
        "t.csv",
        changed(l23="abc,Oslo,1,2024-01-01,no", l24="?,Oslo,1,2024-01-01,no"),
        {},
        ("invalid value 'abc' in column 'age' (line 23; also '?' on line 24): ", "in data.table.csv.missing"),
    ),
    "text under a blank line and a value of two lines": (
        "t.csv",
        changed(l3='21,"Os\nlo",1,2024-01-01,no\n', l6="x,Oslo,1,2024-01-01,no"),
        {},
        ("invalid value 'x' in column 'age' (line 8):",),
    ),
    "lines ended as on Windows": (
        "t.csv",
        changed(l6="x,Oslo,1,2024-01-01,no").replace("\n", "\r\n"),
        {},
        ("invalid value 'x' in column 'age' (line 6):",),
    ),
    "UTF-16 of the other end": (
        "t.csv",
        text().encode("utf-16-be"),
        {},
        ("invalid NUL byte (line 1): expected text; if it is UTF-16, set data.table.csv.encoding to utf-16-be",),
    ),
    "blank line above the names": (
        "t.csv",
        "\n" + text(),
        {},
        ("line 1 is blank: expected the names of the columns",),
    ),
    "numbers of rows without a name above": (
        "t.csv",
        text([f"{n},{row}" for n, row in enumerate(ROWS)]),
        {},
        (
            "lines without the header's 5 fields: line 2 has 6, ",
            "or write a name above the first column if it lacks one",
        ),
    ),
    "NA where it is not listed as missing": (
        "t.csv",
        changed(l6="NA,NA,1,2024-01-01,no"),
        {"csv": SETTINGS["csv"] | {"missing": []}},
        ("invalid value 'NA' in column 'age' (line 6):",),
    ),
    "infinite": (
        "t.csv",
        changed(l6="inf,Oslo,1,2024-01-01,no", l9="1e999,Oslo,1,2024-01-01,no"),
        {},
        ("invalid value 'inf' in column 'age' (line 6; also '1e999' on line 9): ", "in data.table.csv.missing"),
    ),
    "not a number": (
        "t.csv",
        changed(l6="nan,Oslo,1,2024-01-01,no"),
        {},
        ("invalid value 'nan' in column 'age' (line 6): expected a number",),
    ),
    "latin-1 unannounced": (
        "t.csv",
        changed(l6="20,Zürich,1,2024-01-01,no").encode("latin-1"),
        {},
        (
            f"invalid byte 0xfc (line 6, byte {START + 4}): expected utf-8",
            "set data.table.csv.encoding to that of the file, perhaps latin-1",
        ),
    ),
    "UTF-16 unannounced and without a mark": (
        "t.csv",
        text().encode("utf-16-le"),
        {},
        ("invalid NUL byte (line 1): expected text; if it is UTF-16, set data.table.csv.encoding to utf-16-le",),
    ),
    "UTF-16 announced and without a mark": (
        "t.csv",
        text().encode("utf-16-le"),
        {"csv": SETTINGS["csv"] | {"encoding": "utf-16"}},
        ("UTF-16 stream does not start with BOM; set data.table.csv.encoding to that of the file",),
    ),
    "a quote that opens the first value and no other": (
        "t.csv",
        text(['"20' + ROWS[0][2:], *ROWS * 200]),
        {},
        ("quotes that do not close before the next separator: line 2;",),
    ),
    "NUL byte": (
        "t.csv",
        changed(l6="20,Os\0lo,1,2024-01-01,no"),
        {},
        ("invalid NUL byte (line 6): expected text; correct the line",),
    ),
    "quote that never closes": (
        "t.csv",
        changed(l70='20,"Oslo,1,2024-01-01,no'),
        {},
        ("quotes that do not close before the next separator: line 70;", "write a quote inside a value twice"),
    ),
    "text after a quote": ("t.csv", changed(l7='20,"Oslo" N,1,2024-01-01,no'), {}, ("next separator: line 7;",)),
    "truncated gzip": ("t.csv.gz", gzip.compress(text().encode())[:-20], {}, ("t.csv.gz: ",)),
    "truncated bzip2": ("t.csv.bz2", bz2.compress(text().encode())[:-20], {}, ("t.csv.bz2: ",)),
    "zip of two tables": ("t.zip", zipped("a.csv", "b.csv"), {}, ("t.zip: ", "a.csv")),
    "text called Parquet": (
        "t.parquet",
        text(),
        {},
        ("t.parquet: the first bytes are b'age,', which is not Parquet", "name a text table .csv"),
    ),
    "truncated Parquet": (
        "t.parquet",
        parquet()[:-30],
        {},
        ("t.parquet: the Parquet file is damaged", "write it again"),
    ),
    "Parquet with nested columns": (
        "t.parquet",
        parquet(city=[["Oslo"]] * 80),
        {},
        ("column 'city' is list<element: string>; only numbers, text and times are read",),
    ),
    "Parquet with text for numbers": (
        "t.parquet",
        parquet(age=["old"] * 80),
        {},
        ("column 'age' is string, and should be numbers; is it categorical?",),
    ),
    "Parquet damaged in the middle": (
        "t.parquet",
        parquet()[:100] + bytes(300) + parquet()[400:],
        {},
        ("t.parquet: the Parquet file is damaged", "write it again"),
    ),
    "Parquet of other columns": (
        "t.parquet",
        parquet(),
        {"target": THRESHOLD | {"column": "a"}, "numeric": ["b"], "categorical": []},
        (
            "data.table.numeric names 'b', which is not a column; the file has: age, city, hours, day, label;",
            "data.table.target.column names 'a'",
        ),
    ),
    "Parquet with times that are none": (
        "t.parquet",
        parquet(day=["yesterday"] * 80),
        {"time": "day", "split": BY_TIME},
        ("invalid value 'yesterday' in column 'day' (row 1; also ", ": expected a time; write it as 2013-11-03"),
    ),
    "Parquet with an infinite number": (
        "t.parquet",
        parquet(age=[float("inf")] + [1.0] * 79),
        {},
        ("invalid value 'inf' in column 'age' (row 1): expected a finite number; correct it",),
    ),
    "unknown columns": (
        "t.csv",
        text(),
        {"numeric": ["agee"], "order": ["daytime"]},
        (
            "data.table.numeric names 'agee', which is not a column; did you mean 'age'?",
            "data.table.order names 'daytime', which is not a column",
        ),
    ),
    "a column in no role": (
        "t.csv",
        text(),
        {"dropped": ["day"], "numeric": ["age"]},
        ("column 'hours' has no role; list it under data.table.dropped, or set that to null",),
    ),
    "feature without a value": (
        "t.csv",
        column("hours", [""] * 80),
        {},
        ("column 'hours' has no value in any row that has a target; remove it from data.table.numeric",),
    ),
    "target of one class": (
        "t.csv",
        column("label", ["no"] * 80),
        {},
        ("column 'label', the target, is 'no' in every row; name one with two classes",),
    ),
    "target of 300 classes": (
        "t.csv",
        text([f"1,a,1,2024-01-01,{i}" for i in range(300)]),
        {},
        ("column 'label', the target, has more than 256 values", "set data.table.target.above"),
    ),
    "target missing everywhere": (
        "t.csv",
        column("label", [""] * 80),
        {},
        ("column 'label', the target, is empty in all 80 rows; name another",),
    ),
    "target outside the listed classes": (
        "t.csv",
        changed(l8="20,Oslo,1,2024-01-01,maybe"),
        {"target": {"column": "label", "above": None, "classes": ["no", "yes", "never"]}},
        (
            "invalid value 'maybe' in column 'label', the target (line 8): expected a class that "
            "data.table.target.classes "
            "lists; add it to",
            "is 'never' in no row; remove it from data.table.target.classes",
        ),
    ),
    "threshold under a target of text": (
        "t.csv",
        text(),
        {"target": {"column": "label", "above": 0.5, "classes": None}},
        ("invalid value 'no' in column 'label' (line 2; also 'yes' on line 3, 'no' on line 4 and 77 more): ",),
    ),
    "threshold out of reach": (
        "t.csv",
        text(),
        {"target": {"column": "age", "above": 99.0, "classes": None}, "numeric": ["hours"]},
        ("column 'age', the target, goes from 20 to 59, all on one side of 99; set data.table.target.above within",),
    ),
    "time that is none": (
        "t.csv",
        changed(l11="20,Oslo,1,yesterday,no"),
        {"time": "day", "split": BY_TIME},
        ("invalid value 'yesterday' in column 'day' (line 11): expected a time; write it as 2013-11-03",),
    ),
    "time missing under a split by time": (
        "t.csv",
        changed(l11="20,Oslo,1,,no"),
        {"time": "day", "split": BY_TIME},
        ("column 'day', by which rows are split, is empty: line 11; fill it, or change data.table.split.by",),
    ),
    "group missing": (
        "t.csv",
        changed(l11="20,Oslo,1,NA,no"),
        {"split": BY_DAY},
        ("column 'day', by which rows are split, is empty: line 11;",),
    ),
    "one group": (
        "t.csv",
        column("day", ["2024-01-01"] * 80),
        {"split": BY_DAY},
        (
            "split by group 'day', train gets no rows",
            "split by group 'day', validation gets no rows",
            "change data.table.split",
        ),
    ),
    "one moment": (
        "t.csv",
        column("day", ["2024-01-01"] * 80),
        {"time": "day", "split": BY_TIME},
        ("split by time, train gets no rows", "split by time, validation gets no rows"),
    ),
    "a part of one class": (
        "t.csv",
        column("label", ["no"] * 70 + ["yes"] * 10),
        {"time": "day", "split": BY_TIME},
        ("split by time, train gets rows of 'no' alone", "each part needs two classes"),
    ),
    "many faults at once": (
        "t.csv",
        changed(l6="x,Oslo,inf,2024-01-01,no", l9="1,2", l12="20,Oslo,oft,2024-01-01,no", l20="1,2,3,4,5,6"),
        {"categorical": ["city", "town"]},
        (
            "data.table.categorical names 'town'",
            "invalid value 'x' in column 'age' (line 6): expected a number with the decimal mark '.';",
            "line 9 has 2, line 20 has 6;",
            "invalid value 'inf' in column 'hours' (line 6; also 'oft' on line 12): expected a number with",
        ),
    ),
    "many faults of the values at once": (
        "t.csv",
        text([f"1,,,2024-01-{1 + i // 4:02},no" for i in range(80)]),
        {"split": BY_DAY},
        (
            "column 'hours' has no value",
            "column 'city' has no value",
            "column 'label', the target, is 'no' in every row",
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_table_is_refused_in_one_line(project: Any, case: str) -> None:
    file, content, change, said = CASES[case]
    source = f"data/raw/table/{file}"
    project.put(source, content)
    project.set(data__table={**SHIPPED, "source": source, **SETTINGS, **change})
    line = project.refusal("ingest_table", "data/table/table.parquet")
    assert line.startswith(f"{source}: ")
    for part in said:
        assert part in line
    assert len(line) < 1500


def test_a_folder_is_refused(project: Any) -> None:
    project.put("data/raw/table/many/t.csv", text())
    project.set(data__table={**SHIPPED, "source": "data/raw/table/many", **SETTINGS})
    line = project.refusal("ingest_table", "data/table/table.parquet")
    assert line == "data/raw/table/many: found a folder: expected one file; name a file in it"


# Settings that cannot be right whatever the file is: change, and what the line says.
MISFITS: dict[str, tuple[Mapping[str, Any], str]] = {
    "no features": (
        {"numeric": [], "categorical": []},
        "numeric and categorical are both empty; list at least one feature",
    ),
    "the target as a feature": ({"target": THRESHOLD}, "'age' is the target, and cannot be a feature"),
    "a leak as a feature": ({"leaks": ["age"]}, "'age' is a feature and among leaks; remove it from one of the lists"),
    "numeric and categorical": (
        {"categorical": ["age"]},
        "'age' is numeric and categorical; remove it from one of the lists",
    ),
    "dropped and a feature": ({"dropped": ["age"]}, "'age' is dropped and has a role; remove it from one of the lists"),
    "a feature named like a result": (
        {"numeric": ["split"]},
        "'split' is a column that is made here; rename the feature",
    ),
    "by time without one": ({"split": BY_TIME}, "split is by time, and time is null; name the column that says when"),
    "by group without one": (
        {"split": BY_DAY | {"column": None}},
        "split: by group, column is null; a split by group needs one",
    ),
    "nothing to train on": ({"split": BY_DAY | {"test": 0.8}}, "validation + test is 1, and should be below 1"),
    "threshold and classes": ({"target": THRESHOLD | {"classes": ["a", "b"]}}, "has both `above` and `classes`"),
    "unknown encoding": (
        {"csv": SETTINGS["csv"] | {"encoding": "ansi-9"}},
        "'ansi-9' is no encoding of text files; name one, like utf-8",
    ),
    "a separator of two": ({"csv": SETTINGS["csv"] | {"separator": ",,"}}, "data.table.csv.separator is ',,'"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_settings_that_do_not_fit_are_refused(project: Any, case: str) -> None:
    change, said = MISFITS[case]
    project.put("data/raw/table/t.csv", text())
    project.set(data__table={**SHIPPED, "source": "data/raw/table/t.csv", **SETTINGS, **change})
    line = project.refusal("ingest_table", "data/table/table.parquet")
    assert line.startswith("params.yaml: data.table")
    assert said in line
