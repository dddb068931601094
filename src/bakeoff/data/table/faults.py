"""All faults of a table in one line, each with its first places and the number of the others."""

from collections.abc import Iterable, Sequence

from bakeoff.base.quoting import one_line
from bakeoff.base.settings import BadInput

PLACES = 3  # that are named of each fault
FAULTS = 12  # that are named of a table


def refuse(name: str, faults: Iterable[str]) -> None:
    """Raise what was found, if anything was.

    Raises:
        BadInput: the message of `refused`.
    """
    if messages := list(faults):
        raise refused(name, messages)


def refused(name: str, faults: Iterable[str]) -> BadInput:
    """The first faults in one line, and how many more there are."""
    messages = list(dict.fromkeys(one_line(fault) for fault in faults))
    more = f"; and {len(messages) - FAULTS} more faults" if len(messages) > FAULTS else ""
    return BadInput(f"{name}: {'; '.join(messages[:FAULTS])}{more}")


def fault(what: str, places: Sequence[str], count: int, remedy: str) -> str:
    """Return `lines without the header's 4 fields: line 3 has 3, line 4 has 5 and 12 more; quote what holds ','`."""
    return f"{what}: {', '.join(places[:PLACES])}{others(places, count)}; {remedy}"


def invalid(column: str, values: Sequence[tuple[str, str]], count: int, expected: str, remedy: str) -> str:
    """Return `invalid value 'x' in column 'age' (line 4; also 'y' on line 9 and 12 more): expected a number; mend it`.

    Args:
        column: `column 'age'`, or more words about it.
        values: the first ones, each with its place.
        count: of all.
    """
    (value, place), *rest = values[:PLACES]
    also = ", ".join(f"{quoted(value)} on {place}" for value, place in rest)
    also = f"; also {also}" if also else ""
    where = f"{place}{also}{others(values, count)}"
    return f"invalid value {quoted(value)} in {column} ({where}): expected {expected}; {remedy}"


def others(places: Sequence[object], count: int) -> str:
    shown = min(len(places), PLACES)
    return f" and {count - shown:,} more" if count > shown else ""


def quoted(value: str) -> str:
    """A value as it stands, cut short."""
    return repr(value if len(value) <= 40 else value[:40] + "…")
