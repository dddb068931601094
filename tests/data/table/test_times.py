import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from bakeoff.base.settings import BadInput
from tests.data.table.small import BY_TIME, ROWS, ingested, parquet, text

DAYS = [dt.datetime(2024, 1, 1) + dt.timedelta(days=i) for i in range(ROWS)]
EITHER = [f"{1 + i % 12:02}/{1 + i // 12:02}/2024" for i in range(ROWS)]  # no number above 12
NONE: dict[str, str] = {}

# texts; settings; first and last moment; zone and order of the reading
Case = tuple[list[str], dict[str, str], tuple[str, str], tuple[str, str]]
READ: dict[str, Case] = {
    "dates": ([f"{d:%Y-%m-%d}" for d in DAYS], NONE, ("2024-01-01", "2024-02-09"), ("naive", "ymd")),
    "slashes": ([f"{d:%Y/%m/%d}" for d in DAYS], NONE, ("2024-01-01", "2024-02-09"), ("naive", "ymd")),
    "compact": ([f"{d:%Y%m%d}" for d in DAYS], NONE, ("2024-01-01", "2024-02-09"), ("naive", "ymd")),
    "no zeros": ([f"{d.year}-{d.month}-{d.day} 6:30" for d in DAYS], NONE, ("2024-01-01 06:30", "2024-02-09 06:30"),
                 ("naive", "ymd")),
    "day first": ([f"{d:%d/%m/%Y}" for d in DAYS], NONE, ("2024-01-01", "2024-02-09"), ("naive", "dmy")),
    "month first": ([f"{d:%m/%d/%Y}" for d in DAYS], NONE, ("2024-01-01", "2024-02-09"), ("naive", "mdy")),
    "German": ([f"{d.day}.{d.month}.{d.year} 06:00:00" for d in DAYS], NONE, ("2024-01-01 06:00", "2024-02-09 06:00"),
               ("naive", "dmy")),
    "dashes": ([f"{d:%d-%m-%Y}" for d in DAYS], NONE, ("2024-01-01", "2024-02-09"), ("naive", "dmy")),
    "either, day first": (EITHER, {"date_order": "dmy"}, ("2024-01-01", "2024-04-04"), ("naive", "dmy")),
    "either, month first": (EITHER, {"date_order": "mdy"}, ("2024-01-01", "2024-12-03"), ("naive", "mdy")),
    "offset": ([f"{d:%Y-%m-%d}T23:00:00-05:00" for d in DAYS], NONE, ("2024-01-02 04:00", "2024-02-10 04:00"),
               ("utc", "ymd")),
    "offset of India": ([f"{d:%Y-%m-%d}T06:00+0530" for d in DAYS], NONE, ("2024-01-01 00:30", "2024-02-09 00:30"),
                        ("utc", "ymd")),
    "hours": ([f"{d:%Y-%m-%d} 00:00:00+09" for d in DAYS], NONE, ("2023-12-31 15:00", "2024-02-08 15:00"),
              ("utc", "ymd")),
    "day first and offset": ([f"{d:%d/%m/%Y} 00:00+01:00" for d in DAYS], NONE,
                             ("2023-12-31 23:00", "2024-02-08 23:00"), ("utc", "dmy")),
    "Z": ([f"{d:%Y-%m-%d}T06:00:00.25Z" for d in DAYS], NONE, ("2024-01-01 06:00:00.25", "2024-02-09 06:00:00.25"),
          ("utc", "ymd")),
    "UTC": ([f"{d:%Y-%m-%d} 06:00:00 UTC" for d in DAYS], NONE, ("2024-01-01 06:00", "2024-02-09 06:00"),
            ("utc", "ymd")),
    "nanoseconds": ([f"{d:%Y-%m-%d} 00:00:00.123456789" for d in DAYS], NONE,
                    ("2024-01-01 00:00:00.123456", "2024-02-09 00:00:00.123456"), ("naive", "ymd")),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_times_are_read_by_a_rule_over_the_whole_column(tmp_path: Path, case: str) -> None:
    values, csv, ends, read = READ[case]
    rows, reading, _ = ingested(tmp_path, text(values), csv, **BY_TIME)
    assert (rows["v"].min(), rows["v"].max()) == tuple(map(dt.datetime.fromisoformat, ends))
    assert (reading.times, reading.date_order) == read
    typed = ingested(tmp_path, parquet(pa.array(values)), csv, "t.parquet", **BY_TIME)[0]
    assert typed["v"].tolist() == rows["v"].tolist()


def test_a_split_by_time_goes_by_instants(tmp_path: Path) -> None:
    # Eight o'clock in Singapore is midnight in London.
    clock = [f"2024-01-{1 + i // 2:02}T{('08:00:00+08:00', '01:00:00Z')[i % 2]}" for i in range(ROWS)]
    rows, _, _ = ingested(tmp_path, text(clock), **BY_TIME)
    assert rows["v"].is_monotonic_increasing
    assert rows.index[rows["split"] == "test"].tolist() == list(range(32, 40))


DATES = [f"{d:%Y-%m-%d}" for d in DAYS]


@pytest.mark.parametrize(
    "value",
    [
        *("2013-11", "1704067200", "1704067200.5", "13-11-03", "03/11/13", "epoch", "infinity", "-infinity", "now"),
        *("2013-11-03 06:00:00 Europe/Berlin", "2013-11-03 06:00 CET", "2013-11-03 25:00", "2013-11-03 23:59:60"),
        *("2013-11-03 24:00:00", "2024-02-30", "2024-13-01", "06:00 PM", "2013-11-03T06", "2013-11-03+01:00"),
        *("2013-11-03 06:00+15:00", "Nov 3, 2013", "2013-W44-7", "12013-11-03", "2013-11/03"),
    ],
)
def test_what_is_no_time_is_refused_with_its_line(tmp_path: Path, value: str) -> None:
    with pytest.raises(BadInput) as refused:
        ingested(tmp_path, text([*DATES[:-1], value], ";"), **BY_TIME)
    assert f"invalid value {value!r} in column 'v' (line 41): expected a time; write it as 2013-11-03" in str(
        refused.value
    )


@pytest.mark.parametrize(
    ("values", "csv", "said"),
    [
        (EITHER, NONE, "in '01/01/2024' and in all other values either number may be the day; set data.table"),
        (EITHER, {"date_order": "ymd"}, "in column 'v': expected the year first, for data.table.csv.date_order is ymd"),
        ([*EITHER[:-2], "13/01/2024", "01/13/2024"], NONE, "dates with the day first and others with the month first"),
        ([*EITHER[:-2], "13/01/2024", "01/13/2024"], {"date_order": "dmy"}, "'v' (line 41): expected a time"),
        ([*DATES[:-1], "03/11/2013"], NONE, "dates in several forms, '2024-01-01' and '03/11/2013'"),
        ([*DATES[:-1], "20131103"], NONE, "dates in several forms, '2024-01-01' and '20131103'"),
        ([*DATES[:-1], "2024-05-05T06:00Z"], NONE, "and times without, '2024-05-05T06:00Z' and '2024-01-01'"),
        (["2024-05-05T06:00Z", "2024-05-05 06:00"], NONE, "write all with an offset, or all without"),
        ([*DATES[:-1], "9999-12-31"], NONE, "'9999-12-31' in column 'v' (line 41): expected a year from 1678 to 2261"),
        ([*DATES[:-1], "0013-11-03"], NONE, "'0013-11-03' in column 'v' (line 41): expected a year from 1678 to 2261"),
    ],
)  # fmt: skip
def test_columns_that_have_no_one_reading_are_refused(
    tmp_path: Path, values: list[str], csv: dict[str, str], said: str
) -> None:
    with pytest.raises(BadInput) as refused:
        ingested(tmp_path, text(values), csv, **BY_TIME)
    assert said in str(refused.value)


TYPES: dict[str, tuple[pa.Array, str, str]] = {
    "seconds": (pa.array(DAYS, pa.timestamp("s")), "2024-01-01", "naive"),
    "milliseconds": (pa.array(DAYS, pa.timestamp("ms")), "2024-01-01", "naive"),
    "nanoseconds": (pa.array(DAYS, pa.timestamp("ns")), "2024-01-01", "naive"),
    "zone": (pa.array(DAYS, pa.timestamp("us", "UTC")).cast(pa.timestamp("us", "Asia/Tokyo")), "2024-01-01", "utc"),
    "date32": (pa.array([d.date() for d in DAYS]), "2024-01-01", "naive"),
    "date64": (pa.array([d.date() for d in DAYS], pa.date64()), "2024-01-01", "naive"),
    "dictionary": (pa.array(DATES).dictionary_encode(), "2024-01-01", "naive"),
}  # fmt: skip


@pytest.mark.parametrize("case", TYPES)
def test_types_of_times_are_read(tmp_path: Path, case: str) -> None:
    values, first, zone = TYPES[case]
    rows, reading, _ = ingested(tmp_path, parquet(values), name="t.parquet", **BY_TIME)
    assert rows["v"].min() == dt.datetime.fromisoformat(first)
    assert reading.times == zone


NUMBERS = range(ROWS)
REFUSED: dict[str, tuple[pa.Array, dict[str, Any], str]] = {
    "time64": (pa.array([dt.time(6)] * ROWS), BY_TIME, "'v' is time64[us], and should be times"),
    "duration": (pa.array(NUMBERS, pa.duration("s")), BY_TIME, "'v' is duration[s]; only numbers, text and times"),
    "integer": (pa.array(NUMBERS), BY_TIME, "'v' is int64, and should be times; write it as timestamps or dates"),
    "float": (pa.array(map(float, NUMBERS)), BY_TIME, "'v' is double, and should be times"),
    "empty text": (pa.array(["", *DATES[1:]]), BY_TIME, "by which rows are split, is empty: row 1;"),
    "null": (pa.nulls(ROWS), BY_TIME, "by which rows are split, is empty: row 1, row 2, row 3 and 37 more"),
    "far": (pa.array([*DAYS[1:], dt.datetime(9999, 12, 31)]), BY_TIME, "(row 40): expected a year from 1678 to 2261"),
    "number of a duration": (pa.array(NUMBERS, pa.duration("s")), {}, "'v' is duration[s]; only numbers"),
    "number of a bool": (pa.array([True, False] * 20), {}, "'v' is bool, and should be numbers; is it categorical?"),
    "number of nothing": (pa.nulls(ROWS), {}, "'v' has no value in any row that has a target"),
    "number of a struct": (pa.array([{"a": 1}] * ROWS), {}, "'v' is struct<a: int64>; only numbers"),
    "number of a large decimal": (pa.array([1] * ROWS).cast(pa.decimal256(40, 0)), {}, "'v' is decimal256(40, 0)"),
    "number of bytes": (pa.array([b"a"] * ROWS), {}, "'v' is binary; only numbers"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_other_types_are_refused(tmp_path: Path, case: str) -> None:
    values, change, said = REFUSED[case]
    with pytest.raises(BadInput) as refused:
        ingested(tmp_path, parquet(values), name="t.parquet", **change)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("values", "right"),
    [
        (pa.array([i / 4 for i in NUMBERS]).cast(pa.float16()), [0, 0.25, 0.5]),
        (pa.array([i / 4 for i in NUMBERS], pa.float32()), [0, 0.25, 0.5]),
        (pa.array(NUMBERS, pa.int32()).cast(pa.decimal128(12, 2)), [0, 1, 2]),
        (pa.array([2**53 + 1 + i for i in NUMBERS]), [2.0**53, 2.0**53 + 2, 2.0**53 + 4]),
        (pa.array([2**63 + 4096 * i for i in NUMBERS], pa.uint64()), [2.0**63, 2.0**63 + 4096, 2.0**63 + 8192]),
        (pa.array(list(map(float, NUMBERS))).dictionary_encode(), [0, 1, 2]),
    ],
    ids=lambda case: str(getattr(case, "type", "")),
)
def test_types_of_numbers_are_read(tmp_path: Path, values: pa.Array, right: list[float]) -> None:
    assert ingested(tmp_path, parquet(values), name="t.parquet")[0]["v"][:3].tolist() == right
