"""A field of a line of text, read alone: as all fields of the table were, for there is no column to look at."""

import math
import re
from functools import lru_cache

from bakeoff.data.table.canonical import canonical, visible
from bakeoff.data.table.figures import KINDS, MINUS, POINT, pattern
from bakeoff.data.table.reading import Reading
from bakeoff.data.table.settings import NONE


def missing(text: str, reading: Reading) -> bool:
    """Return whether the text stands for a missing value."""
    plain = visible(text)
    return not plain or plain in reading.missing


def number(text: str, reading: Reading) -> float:
    """Return a number, NaN if it is missing.

    If the table had no marks, the decimal mark is a point, and thousands have no mark.

    Raises:
        ValueError: the text is no finite number.
    """
    if missing(text, reading):
        return math.nan
    plain, decimal, thousands = visible(text), reading.decimal or POINT, reading.thousands or NONE
    if not compiled(decimal, thousands).fullmatch(plain):
        raise ValueError
    for mark in KINDS[thousands]:
        plain = plain.replace(mark, "")
    value = float(plain.replace(decimal, ".").replace(MINUS, "-"))
    if not math.isfinite(value):
        raise ValueError
    return value


@lru_cache
def compiled(decimal: str, thousands: str) -> re.Pattern[str]:
    return re.compile(pattern(decimal, thousands))


def category(text: str, name: str, reading: Reading) -> str | None:
    """Return the canonical form of a category, None if it is missing.

    Args:
        name: of its column.
    """
    decimal = reading.decimal or POINT
    return canonical(text, number=name in reading.numbers, missing=reading.missing, decimal=decimal)
