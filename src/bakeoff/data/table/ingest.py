"""Brings a table of any source and any size to features, target and split, or says everything that is wrong with it."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from bakeoff.data.sources.find import Found
from bakeoff.data.table import checks, columns, database, delimited, values
from bakeoff.data.table.columns import Columns
from bakeoff.data.table.delimited import Text
from bakeoff.data.table.faults import refuse, refused
from bakeoff.data.table.prepared import Prepared
from bakeoff.data.table.rejects import Kind
from bakeoff.data.table.settings import TableSettings

IDENTIFIER = "if it is an identifier, remove it from data.table.numeric"


@contextmanager
def ingested(found: Found, settings: TableSettings, advance: Callable[[int], object]) -> Iterator[Prepared]:
    """The table of a source, ready to be saved while the context lasts.

    Args:
        advance: called with the number of bytes of a text that were read since the last call.

    Raises:
        BadInput: names all that is wrong with it.
    """
    wanted = kinds(settings)
    with database.opened() as (rows, folder):
        source: Text | Columns
        if columns.typed(found):
            source = columns.read(found)
        else:
            source = delimited.read(found.files["data"], folder / "copy.csv", found.name, wanted, settings.csv, advance)
        there = {name: kind for name, kind in wanted.items() if source.header.count(name) == 1}
        faults = list(misnamed(source.header, settings))
        if not there:
            refuse(found.name, faults)
        taken = values.take(rows, source, there, settings.csv, None)
        if isinstance(taken, list):
            raise refused(found.name, [*faults, *taken])
        remarks = [*taken.remarks, *(f"column '{name}': {what}; {IDENTIFIER}" for name, what in taken.merged.items())]
        prepared = Prepared(rows, settings, there, source.place, taken.reading, remarks).cut()
        refuse(found.name, [*faults, *merged(taken.merged, settings), *checks.faults(prepared)])
        yield prepared


def size(found: Found) -> int:
    """Bytes of its files, in which progress is told."""
    return sum(path.stat().st_size for path in found.files.values())


def kinds(settings: TableSettings) -> dict[str, Kind]:
    """Return the columns that are read, with the type of each."""
    target = settings.target
    texts = [*settings.order, *([settings.split.column] if settings.split.column else []), *settings.categorical]
    read_as: dict[str, Kind] = dict.fromkeys(texts, "VARCHAR")
    read_as[target.column] = "VARCHAR" if target.above is None else "DOUBLE"
    return read_as | ({settings.time: "TIMESTAMP"} if settings.time else {}) | dict.fromkeys(settings.numeric, "DOUBLE")


def merged(found: Mapping[str, str], settings: TableSettings) -> Iterator[str]:
    """A target, or the groups of a split, of which different integers became one."""
    if (target := settings.target.column) in found:
        yield f"column '{target}', the target: {found[target]}; divide the values, or write fewer digits"
    if (column := settings.split.column) is not None and column in found:
        yield f"column '{column}', by which rows are split: {found[column]}; remove it from data.table.numeric"


def misnamed(header: Sequence[str], settings: TableSettings) -> Iterator[str]:
    """Columns that are there twice, that are missing, or that no role claims; those without a name are left out."""
    header = [name for name in header if name]
    for name in dict.fromkeys(name for name in header if header.count(name) > 1):
        yield f"column '{name}' appears {header.count(name)} times; give each column a name of its own"
    for role, names in settings.roles.items():
        for name in names:
            if name not in header:
                near = difflib.get_close_matches(name, header, n=1)
                known = f"did you mean '{near[0]}'?" if near else f"the file has: {delimited.shown(header)}"
                yield f"data.table.{role} names '{name}', which is not a column; {known}"
    if settings.dropped is not None:
        claimed = {name for names in settings.roles.values() for name in names}
        for name in header:
            if name not in claimed:
                yield f"column '{name}' has no role; list it under data.table.dropped, or set that to null"
