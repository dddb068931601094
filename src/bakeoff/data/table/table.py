"""Flights of 2013 with the weather at departure and the plane; one row a flight, in the order of time."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from bakeoff.data.table.settings import GroupSplitSettings, TableSettings
from bakeoff.settings import BadInput, hint

# Columns of every table, beside its features.
TARGET, SPLIT = "target", "split"

WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
PLANE = {"year": "plane_year", "type": "plane_type"} | {name: name for name in ("manufacturer", "model", "seats")}
PLANE |= {"engines": "engines", "engine": "engine"}
CLOCK = ["sched_dep_time", "sched_arr_time"]


def read(files: dict[str, Path]) -> pd.DataFrame:
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


def prepare(rows: pd.DataFrame, settings: TableSettings) -> pd.DataFrame:
    """Features, target and split of every row that has a target, sorted by the columns that `order` lists.

    Numbers are float64, and NaN where they are missing; categories are text, `missing` where they are.

    Raises:
        BadInput: the settings name a column that is not there, or a number that is text.
    """
    place = "params.yaml: data.table"
    for key in ("numeric", "categorical", "leaks", "order"):
        require(rows, f"{place}.{key}", getattr(settings, key))
    require(rows, f"{place}.target.column", [settings.target.column])
    for name in settings.numeric:
        if not pd.api.types.is_numeric_dtype(rows[name]):
            raise BadInput(f"{place}.numeric: '{name}' holds text, like {rows[name].iloc[0]!r}; is it categorical?")

    rows = rows.dropna(subset=settings.target.column).sort_values(list(settings.order), kind="stable")
    rows = rows.reset_index(drop=True)
    numbers = {name: rows[name].astype(np.float64) for name in settings.numeric}
    categories = {name: rows[name].astype("str").fillna("missing") for name in settings.categorical}
    target = (rows[settings.target.column] > settings.target.above).astype(np.uint8)
    return pd.DataFrame(
        numbers | categories | {TARGET: target, SPLIT: split(rows[settings.split.group], settings.split)}
    )


def require(rows: pd.DataFrame, place: str, names: Iterable[str]) -> None:
    """Refuse names that are no columns.

    Raises:
        BadInput: suggests the nearest.
    """
    for name in names:
        if name not in rows:
            raise BadInput(f"{place}: there is no column '{name}'{hint(name, map(str, rows))}")


def split(groups: pd.Series, settings: GroupSplitSettings) -> pd.Series:
    """train, validation or test for each row; rows of one group stay together, and shares are counted in groups.

    Raises:
        BadInput: there are too few groups for three splits.
    """
    names = np.array(sorted(groups.unique()))
    validation, test = (round(share * len(names)) for share in (settings.validation, settings.test))
    train = len(names) - validation - test
    if min(train, validation, test) < 1:
        raise BadInput(
            f"params.yaml: data.table.split: of {len(names)} groups by {settings.group}, {train} go to training, "
            f"{validation} to validation and {test} to test; each needs one"
        )
    shuffled = np.random.default_rng(settings.seed).permutation(names)
    held = dict.fromkeys(shuffled[:test], "test") | dict.fromkeys(shuffled[test : test + validation], "validation")
    return groups.map(held).fillna("train")


def save(table: pd.DataFrame, path: Path) -> None:
    table.to_parquet(path, index=False)


def load(path: Path) -> pd.DataFrame:
    """The table.

    Raises:
        BadInput: the file is damaged.
    """
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: {error}; make it again with `dvc repro ingest_table`") from None
