"""What is wrong with the values of a table, each fault in a sentence."""

from collections.abc import Iterator, Sequence

from bakeoff.data.table.canonical import quote as literal
from bakeoff.data.table.faults import PLACES, fault, invalid, quoted
from bakeoff.data.table.prepared import LABELS, Prepared

TRUTHS = ({"true", "yes", "1"}, {"false", "no", "0"})  # ways to write one class; a column should keep to one


def faults(table: Prepared) -> Iterator[str]:
    """Yield the faults of the columns that were found."""
    yield from infinite(table)
    settings = table.settings
    if settings.target.column not in table.kinds:
        return
    count, targets = table.ask(f"SELECT count(*), count({table.target}) FROM rows")[0]
    if not count:
        yield "the table has column names but no rows; add rows below them"
    elif not targets:
        yield (
            f"column '{settings.target.column}', the target, is empty in all {count:,} rows; name another in "
            f"data.table.target.column{table.more}"
        )
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
            where = f"NOT isfinite({table.column(name)})"
            yield from invalid_values(
                table, f"column '{name}'", where, name, "a finite number", "correct it, or make it null"
            )


def empty(table: Prepared) -> Iterator[str]:
    """Features without a value."""
    for name in table.settings.features:
        if name in table.kinds:
            column = table.column(name)
            if not table.ask(f"SELECT count({column}) FROM rows WHERE {table.target} IS NOT NULL")[0][0]:
                yield (
                    f"column '{name}' has no value in any row that has a target; remove it from data.table.numeric or "
                    f"data.table.categorical{table.more}"
                )


def classes(table: Prepared) -> Iterator[str]:
    """A target that gives no two classes, or too many, or others than are listed."""
    target = table.settings.target
    place = f"column '{target.column}', the target,"
    if target.above is not None:
        least, most = table.ask(f"SELECT min({table.target}), max({table.target}) FROM rows")[0]
        if (least > target.above) == (most > target.above):
            yield (
                f"{place} goes from {least:g} to {most:g}, all on one side of {target.above:g}; set "
                f"data.table.target.above within{table.more}"
            )
    elif len(table.classes) > LABELS:
        yield (
            f"{place} has more than {LABELS} values, too many for classes; if it is a number, set "
            "data.table.target.above"
        )
    elif len(table.classes) < 2:
        yield (
            f"{place} is {quoted(table.classes[0])} in every row; name one with two classes in "
            f"data.table.target.column{table.more}"
        )
    elif target.classes is None and (alike := of_one_word(table.classes)):
        names = ", ".join(map(quoted, alike))
        yield (
            f"{place} has {names}, which differ in case alone; write one of them, or list both in "
            "data.table.target.classes"
        )
    elif target.classes is None and (alike := of_one_truth(table.classes)):
        names = ", ".join(map(quoted, alike))
        yield (
            f"{place} has {names}, which may be one class; write one of them, or list every class in "
            "data.table.target.classes"
        )
    elif len(set(table.classes)) < len(table.classes):
        names = ", ".join(map(quoted, target.classes or ()))
        yield f"data.table.target.classes lists {names}, of which two are one class; list it once"
    elif target.classes:
        listed = f"list_contains([{', '.join(map(literal, table.classes))}], {table.target})"
        remedy = "add it to data.table.target.classes, or to data.table.csv.missing"
        expected = "a class that data.table.target.classes lists"
        yield from invalid_values(table, place.removesuffix(","), f"NOT {listed}", target.column, expected, remedy)
        present = {value for (value,) in table.ask(f"SELECT DISTINCT {table.target} FROM rows WHERE {listed}")}
        for name, written in zip(table.classes, target.classes, strict=True):
            if name not in present:
                yield f"{place} is {quoted(written)} in no row; remove it from data.table.target.classes{table.more}"


def of_one_word(classes: Sequence[str]) -> list[str]:
    """The first classes that differ in case alone."""
    words: dict[str, list[str]] = {}
    for name in classes:
        words.setdefault(name.casefold(), []).append(name)
    return next((names for names in words.values() if len(names) > 1), [])


def of_one_truth(classes: Sequence[str]) -> list[str]:
    """The classes that say true, or those that say false, where they say it in more than one way."""
    said = ([name for name in classes if name.casefold() in ways] for ways in TRUTHS)
    return next((names for names in said if len(names) > 1), [])


def without(table: Prepared, name: str) -> Iterator[str]:
    """Rows that lack what the split looks at."""
    where = f"{table.column(name)} IS NULL AND {table.target} IS NOT NULL"
    count = table.ask(f"SELECT count(*) FROM rows WHERE {where}")[0][0]
    if count:
        rows = table.ask(f"SELECT rowid FROM rows WHERE {where} ORDER BY rowid LIMIT {PLACES}")
        what = f"column '{name}', by which rows are split, is empty"
        yield fault(what, [table.place(row) for (row,) in rows], count, "fill it, or change data.table.split.by")


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


def invalid_values(table: Prepared, place: str, where: str, column: str, expected: str, remedy: str) -> Iterator[str]:
    """A fault of the values of a column in the rows where a condition holds, if there are any."""
    count = table.ask(f"SELECT count(*) FROM rows WHERE {where}")[0][0]
    if count:
        value = f"{table.column(column)}::VARCHAR"
        rows = table.ask(f"SELECT rowid, {value} FROM rows WHERE {where} ORDER BY rowid LIMIT {PLACES}")
        yield invalid(place, [(value, table.place(row)) for row, value in rows], count, expected, remedy)
