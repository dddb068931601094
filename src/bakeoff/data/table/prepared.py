"""The columns of a file become features, target and split, in order: as queries, which hold no rows in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from bakeoff.data.examples import SPLITS
from bakeoff.data.table import table
from bakeoff.data.table.database import literal
from bakeoff.data.table.rejects import Kind
from bakeoff.data.table.settings import TableSettings
from bakeoff.data.table.split import RULES
from bakeoff.data.table.table import MISSING, SPLIT, TARGET

LABELS = 256  # that a byte tells apart
BATCH = 1 << 16  # rows


@dataclass(frozen=True)
class Prepared:
    """A table on its way.

    Attributes:
        rows: a database whose table `rows` holds the columns of the file that the settings name.
        kinds: of these columns by their names; the first is c0, the second c1, …
        place: where in the file a row is, in the user's terms.
    """

    rows: DuckDBPyConnection
    settings: TableSettings
    kinds: Mapping[str, Kind]
    place: Callable[[int], str]

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self.rows.execute(query).fetchall()

    def column(self, name: str) -> str:
        return f"c{list(self.kinds).index(name)}"

    @property
    def target(self) -> str:
        return self.column(self.settings.target.column)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names in the order of their labels; the values of the target, by code point, where the settings list none.

        One more than LABELS where there are too many.
        """
        target = self.settings.target
        if target.above is not None:
            event = f"{target.column} > {target.above:g}"
            return f"not {event}", event
        if target.classes is not None:
            return target.classes
        column = self.target
        found = f"SELECT DISTINCT {column} FROM rows WHERE {column} IS NOT NULL ORDER BY {column} LIMIT {LABELS + 1}"
        return tuple(value for (value,) in self.ask(found))

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

    def summary(self) -> str:
        """How many rows there are, of which classes and in which parts, and what to look at."""
        total = self.ask("SELECT count(*) FROM rows")[0][0]
        parts = {part: sum(counts.values()) for part, counts in self.counts.items()}
        kept = sum(parts.values())
        lost = f", {total - kept:,} without {self.settings.target.column} dropped" if total > kept else ""
        of_class = {name: sum(counts.get(name, 0) for counts in self.counts.values()) for name in self.classes}
        shares = ", ".join(f"{name} {count / kept:.2%}" for name, count in list(of_class.items())[:8])
        same = f"; the same in every row: {', '.join(self.constant)}" if self.constant else ""
        return f"{total:,} rows{lost}; {shares}; " + ", ".join(f"{part} {n:,}" for part, n in parts.items()) + same

    def save(self, path: Path) -> None:
        """Write the table, sorted by the columns that `order` lists: numbers by size, then text by code point."""
        time = [self.settings.time] if self.settings.time else []
        columns = [
            *(self.column(name) for name in self.settings.numeric),
            *(f"coalesce({self.column(name)}, '{MISSING}')" for name in self.settings.categorical),
            *map(self.column, time),
            "label",
            "split",
        ]
        keys = [key for name in self.settings.order for key in self.keys(name)]
        query = f"SELECT {', '.join(columns)} FROM ({self.parts}) ORDER BY {', '.join([*keys, 'row'])}"
        batches = self.rows.sql(query).to_arrow_reader(BATCH)
        names = [*self.settings.features, *time, TARGET, SPLIT]
        schema = pa.schema([field.with_name(name) for field, name in zip(batches.schema, names, strict=True)])
        named = pa.RecordBatchReader.from_batches(schema, (batch.rename_columns(names) for batch in batches))
        table.save(named, self.classes, path)

    def keys(self, name: str) -> tuple[str, ...]:
        """What a column is sorted by."""
        column = self.column(name)
        number = (f"try_cast({column} AS DOUBLE) NULLS LAST",) if self.kinds[name] == "VARCHAR" else ()
        return (*number, f"{column} NULLS LAST")
