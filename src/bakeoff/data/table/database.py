"""The rows of one table, from text or typed columns, in a database that lies on disk and leaves when the work ends.

It sorts, counts and joins in bounded memory whatever the number of rows. Columns go by place, c0, c1, …: names of the
user's never meet SQL. `rowid` is the order of the file, from 0.
"""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from bakeoff.data.table import rejects
from bakeoff.data.table.canonical import quote as literal
from bakeoff.data.table.canonical import trimmed
from bakeoff.data.table.columns import Columns, damaged
from bakeoff.data.table.delimited import Text
from bakeoff.data.table.rejects import Kind, Reject

MEMORY = "1GB"  # beyond it the database writes to disk
LONG = "LINE SIZE OVER MAXIMUM"  # the reader's error for a line of more than 2 MB
LONGEST = 128 << 20  # bytes of a line
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
            rows.execute("SET TimeZone = 'UTC'")  # so that times do not depend on the machine's time zone
            yield rows, folder


def load_text(
    rows: DuckDBPyConnection, text: Text, kinds: Mapping[str, Kind], missing: Collection[str]
) -> tuple[list[str], Text | None]:
    """Fill `given` with columns of a text table: c0, c1, …, trimmed, and NULL where a value is missing.

    Args:
        kinds: of the columns, which are in the header.

    Returns:
        The faults: lines with too few or too many fields or broken quotes; and the table without these lines. None
        where quotes are broken: what follows may be cut otherwise than the user means.
    """
    found = [text.header.index(name) for name in kinds]
    options = {
        "columns": "{" + ", ".join(f"f{i}: 'VARCHAR'" for i in range(len(text.header))) + "}",
        "delim": literal(text.separator),
        "quote": "'\"'",
        "escape": "'\"'",
        "new_line": "'\\n'",
        "header": "true",
        "auto_detect": "false",
        "store_rejects": "true",
        "rejects_limit": str(REJECTS),
    }
    columns = ", ".join(trimmed(f"f{place}", missing, sorted(text.marks)) for place in found)
    # To compress numbers and times takes longer than all else that is done with their texts, which leave soon.
    storage = {kind: "" if kind == "VARCHAR" else " USING COMPRESSION 'uncompressed'" for kind in kinds.values()}
    made = ", ".join(f"c{i} VARCHAR{storage[kind]}" for i, kind in enumerate(kinds.values()))

    def fill() -> list[Reject]:
        told = ", ".join(f"{key} = {value}" for key, value in options.items())
        return fill_from_text(rows, made, f"SELECT {columns} FROM read_csv({literal(str(text.copy))}, {told})")

    rejected = fill()
    if any(reject.error == LONG for reject in rejected):
        options["max_line_size"] = str(LONGEST)
        rejected = fill()
    if not rejected:  # what follows reads the whole file again
        return [], text
    # Once more with one thread: which faults are the first may not hang on the number of cores.
    rows.execute("SET threads = 1")
    rejected = fill()
    rows.execute("RESET threads")
    blank = text.blank({reject.offset for reject in rejected if reject.error in rejects.FIELDS})
    unblank = [reject for reject in rejected if reject.offset not in blank]
    more = f"only the first {REJECTS:,} such faults were counted; correct these first"
    faults = rejects.faults(unblank, text) + ([more] if len(rejected) >= REJECTS else [])
    if not all(reject.error in rejects.FIELDS for reject in rejected) or len(rejected) >= REJECTS:
        return faults, None
    return faults, replace(text, left_out=frozenset(text.lines({reject.offset for reject in rejected}).values()))


def fill_from_text(rows: DuckDBPyConnection, made: str, query: str) -> list[Reject]:
    """Fill `given`, and give what was rejected, in the order of the file."""
    rows.execute(f"CREATE OR REPLACE TABLE given ({made})")
    rows.execute(f"INSERT INTO given {query}")
    # Where a quote spans blocks of the reader, its place is right and that of its line is not.
    rejected = rows.execute("""
        SELECT error_type::VARCHAR, if(error_type = 'UNQUOTED VALUE', byte_position, line_byte_position), column_idx,
            error_message FROM reject_errors
    """).fetchall()
    rows.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
    return sorted((Reject(*values) for values in rejected), key=lambda reject: (reject.offset, reject.column))


def load_columns(
    rows: DuckDBPyConnection, table: Columns, kinds: Mapping[str, Kind], missing: Collection[str]
) -> list[str]:
    """Fill `given` with typed columns: c0, c1, …; texts as `load_text` leaves them.

    Returns:
        The faults: columns of another kind.

    Raises:
        BadInput: the file is damaged.
    """
    misfits = [misfit for name, kind in kinds.items() if (misfit := table.misfit(name, kind))]
    if misfits:
        return misfits
    reader = table.reader(kinds)
    texts = {field.name for field in reader.schema if pa.types.is_string(field.type)}
    columns = (f"{trimmed(name, missing)} AS {name}" if name in texts else name for name in reader.schema.names)
    rows.register("source", reader)
    try:
        rows.execute(f"CREATE OR REPLACE TABLE given AS SELECT {', '.join(columns)} FROM source")
    except (OSError, pa.ArrowException, duckdb.InvalidInputException) as error:
        raise damaged(table.name, error) from None
    finally:
        rows.unregister("source")
    return []
