"""Tables whose columns have types: Parquet files, and the data sets of the catalogue."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bakeoff.data.sources.find import Found
from bakeoff.data.table import adult, flights
from bakeoff.data.table.rejects import Kind
from bakeoff.settings import BadInput

READERS: dict[str, Callable[[Mapping[str, Path]], pd.DataFrame]] = {"nycflights13": flights.read, "adult": adult.read}
PARQUET = b"PAR1"  # its first bytes
BATCH = 1 << 16  # rows


@dataclass(frozen=True)
class Columns:
    """A table with types.

    Attributes:
        name: the user's file, or the data set.
        batches: the rows, a part at a time, of some of the columns.
    """

    name: str
    schema: pa.Schema
    batches: Callable[[list[str]], Iterable[pa.RecordBatch]]

    @property
    def header(self) -> tuple[str, ...]:
        return tuple(self.schema.names)

    def place(self, row: int) -> str:
        return f"row {row + 1}"

    def misfit(self, name: str, kind: Kind) -> str | None:
        """Why a column cannot be read as this kind."""
        found, types = self.schema.field(name).type, pa.types
        if (types.is_nested(found) and not types.is_dictionary(found)) or types.is_binary(found):
            return f"column '{name}' is {found}; only numbers, text and times are read: write it as one of them"
        if kind == "DOUBLE" and not (types.is_integer(found) or types.is_floating(found) or types.is_decimal(found)):
            return f"column '{name}' is {found}, and should be numbers; is it categorical?"
        text = types.is_string(found) or types.is_large_string(found)
        if kind == "TIMESTAMP" and not (types.is_temporal(found) or text):
            return f"column '{name}' is {found}, and should be times; write it as timestamps"
        return None


def typed(found: Found) -> bool:
    """Whether the source has types, or else is text.

    Raises:
        BadInput: it is a folder, or is called .parquet and is something else.
    """
    if found.reader:
        return True
    path = found.files["data"]
    if path.is_dir():
        raise BadInput(f"{found.name}: is a folder; name a file in it: a table is one file")
    with path.open("rb") as file:
        start = file.read(len(PARQUET))
    if start != PARQUET and path.suffix == ".parquet":
        raise BadInput(f"{found.name}: begins with {start!r}, and so is no Parquet; name a text table .csv or .tsv")
    return start == PARQUET


def read(found: Found) -> Columns:
    """A data set of the catalogue, or a Parquet file.

    Raises:
        BadInput: the Parquet file is damaged.
    """
    if found.reader:
        table = pa.Table.from_pandas(READERS[found.reader](found.files), preserve_index=False)
        return Columns(found.name, table.schema, lambda names: table.select(names).to_batches(BATCH))
    try:
        file = pq.ParquetFile(found.files["data"])
    except (OSError, pa.ArrowException) as error:
        raise damaged(found.name, error) from None

    def batches(names: list[str]) -> Iterable[pa.RecordBatch]:
        return (batch.select(names) for batch in file.iter_batches(BATCH, columns=names))

    return Columns(found.name, file.schema_arrow, batches)


def damaged(name: str, error: Exception) -> BadInput:
    return BadInput(f"{name}: is a damaged Parquet file: {' '.join(str(error).split())}; write it again")
