"""Which decimal mark and which thousands mark the numbers of a text table have, and their values.

The rule: a file has one decimal mark, a point or a comma, and at most one thousands mark: comma, point, space or
apostrophe. Each pair of marks is tried on all values of all numeric columns. The pair that reads most of them is taken,
one without a thousands mark before one with it; what it cannot read is a fault. If a pair with a point and a pair with
a comma read equally many, and there are values that they read otherwise (1,200 is 1200 or 1.2), the table is ambiguous
and is refused: a setting has to tell.

A number is digits with an optional sign (- or U+2212 or +), fraction and exponent: 12, -1.5, .5, 2e-3. Thousands are
groups of three digits, and the first group does not begin with 0: 0.123 is a fraction whatever the other values are.
Currencies, per cent, hexadecimal numbers, 1_000, inf and nan are no numbers.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bakeoff.data.table.canonical import quote
from bakeoff.data.table.settings import AUTO, NONE, CsvSettings

Ask = Callable[[str], list[tuple[Any, ...]]]

MINUS = "\u2212"
POINT, COMMA = ".", ","
KINDS = {  # characters that are one thousands mark; the spaces are U+0020, U+00A0, U+2009 and U+202F
    NONE: "",
    COMMA: ",",
    POINT: ".",
    " ": " \u00a0\u2009\u202f",
    "'": "'\u2019",
}


@dataclass(frozen=True)
class Marks:
    """The decimal mark and the thousands mark of a table.

    Attributes:
        decimal, thousands: as in `Reading`.
        plain: columns in SQL whose values all have the form of `PLAIN`.
    """

    decimal: str | None
    thousands: str | None
    plain: Collection[str] = field(default=(), compare=False)

    def whole(self, text: str) -> str:
        """Return an SQL expression: a trimmed text as a integer of 128 bits, or NULL if it is none or larger."""
        digits = f"replace({text}, {quote(MINUS)}, '-')"
        for mark in KINDS[self.thousands or NONE]:
            digits = f"replace({digits}, {quote(mark)}, '')"
        return f"try_cast({digits} AS HUGEINT)"

    def value(self, text: str) -> str:
        """Return an SQL expression: a trimmed text as a DOUBLE, NULL if it is no finite number."""
        thousands, decimal = self.thousands or NONE, self.decimal or POINT
        if text in self.plain and decimal == POINT:  # so its form needs no second look, and no mark has to go
            number = f"try_cast({text} AS DOUBLE)"
            return f"CASE WHEN isfinite({number}) THEN {number} END"
        plain = f"replace({text}, {quote(MINUS)}, '-')"
        for mark in KINDS[thousands]:
            plain = f"replace({plain}, {quote(mark)}, '')"
        if decimal == COMMA:
            plain = f"replace({plain}, ',', '.')"
        number = f"try_cast({plain} AS DOUBLE)"
        fits = f"regexp_full_match({text}, {quote(pattern(decimal, thousands))})"
        return f"CASE WHEN {fits} AND isfinite({number}) THEN {number} END"


def pattern(decimal: str, thousands: str) -> str:
    point = re.escape(decimal)
    plain = rf"([0-9]+({point}[0-9]*)?|{point}[0-9]+)([eE][+-]?[0-9]+)?"
    grouped = rf"[1-9][0-9]{{0,2}}([{KINDS[thousands]}][0-9]{{3}})+({point}[0-9]*)?"
    return f"[+{MINUS}-]?({plain})" if thousands == NONE else f"[+{MINUS}-]?({plain}|{grouped})"


PLAIN = pattern(POINT, NONE).replace(MINUS, "")  # the number of most files


@dataclass(frozen=True)
class Ambiguous:
    """Numbers that a decimal point and a decimal comma read equally well, and otherwise."""

    column: str
    row: int
    text: str

    def told(self, place: str, key: str) -> str:
        mark = COMMA if COMMA in self.text else POINT
        other = POINT if mark == COMMA else COMMA
        whole, fraction = self.text.replace(mark, ""), self.text.replace(mark, POINT)
        return (
            f"column '{self.column}': {self.text!r} on {place} may be {whole} ({mark!r} as thousands mark) or "
            f"{fraction} ({mark!r} as decimal mark), and so may all such numbers; "
            f"set {key}.decimal to {other!r} for the first, {mark!r} for the second"
        )


def find(ask: Ask, columns: Mapping[str, str], settings: CsvSettings) -> Marks | Ambiguous:
    """Return the marks of the numbers in the table `given`.

    Args:
        columns: names of the numeric columns, and of the trimmed texts in SQL.
    """
    pointed = plain_columns(ask, list(columns.values()))
    told = Marks(
        None if settings.decimal == AUTO else settings.decimal,
        None if settings.thousands == AUTO else settings.thousands,
        frozenset(pointed),
    )
    seen = {column: {POINT} if point else set() for column, point in pointed.items()}
    seen |= marks_seen(ask, [column for column in columns.values() if column not in pointed])
    marked = {name: column for name, column in columns.items() if seen[column]}
    present = set().union(*seen.values())
    if not present or not marked:
        return told
    best: dict[str, tuple[int, str]] = {}
    for decimal in (POINT, COMMA) if told.decimal is None else (told.decimal,):
        unsure = [column for column in marked.values() if decimal == COMMA or column not in pointed]
        # Where the point reads all values, it matters only whether the comma reads them too.
        count = any_misfit if best.get(POINT, (1, NONE))[0] == 0 else count_misfits
        for thousands in KINDS if told.thousands is None else (told.thousands,):
            if thousands != decimal and (thousands == NONE or thousands in present or told.thousands):
                misfits = count(ask, unsure, pattern(decimal, thousands))
                if decimal not in best or misfits < best[decimal][0]:
                    best[decimal] = misfits, thousands
                if not misfits:
                    break
    decimal = min(best, key=lambda mark: best[mark][0])  # the point, where both are equal
    if not present & {POINT, COMMA}:
        return replace(told, thousands=best[decimal][1])
    if len(best) == 2 and best[POINT][0] == best[COMMA][0] and (example := first_ambiguous(ask, marked)):
        return example
    return replace(told, decimal=decimal, thousands=best[decimal][1])


def plain_columns(ask: Ask, columns: Sequence[str]) -> dict[str, bool]:
    """Return the columns whose values all have the form of `PLAIN`, and whether some value of each has a point."""
    if not columns:
        return {}
    told = (
        f"coalesce(bool_and(regexp_full_match({column}, {quote(PLAIN)})), true), "
        f"coalesce(bool_or(contains({column}, '.')), false)"
        for column in columns
    )
    flags = iter(ask(f"SELECT {', '.join(told)} FROM given")[0])
    return {column: point for column, plain, point in zip(columns, flags, flags, strict=True) if plain}


def marks_seen(ask: Ask, columns: Sequence[str]) -> dict[str, set[str]]:
    """Return the marks that values of each column have."""
    if not columns:
        return {}
    kinds = [kind for kind in KINDS if kind != NONE]

    def found(column: str, kind: str) -> str:
        return "bool_or(" + " OR ".join(f"contains({column}, {quote(mark)})" for mark in KINDS[kind]) + ")"

    counts = ask(f"SELECT {', '.join(found(column, kind) for column in columns for kind in kinds)} FROM given")[0]
    flags = iter(counts)
    return {column: {kind for kind in kinds if next(flags)} for column in columns}


def count_misfits(ask: Ask, columns: Sequence[str], fits: str) -> int:
    """Return how many values do not have the form of a number."""
    if not columns:
        return 0
    counts = (f"count_if(NOT regexp_full_match({column}, {quote(fits)}))" for column in columns)
    return int(ask(f"SELECT {' + '.join(counts)} FROM given")[0][0])


def any_misfit(ask: Ask, columns: Sequence[str], fits: str) -> int:
    """Return 1 if a value does not have the form of a number, and 0 if all have it; the first such value ends it."""
    misfit = " OR ".join(f"NOT regexp_full_match({column}, {quote(fits)})" for column in columns)
    return len(ask(f"SELECT 1 FROM given WHERE {misfit} LIMIT 1"))


def first_ambiguous(ask: Ask, columns: Mapping[str, str]) -> Ambiguous | None:
    """Return the first value that is another number with the other decimal mark."""
    fits = quote(f"[+{MINUS}-]?[1-9][0-9]{{0,2}}[.,][0-9]{{3}}")
    for name, column in columns.items():
        found = ask(
            f"SELECT rowid, {column} FROM given WHERE regexp_full_match({column}, {fits}) ORDER BY rowid LIMIT 1"
        )
        if found:
            return Ambiguous(name, *found[0])
    return None
