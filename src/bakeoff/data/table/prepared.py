"""The columns of a file become features, target and split, in order: as queries, which hold no rows in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
from duckdb import DuckDBPyConnection

from bakeoff.data.examples import SPLITS
from bakeoff.data.portion import portion
from bakeoff.data.table import table
from bakeoff.data.table.canonical import canonical
from bakeoff.data.table.canonical import quote as literal
from bakeoff.data.table.faults import quoted
from bakeoff.data.table.reading import Reading
from bakeoff.data.table.rejects import Kind
from bakeoff.data.table.settings import TableSettings
from bakeoff.data.table.split import RULES
from bakeoff.data.table.table import MISSING, SPLIT, TARGET

LABELS = 256  # the number of values of a byte
BATCH = 1 << 16  # rows
FIGURE = "[+-]?[0-9]{1,15}([.,][0-9]{0,6})?"  # numbers that no two of become one float64
SUSPECTS = ("na", "n/a", "#n/a", "nan", "null", "none", "nil", "?", "-", "--", ".")  # in lower case


@dataclass(frozen=True)
class Prepared:
    """A table on its way.

    Attributes:
        rows: a database whose table `rows` holds the columns of the file that the settings name.
        kinds: of these columns by their names; the first is c0, the second c1, …
        place: where in the file a row is, in the user's terms.
        reading: how its texts were read.
        remarks: what was read otherwise than it is written.
        whole: the number of rows of the source, where the settings take a part of them.
    """

    rows: DuckDBPyConnection
    settings: TableSettings
    kinds: Mapping[str, Kind]
    place: Callable[[int], str]
    reading: Reading
    remarks: list[str]
    whole: int | None = None

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self.rows.execute(query).fetchall()

    def cut(self) -> Self:
        """Delete all rows but the first ones in order, as many as the settings take, and return the table of these."""
        take, total = self.settings.take, self.ask("SELECT count(*) FROM rows")[0][0]
        if take is None or take >= total:
            return self
        first = f"SELECT rowid FROM rows ORDER BY {self.sorted('rowid')} LIMIT {take}"
        self.rows.execute(f"DELETE FROM rows WHERE rowid NOT IN ({first})")
        remark = f"data.table.take: {portion(take, 'rows', total)}"
        return replace(self, whole=total, remarks=[*self.remarks, remark])

    @property
    def absent(self) -> list[str]:
        """Classes that no training row has."""
        return [name for name in self.classes if name not in self.counts["train"]]

    @property
    def more(self) -> str:
        """The way out, after others, of a fault that more rows may mend; empty if all rows are taken."""
        return "" if self.whole is None else ", or raise data.table.take"

    def sorted(self, last: str) -> str:
        """Return what rows are sorted by: numbers by size, then text by code point; at last by a column."""
        there = [name for name in self.settings.order if name in self.kinds]
        return ", ".join([*(key for name in there for key in self.keys(name)), last])

    def column(self, name: str) -> str:
        return f"c{list(self.kinds).index(name)}"

    @property
    def target(self) -> str:
        return self.column(self.settings.target.column)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names in the order of their labels; the values of the target, by code point, where the settings list none.

        One more than LABELS if there are too many.
        """
        target = self.settings.target
        if target.above is not None:
            event = f"{target.column} > {target.above:g}"
            return f"not {event}", event
        if target.classes is not None:
            return tuple(self.listed(name) for name in target.classes)
        column = self.target
        found = f"SELECT DISTINCT {column} FROM rows WHERE {column} IS NOT NULL ORDER BY {column} LIMIT {LABELS + 1}"
        return tuple(value for (value,) in self.ask(found))

    def listed(self, name: str) -> str:
        """A class of `target.classes` in its canonical form; what is listed as missing stays as it is."""
        number = self.settings.target.column in self.reading.numbers
        return canonical(name, number=number, missing=(), decimal=self.reading.decimal or ".") or name

    @cached_property
    def cases(self) -> list[str]:
        """Categories and groups of which some values differ in case alone or are one number, each with an example."""
        names = [*self.settings.categorical, *([self.settings.split.column] if self.settings.split.column else [])]
        found = []
        for name in dict.fromkeys(name for name in names if self.kinds[name] == "VARCHAR"):
            column = self.column(name)
            pairs = self.ask(
                f"SELECT min({column}), max({column}) FROM (SELECT DISTINCT {column} FROM rows) "
                f"GROUP BY {alike(column)} HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
            )
            if pairs and pairs[0][0] is not None:
                found.append(f"column '{name}': {quoted(pairs[0][0])} and {quoted(pairs[0][1])} are two values")
        return found

    @cached_property
    def suspects(self) -> list[str]:
        """Categories, classes and groups that are called as missing values often are."""
        target, split = self.settings.target, self.settings.split
        names = [*self.settings.categorical, *([target.column] if target.above is None else []), split.column]
        words = ", ".join(map(literal, SUSPECTS))
        found = []
        for name in dict.fromkeys(name for name in names if name and self.kinds[name] == "VARCHAR"):
            column = self.column(name)
            if values := self.ask(f"SELECT DISTINCT {column} FROM rows WHERE lower({column}) IN ({words}) ORDER BY 1"):
                told = ", ".join(quoted(value) for (value,) in values)
                found.append(
                    f"column '{name}' has the value {told}; if it is missing, list it in data.table.csv.missing"
                )
        return found

    @cached_property
    def kept(self) -> str:
        """Query of the rows that have a target: columns, `row`, `label`, and what the split looks at."""
        target, split = self.settings.target, self.settings.split
        label = f"{self.target} > {target.above!r}"
        if target.above is None:
            label = f"list_position([{', '.join(map(literal, self.classes))}], {self.target}) - 1"
        team = f"{self.column(split.column)}::VARCHAR" if split.column else "NULL"
        moment = self.column(self.settings.time) if self.settings.time and split.by == "time" else "NULL"
        return (
            f"SELECT *, rowid AS row, ({label})::UTINYINT AS label, {team} AS team, {moment} AS moment FROM rows "
            f"WHERE {self.target} IS NOT NULL"
        )

    @cached_property
    def parts(self) -> str:
        """Query of the same rows with their `split`."""
        self.rows.execute(f"CREATE OR REPLACE VIEW kept AS {self.kept}")
        return RULES[self.settings.split.by](self.rows, self.settings.split)

    @cached_property
    def counts(self) -> dict[str, dict[str, int]]:
        """Rows of each class in each part; classes without rows are left out."""
        counts: dict[str, dict[str, int]] = {part: {} for part in SPLITS}
        query = f"SELECT split, label, count(*) FROM ({self.parts}) GROUP BY ALL ORDER BY ALL"
        for part, label, count in self.ask(query):
            counts[part][self.classes[label]] = count
        return counts

    @cached_property
    def constant(self) -> list[str]:
        """Features that are the same in every row."""
        same = "min({0}) IS NOT DISTINCT FROM max({0}) AND count({0}) IN (0, count(*))"  # a missing value is one too
        columns = ", ".join(same.format(self.column(name)) for name in self.settings.features)
        found = self.ask(f"SELECT {columns} FROM ({self.kept})")[0]
        return [name for name, is_so in zip(self.settings.features, found, strict=True) if is_so]

    @cached_property
    def gaps(self) -> dict[str, str]:
        """The word for a missing category, of the columns where MISSING is a category itself."""

        def taken(column: str) -> frozenset[str]:
            of_the_form = f"SELECT DISTINCT {column} FROM rows WHERE regexp_full_match({column}, '[(]*{MISSING}[)]*')"
            return frozenset(value for (value,) in self.ask(of_the_form))

        words = {name: table.free(MISSING, taken(self.column(name))) for name in self.settings.categorical}
        return {name: word for name, word in words.items() if word != MISSING}

    def summary(self) -> str:
        """Return a line with the numbers of rows, by class and part, and with all remarks."""
        total = self.ask("SELECT count(*) FROM rows")[0][0]
        parts = {part: sum(counts.values()) for part, counts in self.counts.items()}
        kept = sum(parts.values())
        lost = f", {total - kept:,} without {self.settings.target.column} dropped" if total > kept else ""
        of_class = {name: sum(counts.get(name, 0) for counts in self.counts.values()) for name in self.classes}
        shares = ", ".join(f"{name} {count / kept:.2%}" for name, count in list(of_class.items())[:8])
        same = f"; the same in every row: {', '.join(self.constant)}" if self.constant else ""
        absent = [f"no row of class {quoted(name)} is in train" for name in self.absent]
        remarks = "".join(f"; {remark}" for remark in (*absent, *self.remarks, *self.cases, *self.suspects))
        told = ", ".join(f"{part} {n:,}" for part, n in parts.items())
        return f"{total:,} rows{lost}; {shares}; {told}{same}{remarks}"

    def save(self, path: Path) -> None:
        """Write the table, sorted by the columns that `order` lists: numbers by size, then text by code point."""
        time = [self.settings.time] if self.settings.time else []
        columns = [
            *(self.column(name) for name in self.settings.numeric),
            *(
                f"coalesce({self.column(name)}, {literal(self.gaps.get(name, MISSING))})"
                for name in self.settings.categorical
            ),
            *map(self.column, time),
            "label",
            "split",
        ]
        query = f"SELECT {', '.join(columns)} FROM ({self.parts}) ORDER BY {self.sorted('row')}"
        batches = self.rows.sql(query).to_arrow_reader(BATCH)
        names = [*self.settings.features, *time, TARGET, SPLIT]
        schema = pa.schema([field.with_name(name) for field, name in zip(batches.schema, names, strict=True)])
        named = pa.RecordBatchReader.from_batches(schema, (batch.rename_columns(names) for batch in batches))
        table.save(named, self.classes, self.gaps, path, self.whole)

    def keys(self, name: str) -> tuple[str, ...]:
        """Return the SQL sort keys of a column."""
        column = self.column(name)
        number = (f"try_cast({column} AS DOUBLE) NULLS LAST",) if self.kinds[name] == "VARCHAR" else ()
        return (*number, f"{column} NULLS LAST")


def alike(column: str) -> str:
    """Return an SQL expression, the same for texts that differ in case alone, or are one number: 7, 7.0 and 07."""
    number = f"try_cast(replace({column}, ',', '.') AS DOUBLE)::VARCHAR"
    return f"CASE WHEN regexp_full_match({column}, {literal(FIGURE)}) THEN {number} ELSE lower({column}) END"
