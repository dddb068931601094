"""The rows of one table, from text or typed columns, in a database that lies on disk and leaves when the work ends.

It sorts, counts and joins in bounded memory whatever the number of rows. Columns go by place, c0, c1, …: names of the
user's never meet SQL. `rowid` is the order of the file, from 0.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from bakeoff.data.table import rejects
from bakeoff.data.table.columns import Columns, damaged
from bakeoff.data.table.delimited import Text
from bakeoff.data.table.faults import quoted
from bakeoff.data.table.rejects import WRONG, Kind, Reject

MEMORY = "1GB"  # beyond it the database writes to disk
REJECTS = 100_000  # of a file that are counted; a file may have as many as rows


@contextmanager
def opened() -> Iterator[tuple[DuckDBPyConnection, Path]]:
    """An empty database, and the folder that it may fill."""
    with tempfile.TemporaryDirectory(prefix="bakeoff-") as name:
        folder = Path(name)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "temp_directory": str(folder / "spilled"),
            "autoinstall_known_extensions": "false",  # nothing comes from the network
            "autoload_known_extensions": "false",
        }
        with duckdb.connect(folder / "rows.duckdb", config=config) as rows:
            rows.execute("SET TimeZone = 'UTC'")  # in which moments are told, wherever the machine stands
            yield rows, folder


def take_text(rows: DuckDBPyConnection, text: Text, kinds: Mapping[str, Kind]) -> list[str]:
    """Fill `rows` with columns of a text table.

    Args:
        kinds: of the columns to take, which are in the header.

    Returns:
        The faults: lines with too few or too many fields or broken quotes, and values of another kind.
    """
    found = [text.header.index(name) for name in kinds]
    read_as = dict.fromkeys(range(len(text.header)), "VARCHAR") | dict(zip(found, kinds.values(), strict=True))
    options = {
        "columns": "{" + ", ".join(f"f{i}: {literal(kind)}" for i, kind in read_as.items()) + "}",
        "delim": literal(text.separator),
        "decimal_separator": literal(text.decimal),
        "nullstr": "[" + ", ".join(map(literal, ("", *text.missing))) + "]",
        "quote": "'\"'",
        "escape": "'\"'",
        "new_line": "'\\n'",
        "header": "true",
        "auto_detect": "false",
        "store_rejects": "true",
        "rejects_limit": str(REJECTS),
    }
    columns = ", ".join(f"f{place} AS c{i}" for i, place in enumerate(found))
    source = f"read_csv({literal(str(text.copy))}, {', '.join(f'{key} = {value}' for key, value in options.items())})"
    rejected = fill_from_text(rows, f"SELECT {columns} FROM {source}")
    if rejected:  # once more with one thread: which faults are the first may not hang on the number of cores
        rows.execute("SET threads = 1")
        rejected = fill_from_text(rows, f"SELECT {columns} FROM {source}")
        rows.execute("RESET threads")
    more = f"only the first {REJECTS:,} such faults were counted; mend these first"
    return rejects.faults(rejected, text, kinds) + ([more] if len(rejected) >= REJECTS else [])


def fill_from_text(rows: DuckDBPyConnection, query: str) -> list[Reject]:
    """Fill `rows`, and give what was rejected, in the order of the file."""
    rows.execute(f"CREATE OR REPLACE TABLE rows AS {query}")
    # Where a quote spans blocks of the reader, its place is right and that of its line is not.
    rejected = rows.execute("""
        SELECT error_type::VARCHAR, if(error_type = 'UNQUOTED VALUE', byte_position, line_byte_position), column_idx,
            error_message FROM reject_errors
    """).fetchall()
    rows.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
    return sorted((Reject(*values) for values in rejected), key=lambda reject: (reject.offset, reject.column))


def take_columns(rows: DuckDBPyConnection, table: Columns, kinds: Mapping[str, Kind]) -> list[str]:
    """Fill `rows` with typed columns; NaN is a missing number.

    Returns:
        The faults: columns of another kind.

    Raises:
        BadInput: the file is damaged.
    """
    misfits = [misfit for name, kind in kinds.items() if (misfit := table.misfit(name, kind))]
    if misfits:
        return misfits
    names = [f"c{i}" for i in range(len(kinds))]
    schema = pa.schema([table.schema.field(name).with_name(c) for name, c in zip(kinds, names, strict=True)])
    renamed = (batch.rename_columns(names) for batch in table.batches(list(kinds)))
    columns = (
        f"nullif({name}::DOUBLE, 'nan'::DOUBLE) AS {name}" if kind == "DOUBLE" else f"{name}::{kind} AS {name}"
        for name, kind in zip(names, kinds.values(), strict=True)
    )
    rows.register("given", pa.RecordBatchReader.from_batches(schema, renamed))
    try:
        rows.execute(f"CREATE TABLE rows AS SELECT {', '.join(columns)} FROM given")
    except duckdb.ConversionException as error:  # of text to times, which alone can fail
        what, remedy = WRONG["TIMESTAMP"]
        name = next(name for name, kind in kinds.items() if kind == "TIMESTAMP")
        value = str(error).split('"')[1]
        return [f"column '{name}' holds {what}: {quoted(value)}; {remedy}"]
    except (OSError, pa.ArrowException, duckdb.InvalidInputException) as error:
        raise damaged(table.name, error) from None
    return []


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
