"""What is wrong with the values of a table, each fault in a sentence."""

from collections.abc import Iterator, Sequence

from bakeoff.data.table.canonical import quote as literal
from bakeoff.data.table.faults import PLACES, fault, quoted
from bakeoff.data.table.prepared import LABELS, Prepared


def faults(table: Prepared) -> Iterator[str]:
    """Everything that can be said of the columns that are there."""
    yield from infinite(table)
    settings = table.settings
    if settings.target.column not in table.kinds:
        return
    count, targets = table.ask(f"SELECT count(*), count({table.target}) FROM rows")[0]
    if not count:
        yield "has a line of column names, and no rows; a table has rows below it"
    elif not targets:
        yield f"column '{settings.target.column}', the target, is empty in all {count:,} rows; name another{table.more}"
    else:
        yield from empty(table)
        split_by = {"group": settings.split.column, "time": settings.time, "random": None}[settings.split.by]
        unsound = list(classes(table))
        if split_by and split_by in table.kinds:
            unsound += without(table, split_by)
        yield from unsound
        if not unsound and split_by in (None, *table.kinds):
            yield from parts(table)


def infinite(table: Prepared) -> Iterator[str]:
    for name, kind in table.kinds.items():
        if kind == "DOUBLE":
            what, where = f"column '{name}' holds what is not finite", f"NOT isfinite({table.column(name)})"
            yield from found(table, what, where, name, "mend it, or list it as missing")


def empty(table: Prepared) -> Iterator[str]:
    """Features without a value."""
    for name in table.settings.features:
        if name in table.kinds:
            column = table.column(name)
            if not table.ask(f"SELECT count({column}) FROM rows WHERE {table.target} IS NOT NULL")[0][0]:
                yield f"column '{name}' has no value in any row that has a target; take it off the features{table.more}"


def classes(table: Prepared) -> Iterator[str]:
    """A target that gives no two classes, or too many, or others than are listed."""
    target = table.settings.target
    place = f"column '{target.column}', the target,"
    if target.above is not None:
        least, most = table.ask(f"SELECT min({table.target}), max({table.target}) FROM rows")[0]
        if (least > target.above) == (most > target.above):
            yield (
                f"{place} goes from {least:g} to {most:g}, all on one side of {target.above:g}; set above "
                f"within{table.more}"
            )
    elif len(table.classes) > LABELS:
        yield f"{place} has more than {LABELS} values, too many for classes; if it is a number, set target.above"
    elif len(table.classes) < 2:
        yield (
            f"{place} is {quoted(table.classes[0])} in every row; name one with two classes in target.column"
            f"{table.more}"
        )
    elif target.classes is None and (alike := of_one_word(table.classes)):
        told = ", ".join(map(quoted, alike))
        yield f"{place} holds {told}, which differ in case alone; write one of them, or list both in target.classes"
    elif len(set(table.classes)) < len(table.classes):
        told = ", ".join(map(quoted, target.classes or ()))
        yield f"target.classes lists {told}, of which two are one class; list it once"
    elif target.classes:
        listed = f"list_contains([{', '.join(map(literal, table.classes))}], {table.target})"
        remedy = "add it to target.classes, or list it as missing"
        what = f"{place} holds what target.classes does not list"
        yield from found(table, what, f"NOT {listed}", target.column, remedy)
        there = {value for (value,) in table.ask(f"SELECT DISTINCT {table.target} FROM rows WHERE {listed}")}
        for name, written in zip(table.classes, target.classes, strict=True):
            if name not in there:
                yield f"{place} is {quoted(written)} in no row; take it off target.classes{table.more}"


def of_one_word(classes: Sequence[str]) -> list[str]:
    """The first classes that differ in case alone."""
    words: dict[str, list[str]] = {}
    for name in classes:
        words.setdefault(name.casefold(), []).append(name)
    return next((names for names in words.values() if len(names) > 1), [])


def without(table: Prepared, name: str) -> Iterator[str]:
    """Rows that lack what the split looks at."""
    what, where = f"column '{name}', by which rows are split, is empty", f"{table.column(name)} IS NULL"
    yield from found(table, what, f"{where} AND {table.target} IS NOT NULL", None, "fill it, or split otherwise")


def parts(table: Prepared) -> Iterator[str]:
    """Parts that have no rows, or rows of one class alone."""
    split = table.settings.split
    for part, counts in table.counts.items():
        if len(counts) < 2:
            held = f"rows of {quoted(*counts)} alone" if counts else "no rows"
            by = f"{split.by} '{split.column}'" if split.column else split.by
            yield (
                f"split by {by}, {part} gets {held}, and each part needs two classes; change data.table.split"
                f"{table.more}"
            )


def found(table: Prepared, what: str, where: str, name: str | None, remedy: str) -> Iterator[str]:
    """A fault of the rows where a condition holds, if there are any, with the value of a column."""
    count = table.ask(f"SELECT count(*) FROM rows WHERE {where}")[0][0]
    if count:
        value = f"{table.column(name)}::VARCHAR" if name else "NULL"
        first = table.ask(f"SELECT rowid, {value} FROM rows WHERE {where} ORDER BY rowid LIMIT {PLACES}")
        places = [f"{quoted(value)} on {table.place(row)}" if value else table.place(row) for row, value in first]
        yield fault(what, places, count, remedy)
