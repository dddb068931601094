"""Flights of 2013 with the weather at departure and the plane; one row a flight."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
PLANE = {"year": "plane_year", "type": "plane_type"} | {name: name for name in ("manufacturer", "model", "seats")}
PLANE |= {"engines": "engines", "engine": "engine"}
CLOCK = ["sched_dep_time", "sched_arr_time"]


def read(files: Mapping[str, Path]) -> pd.DataFrame:
    """Flights joined with the weather of their hour and airport, and with their plane; date and weekday added.

    Scheduled times, in the file as 1545 for a quarter to four, are minutes after midnight.
    """
    flights = pd.read_csv(files["flights"])
    weather = pd.read_csv(files["weather"])[["origin", "time_hour", *WEATHER]]
    planes = pd.read_csv(files["planes"])[["tailnum", *PLANE]].rename(columns=PLANE)
    # By time_hour (UTC) and not by the hour of the clock, which 3 November has twice.
    joined = flights.merge(weather, how="left", on=["origin", "time_hour"], validate="many_to_one")
    joined = joined.merge(planes, how="left", on="tailnum", validate="many_to_one")
    joined[CLOCK] = joined[CLOCK] // 100 * 60 + joined[CLOCK] % 100
    date = pd.to_datetime(joined[["year", "month", "day"]])
    return joined.assign(date=date.dt.strftime("%Y-%m-%d"), weekday=date.dt.day_name())
