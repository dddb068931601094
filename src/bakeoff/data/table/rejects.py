"""What DuckDB's reader of text tables rejects, in the user's terms: one message for each sort of fault."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from bakeoff.data.table.delimited import Text
from bakeoff.data.table.faults import PLACES, fault

Kind = Literal["DOUBLE", "TIMESTAMP", "VARCHAR"]  # as what a column is read


FIELDS = ("MISSING COLUMNS", "TOO MANY COLUMNS")


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


def faults(rejected: Sequence[Reject], text: Text) -> list[str]:
    """One sentence for each sort of fault: fields, and quotes."""
    sorts: dict[str, dict[int, str]] = {}  # by error: offset of the line to what is there
    for reject in rejected:
        if reject.error == "MISSING COLUMNS":  # once for each that is missing: the first tells how many there are
            sorts.setdefault("fields", {}).setdefault(reject.offset, reject.message.split()[-1])
        elif reject.error == "TOO MANY COLUMNS":  # once for each too many: the last tells
            sorts.setdefault("fields", {})[reject.offset] = reject.message.split()[-1]
        else:
            sorts.setdefault(reject.error, {})[reject.offset] = reject.message
    lines = text.lines({offset for found in sorts.values() for offset in list(found)[:PLACES]})
    messages = []
    for error, found in sorts.items():
        places = [(f"line {lines[offset]}", found[offset]) for offset in list(found)[:PLACES]]
        where = [line for line, _ in places]
        if error == "fields":
            what = f"lines without the header's {len(text.header)} fields"
            remedy = f"put values with {text.separator!r} in quotes"
            where = [f"{line} has {count}" for line, count in places]
            if set(found.values()) == {str(len(text.header) + 1)}:
                remedy += ", or write a name above the first column if it lacks one, as in files of R"
        elif error == "UNQUOTED VALUE":
            what, remedy = "quotes that do not close before the next separator", "write a quote inside a value twice"
        else:
            what, remedy = places[0][1].rstrip("."), "correct the lines"
        messages.append(fault(what, where, len(found), remedy))
    return messages
