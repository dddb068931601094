"""When the rows happened: one rule for texts and for types.

The rule: a column's times are all instants, told with an offset (Z, UTC, +01:00, +0100, +01), or all without one.
Instants are told in UTC. A text is a date, with or without a time of day: 2013-11-03, 2013/11/03 or 2013.11.03, then
06:00, 06:00:00 or 06:00:00.25 after a space or a T. A column may have 20131103 in place of these, or 3/11/2013,
3.11.2013 or 3-11-2013; then a first number above 12 anywhere in the column tells that the day is
the first, a second number above 12 that the month is, and a column with neither is refused unless `date_order` tells.
Years go from 1678 to 2261, as in pandas' timestamps of nanoseconds: others stand for something else. Digits behind the
microseconds are cut.
Names of time zones, two-digit years, seconds since 1970, the 24th hour and the 60th second are refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from bakeoff.data.table.canonical import OFFSET, in_utc, quote
from bakeoff.data.table.settings import AUTO, CsvSettings

Ask = Callable[[str], list[tuple[Any, ...]]]
Order = Literal["ymd", "dmy", "mdy"]

MARKS = ("-", "/", r"\.")
YEAR_FIRST = "(" + "|".join(f"[0-9]{{4}}{mark}[0-9]{{1,2}}{mark}[0-9]{{1,2}}" for mark in MARKS) + ")"
YEAR_LAST = "(" + "|".join(f"[0-9]{{1,2}}{mark}[0-9]{{1,2}}{mark}[0-9]{{4}}" for mark in MARKS) + ")"
COMPACT = "[0-9]{8}"
CLOCK = r"[T ]([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
FORMS: dict[str, str] = {"2013-11-03": YEAR_FIRST, "20131103": COMPACT, "3/11/2013": YEAR_LAST}
ISO = {  # how a text becomes 2013-11-03
    "ymd": (r"^([0-9]{4})[-/.]?([0-9]{1,2})[-/.]?([0-9]{1,2})", r"\1-\2-\3"),
    "dmy": (r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})", r"\3-\2-\1"),
    "mdy": (r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})", r"\3-\1-\2"),
}
PLAIN = f"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}({CLOCK}Z?)?"  # the time of most files
FIRST, LAST = 1678, 2261  # years


@dataclass(frozen=True)
class Times:
    """The rule by which the values of a column become moments.

    Attributes:
        order: None for types.
        value: an SQL expression, NULL for what is no time.
    """

    zone: Literal["utc", "naive"] | None
    order: Order | None
    value: str


def typed(column: str, kind: str) -> Times:
    """Return how a DATE or a TIMESTAMP of DuckDB is read."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return Times("utc", None, f"({column} AT TIME ZONE 'UTC')")
    return Times("naive", None, f"{column}::TIMESTAMP")


def find(ask: Ask, name: str, column: str, settings: CsvSettings, key: str) -> Times | str:
    """Return how the texts of a column in the table `given` are read, or what is wrong with them all."""
    return plain(ask, column) or of_form(ask, name, column, settings, key)


def plain(ask: Ask, column: str) -> Times | None:
    """Return how texts are read that all have the form of `PLAIN`, all with a Z or all without; None for others."""
    fits = f"bool_and(regexp_full_match({column}, {quote(PLAIN)}))"
    are_plain, aware, count = ask(f"SELECT {fits}, count_if(suffix({column}, 'Z')), count({column}) FROM given")[0]
    if not are_plain or aware not in (0, count):
        return None
    return Times("utc" if aware else "naive", "ymd", f"try_cast(replace({column}, 'Z', '') AS TIMESTAMP)")


def of_form(ask: Ask, name: str, column: str, settings: CsvSettings, key: str) -> Times | str:
    """Return the same as `find`, from the forms that the values have."""
    aware = f"regexp_full_match({column}, {quote(f'({YEAR_FIRST}|{YEAR_LAST}){CLOCK}{OFFSET}')})"
    shapes = [
        f"regexp_full_match({column}, {quote(form if form == COMPACT else f'{form}({CLOCK}({OFFSET})?)?')})"
        for form in FORMS.values()
    ]
    first, second = (
        f"try_cast(regexp_extract({column}, '^([0-9]{{1,2}})[-/.]([0-9]{{1,2}})[-/.]', {group}) AS INTEGER)"
        for group in (1, 2)
    )
    counts = ", ".join(f"count_if({shape}), min({column}) FILTER ({shape})" for shape in (*shapes, aware))
    naive = " OR ".join(shapes)
    above = f"bool_or({shapes[2]} AND {first} > 12), bool_or({shapes[2]} AND {second} > 12)"
    found = ask(
        f"SELECT {counts}, min({column}) FILTER (({naive}) AND NOT {aware}), {above}, count({column}) FROM given"
    )[0]
    *_, unzoned, day_first, month_first, _ = found
    examples = dict(zip(FORMS, found[1:6:2], strict=True))
    there = [form for form in FORMS if found[2 * list(FORMS).index(form)]]
    if len(there) > 1:
        told = " and ".join(repr(examples[form]) for form in there)
        return f"column '{name}' has dates in several forms, {told}: expected one form; write them all as 2013-11-03"
    if found[6] and unzoned is not None:
        return (
            f"column '{name}' has times with a UTC offset and times without, {found[7]!r} and {unzoned!r}: expected "
            "one of the two; write all with an offset, or all without"
        )
    zone: Literal["utc", "naive"] | None = ("utc" if found[6] else "naive") if there else None
    order: Order = "ymd"
    if there == ["3/11/2013"]:
        if settings.date_order in ("dmy", "mdy"):
            order = "dmy" if settings.date_order == "dmy" else "mdy"
        elif settings.date_order == AUTO and day_first != month_first:
            order = "dmy" if day_first else "mdy"
        elif settings.date_order == AUTO and not day_first:
            return (
                f"column '{name}': in {examples[there[0]]!r} and in all other values either number may be the day; set "
                f"{key}.date_order to dmy (day, month, year) or mdy"
            )
        elif settings.date_order == AUTO:
            return (
                f"column '{name}' has dates with the day first and others with the month first: expected one order; "
                f"write them all as 2013-11-03, or set {key}.date_order to see which do not fit"
            )
        else:
            return (
                f"invalid value {examples[there[0]]!r} in column '{name}': expected the year first, for "
                f"{key}.date_order is ymd; set it to dmy or mdy, or to {AUTO}"
            )
    text = f"regexp_replace({column}, {quote(ISO[order][0])}, {quote(ISO[order][1])})"
    moment = in_utc(text) if zone == "utc" else f"try_cast({text} AS TIMESTAMP)"
    fits = f"({naive})" if zone != "utc" else aware
    return Times(zone, order if there else None, f"CASE WHEN {fits} THEN {moment} END")
