"""What is wrong with a table, gathered and told in one line: each fault with its first places and their number."""

from collections.abc import Iterable, Sequence

from bakeoff.base.settings import BadInput

PLACES = 3  # that are named of each fault
FAULTS = 12  # that are named of a table


def refuse(name: str, faults: Iterable[str]) -> None:
    """Raise what was found, if anything was.

    Raises:
        BadInput: as `refused` tells it.
    """
    if told := list(faults):
        raise refused(name, told)


def refused(name: str, faults: Iterable[str]) -> BadInput:
    """The first faults in one line, and how many more there are."""
    told = list(dict.fromkeys(" ".join(fault.split()) for fault in faults))
    more = f"; and {len(told) - FAULTS} faults more" if len(told) > FAULTS else ""
    return BadInput(f"{name}: {'; '.join(told[:FAULTS])}{more}")


def fault(what: str, places: Sequence[str], count: int, remedy: str) -> str:
    """`column 'age' holds what is no number: 'x' on line 4, 'y' on line 9, 'z' on line 11 and 12 more; mend it`."""
    named = places[:PLACES]
    more = f" and {count - len(named):,} more" if count > len(named) else ""
    return f"{what}: {', '.join(named)}{more}; {remedy}"


def quoted(value: str) -> str:
    """A value as it stands, cut short."""
    return repr(value if len(value) <= 40 else value[:40] + "…")
