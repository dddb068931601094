"""The columns of `given` become the values of `rows`: numbers, moments, and categories in their canonical form.

Both are tables of the database; their columns are c0, c1, …, in the order of the names that the settings give a role.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from bakeoff.data.normal_form import nfc
from bakeoff.data.table import database, figures, times
from bakeoff.data.table.canonical import expression, is_number, quote, visible
from bakeoff.data.table.columns import Columns
from bakeoff.data.table.delimited import KEY, Text
from bakeoff.data.table.faults import PLACES, fault, invalid, quoted
from bakeoff.data.table.figures import Ambiguous, Marks
from bakeoff.data.table.reading import Reading
from bakeoff.data.table.rejects import Kind
from bakeoff.data.table.settings import AUTO, NONE, CsvSettings

# Per cent, currencies, parentheses for a negative number, a minus behind it, units, and groups of two digits.
SIGNED = re.compile(r"[%\u2030$\u20ac\u00a3\u00a5\u20b9()]|[0-9]\s*[^\W\d]+\.?$|[0-9]-$|[,.'][0-9]{2}[,.'][0-9]")
EXACT = 2.0**53  # up to here float64 represents each integer exactly


@dataclass(frozen=True)
class Taken:
    """The reading of a table, with remarks.

    Attributes:
        remarks: what was read otherwise than it is written.
        merged: by numeric column, integers that became one number.
    """

    reading: Reading
    remarks: list[str]
    merged: dict[str, str]


def take(
    rows: DuckDBPyConnection,
    source: Text | Columns,
    kinds: Mapping[str, Kind],
    settings: CsvSettings,
    numbers: Collection[str] | None,
) -> Taken | list[str]:
    """Fill `rows` with columns of a table, or return all that is wrong with them.

    Args:
        kinds: of the columns to take, which are in the header.
        settings: those of params.yaml, or `Reading.csv` of the table that an encoder was fitted on.
        numbers: as in `Reading`; None finds them.

    Raises:
        BadInput: a Parquet file is damaged.
    """
    if isinstance(source, Text):
        unread, there = database.load_text(rows, source, kinds, settings.missing)
        if there is None:
            return unread
        source = there
    elif unread := database.load_columns(rows, source, kinds, settings.missing):
        return unread
    taken = Values(rows, source, kinds, settings, numbers).taken()
    return [*(taken if isinstance(taken, list) else []), *unread] if unread else taken


@dataclass(frozen=True)
class Values:
    """The work of `take`, once `given` is there."""

    rows: DuckDBPyConnection
    source: Text | Columns
    kinds: Mapping[str, Kind]
    settings: CsvSettings
    numbers: Collection[str] | None

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self.rows.execute(query).fetchall()

    def taken(self) -> Taken | list[str]:
        types = dict(zip(self.kinds, (row[1] for row in self.ask("DESCRIBE given")), strict=True))
        texts = {name: f"c{i}" for i, name in enumerate(self.kinds) if types[name] == "VARCHAR"}
        if repeated := self.repeated(texts):
            return [repeated]
        figure_texts = {name: column for name, column in texts.items() if self.kinds[name] == "DOUBLE"}
        marks = figures.find(self.ask, figure_texts, self.settings)
        if isinstance(marks, Ambiguous):
            return [marks.told(self.source.place(marks.row), KEY)]
        decimal = marks.decimal or "."
        numbers = self.all_numbers(types, texts, decimal) if self.numbers is None else set(self.numbers)
        values: dict[str, str] = {}
        problems: list[str] = []
        found: list[times.Times] = []
        for i, (name, kind) in enumerate(self.kinds.items()):
            column = f"c{i}"
            if kind == "VARCHAR":
                values[name] = expression(column, types[name], number=name in numbers, decimal=decimal)
            elif kind == "DOUBLE":
                text = types[name] == "VARCHAR"
                values[name] = marks.value(column) if text else f"nullif({column}::DOUBLE, 'nan'::DOUBLE)"
            else:
                moments = self.moments(name, column, types[name])
                if isinstance(moments, str):
                    problems.append(moments)
                    moments = times.Times(None, None, f"{column}::VARCHAR")
                found.append(moments)
                values[name] = moments.value
        columns = ", ".join(f"{value} AS c{i}" for i, value in enumerate(values.values()))
        self.rows.execute(f"CREATE OR REPLACE TABLE rows AS SELECT {columns} FROM given")
        problems += self.unread(types, marks, {name for name in texts if not problems or self.kinds[name] == "DOUBLE"})
        if problems:
            return problems
        remarks = list(self.respelled([name for name in texts if name in numbers]))
        merged = dict(self.merged(types, marks))
        self.rows.execute("DROP TABLE given")
        return Taken(self.reading(marks, sorted(numbers), found), remarks, merged)

    def repeated(self, texts: Mapping[str, str]) -> str | None:
        """Lines below the first that have the names of the columns again, as files have that were put together."""
        if not isinstance(self.source, Text) or len(texts) < 2:  # a value may be called as its column is
            return None
        same = " AND ".join(f"{column} = {quote(nfc(visible(name)))}" for name, column in texts.items())
        count = self.ask(f"SELECT count(*) FROM given WHERE {same}")[0][0]
        if not count:
            return None
        rows = self.ask(f"SELECT rowid FROM given WHERE {same} ORDER BY rowid LIMIT {PLACES}")
        places = [self.source.place(row) for (row,) in rows]
        return fault("lines that repeat the names of the columns", places, count, "remove them")

    def moments(self, name: str, column: str, kind: str) -> times.Times | str:
        if kind == "VARCHAR":
            return times.find(self.ask, name, column, self.settings, KEY)
        return times.typed(column, kind)

    def all_numbers(self, types: Mapping[str, str], texts: Mapping[str, str], decimal: str) -> set[str]:
        """Columns of categories whose values are all numbers."""
        categories = [name for name, kind in self.kinds.items() if kind == "VARCHAR"]
        found = {name for name in categories if types[name] == "DOUBLE" or types[name].startswith("DECIMAL")}
        found |= {name for name in categories if "INT" in types[name]}
        asked = [name for name in categories if name in texts]
        if asked:
            all_are = (f"bool_and({is_number(texts[name], decimal)})" for name in asked)
            answers = self.ask(f"SELECT {', '.join(all_are)} FROM given")[0]
            found |= {name for name, answer in zip(asked, answers, strict=True) if answer}
        return found

    def unread(self, types: Mapping[str, str], marks: Marks, names: Collection[str]) -> Iterator[str]:
        """Texts that are no numbers or no times, and times of years that stand for something else."""
        faults: list[tuple[str, int, str, str, str]] = []
        for i, (name, kind) in enumerate(self.kinds.items()):
            if kind != "VARCHAR" and name in names:
                expected, remedy = self.expected(kind, marks)
                faults.append((name, i, f"rows.c{i} IS NULL", expected, remedy))
            if kind == "TIMESTAMP" and (name in names or types[name] != "VARCHAR"):
                known = f"year(rows.c{i}) BETWEEN {times.FIRST} AND {times.LAST}"
                outside = f"NOT coalesce({known}, rows.c{i} IS NULL)"  # infinity, as of dates too late, has no year
                out = f"or list it in {KEY}.missing" if types[name] == "VARCHAR" else "or make it null"
                years = f"a year from {times.FIRST} to {times.LAST}"
                faults.append((name, i, outside, years, f"correct the value, {out}"))
        counts = self.counts([f"given.c{column} IS NOT NULL AND {where}" for _, column, where, *_ in faults])
        for (name, column, where, expected, remedy), count in zip(faults, counts, strict=True):
            if count:
                first = self.first(f"given.rowid, given.c{column}::VARCHAR", column, where, PLACES)
                found = [(value, self.source.place(row)) for row, value in first]
                if self.kinds[name] == "DOUBLE":
                    expected, remedy = closer(found[0][0], marks, expected, remedy)
                yield invalid(f"column '{name}'", found, count, expected, remedy)

    def expected(self, kind: Kind, marks: Marks) -> tuple[str, str]:
        """Return the expected form of a text of this kind, and the way out."""
        if kind == "TIMESTAMP":
            return (
                "a time",
                "write it as 2013-11-03 or 2013-11-03T06:00:00Z: with a year of four digits, without the name of a "
                "time zone, and not as seconds since 1970",
            )
        thousands = f" and the thousands mark {marks.thousands!r}" if marks.thousands not in (None, NONE) else ""
        return (
            f"a number with the decimal mark {marks.decimal or '.'!r}{thousands}",
            f"set {KEY}.decimal and {KEY}.thousands, list what stands for a missing value in {KEY}.missing, or list "
            "the column in data.table.categorical",
        )

    def counts(self, conditions: Sequence[str]) -> Sequence[int]:
        """Return in how many rows each condition holds, after one look at all columns."""
        if not conditions:
            return ()
        counts = ", ".join(f"count_if({condition})" for condition in conditions)
        return self.ask(f"SELECT {counts} FROM given POSITIONAL JOIN rows")[0]

    def first(self, told: str, column: int, where: str, count: int) -> list[tuple[Any, ...]]:
        """Return expressions of the first rows where a condition holds and the column has a text."""
        return self.ask(
            f"SELECT {told} FROM given POSITIONAL JOIN rows WHERE given.c{column} IS NOT NULL AND {where} "
            f"ORDER BY given.rowid LIMIT {count}"
        )

    def respelled(self, names: Collection[str]) -> Iterator[str]:
        """Columns of numbers in which some are written otherwise than in their canonical form."""
        places = {name: i for i, name in enumerate(self.kinds) if name in names}
        counts = self.counts([f"given.c{i} != rows.c{i}" for i in places.values()])
        for (name, i), count in zip(places.items(), counts, strict=True):
            if count:
                written, told = self.first(f"given.c{i}, rows.c{i}", i, f"given.c{i} != rows.c{i}", 1)[0]
                values = f"{quoted(written)} is read as {quoted(told)} ({count:,} values)"
                yield f"column '{name}' is all numbers: {values}"

    def merged(self, types: Mapping[str, str], marks: Marks) -> Iterator[tuple[str, str]]:
        """Numeric columns of which different integers are the same float64, each with its first two values."""
        columns = {name: f"c{i}" for i, name in enumerate(self.kinds) if self.kinds[name] == "DOUBLE"}
        columns = {name: column for name, column in columns.items() if types[name] != "DOUBLE"}
        if not columns:
            return
        largest = self.ask(f"SELECT {', '.join(f'max(abs({column}))' for column in columns.values())} FROM rows")[0]
        for (name, column), most in zip(columns.items(), largest, strict=True):
            if most is None or most <= EXACT:
                continue
            whole = marks.whole(f"given.{column}") if types[name] == "VARCHAR" else f"given.{column}"
            found = self.ask(
                f"SELECT min({whole})::VARCHAR, max({whole})::VARCHAR FROM given POSITIONAL JOIN rows "
                f"WHERE abs(rows.{column}) >= {EXACT!r} GROUP BY rows.{column} HAVING count(DISTINCT {whole}) > 1 "
                f"ORDER BY abs(rows.{column}) LIMIT 1"
            )
            if found:
                both = f"{quoted(found[0][0])} and {quoted(found[0][1])} are read as one number"
                yield name, f"{both}, for float64 is exact up to 2^53 alone"

    def reading(self, marks: Marks, numbers: list[str], found: list[times.Times]) -> Reading:
        # A table with types has no separator and no encoding: the settings may have them for new rows.
        told = self.source if isinstance(self.source, Text) else self.settings
        order = next((moments.order for moments in found if moments.order), self.settings.date_order)
        fields = {
            "separator": told.separator,
            "decimal": marks.decimal,
            "thousands": marks.thousands,
            "encoding": told.encoding,
            "date_order": order,
            "missing": self.settings.missing,
            "numbers": numbers,
            "times": found[0].zone if found else None,
        }
        return Reading.model_validate({name: None if value == AUTO else value for name, value in fields.items()})


def closer(value: str, marks: Marks, expected: str, remedy: str) -> tuple[str, str]:
    """Return what is expected in place of a text that is no number, and the way out that helps with this one."""
    if re.fullmatch(figures.pattern(marks.decimal or figures.POINT, marks.thousands or NONE), value):
        return "a number of at most 1.8e308 in size, which float64 has", f"correct it, or list it in {KEY}.missing"
    if SIGNED.search(value):
        remedy = (
            f"write it as digits alone, with a minus if it is negative and without %, currency or unit; or {remedy}"
        )
    return expected, remedy
