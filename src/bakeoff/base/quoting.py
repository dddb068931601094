"""Quotes user input in messages: on one line, truncated, with control characters escaped."""

import reprlib
from collections.abc import Iterable
from typing import Any

WIDTH = 60  # characters of a quoted value
FAULT = 300  # characters of one fault
LINE = 600  # characters of all faults in a message

_short = reprlib.Repr()
_short.maxlevel, _short.maxlist, _short.maxtuple, _short.maxdict = 3, 4, 4, 3
_short.maxstring = _short.maxother = _short.maxlong = WIDTH


def quoted(value: Any) -> str:
    """Return a value as it would be written in params.yaml, in at most `WIDTH` characters."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return cut(_short.repr(value), WIDTH)


def cut(text: str, width: int) -> str:
    """Return the text, truncated with `...` if it is longer than the width."""
    return text if len(text) <= width else text[: width - 3] + "..."


def one_line(text: str) -> str:
    """Return the text with line breaks as blanks, and unprintable characters escaped."""
    joined = " ".join(text.splitlines())
    if joined.isprintable():
        return joined
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in joined)


def listed(faults: Iterable[str]) -> str:
    """Return all faults on one line; if it is too long, the first ones and the number of the others."""
    distinct = [cut(one_line(fault), FAULT) for fault in dict.fromkeys(faults)]
    count, length = 1, len(distinct[0])
    while count < len(distinct) and length + len(distinct[count]) + 2 <= LINE:
        length += len(distinct[count]) + 2
        count += 1
    more = [f"and {len(distinct) - count} more"] if count < len(distinct) else []
    return "; ".join([*distinct[:count], *more])
