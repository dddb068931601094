"""What DuckDB's reader of text tables rejects, told in the user's terms, one sentence for each sort of fault."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from bakeoff.data.table.delimited import KEY, Text
from bakeoff.data.table.faults import PLACES, fault, quoted

Kind = Literal["DOUBLE", "TIMESTAMP", "VARCHAR"]  # as what a column is read

WRONG: dict[Kind, tuple[str, str]] = {  # what a value is that cannot be read as this kind, and the way out
    "DOUBLE": (
        "what is no number with the decimal mark {0!r}",
        f"set {KEY}.decimal, list what stands for a missing value in {KEY}.missing, or the column in categorical",
    ),
    "TIMESTAMP": ("what is no time", "write it as 2013-11-03 or 2013-11-03T06:00:00Z"),
}


class Reject(NamedTuple):
    """One thing that is wrong with a line; a line may have many.

    Attributes:
        offset: of a byte of the line.
        column: from 1.
    """

    error: str
    offset: int
    column: int
    message: str


def faults(rejected: Sequence[Reject], text: Text, kinds: Mapping[str, Kind]) -> list[str]:
    """One sentence for each sort of fault: fields, quotes, and values of each column."""
    sorts: dict[tuple[str, int], dict[int, str]] = {}  # by error and column: offset of the line to what is there
    for reject in rejected:
        if reject.error == "MISSING COLUMNS":  # once for each that is missing: the first tells how many there are
            sorts.setdefault(("fields", 0), {}).setdefault(reject.offset, reject.message.split()[-1])
        elif reject.error == "TOO MANY COLUMNS":  # once for each too many: the last tells
            sorts.setdefault(("fields", 0), {})[reject.offset] = reject.message.split()[-1]
        elif reject.error == "CAST":
            sorts.setdefault((reject.error, reject.column), {})[reject.offset] = value(reject.message)
        else:
            sorts.setdefault((reject.error, 0), {})[reject.offset] = reject.message
    lines = text.lines({offset for found in sorts.values() for offset in list(found)[:PLACES]})
    told = []
    for (error, column), found in sorts.items():
        places = [(f"line {lines[offset]}", found[offset]) for offset in list(found)[:PLACES]]
        where = [line for line, _ in places]
        if error == "fields":
            what = f"lines without the header's {len(text.header)} fields"
            remedy = f"quote what holds {text.separator!r}"
            where = [f"{line} has {count}" for line, count in places]
        elif error == "CAST":
            name = text.header[column - 1]
            wrong, remedy = WRONG[kinds[name]]
            what = f"column '{name}' holds {wrong.format(text.decimal)}"
            where = [f"{value} on {line}" for line, value in places]
        elif error == "UNQUOTED VALUE":
            what, remedy = "quotes that do not close before the next separator", "write a quote inside a value twice"
        else:
            what, remedy = places[0][1].rstrip("."), "mend the lines"
        told.append(fault(what, where, len(found), remedy))
    return told


def value(message: str) -> str:
    """The value that DuckDB could not convert."""
    found = re.search(r'Could not convert string "(.*)" to ', message, re.DOTALL)
    return quoted(found[1] if found else message)
