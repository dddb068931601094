"""The table that is learned from: features, target and split of every row, in one Parquet file of equal bytes.

Numbers are float64, and null where they are missing; categories are text, `missing` where they are. A column with a
category of that very name has `(missing)` if there is none; the file's metadata says which columns these are.
"""

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bakeoff.base.settings import BadInput
from bakeoff.data.remedy import again

# Columns of every table, beside its features.
TARGET, SPLIT = "target", "split"

MISSING = "missing"
GROUP = 1 << 17  # rows of a row group
# Keys in the schema's metadata, whose values are JSON.
CLASSES = b"classes"  # names in the order of the labels
WHOLE = b"whole"  # rows of the source, where the table has a part of them
GAPS = b"gaps"  # by column, the word for a missing category where it is not MISSING; absent where it is nowhere another


def save(
    batches: pa.RecordBatchReader, classes: Sequence[str], gaps: Mapping[str, str], path: Path, whole: int | None = None
) -> None:
    """Write rows as they come, in row groups of one size: how they are cut on the way leaves no trace.

    Args:
        gaps: by column, the word for a missing category where it is not MISSING.
        whole: rows of the source, where these are a part of them.
    """
    told: dict[bytes, object] = {CLASSES: list(classes)}
    told |= {GAPS: dict(gaps)} if gaps else {}
    told |= {WHOLE: whole} if whole is not None else {}
    metadata = {key: json.dumps(value, ensure_ascii=False) for key, value in told.items()}
    schema = batches.schema.with_metadata(metadata)
    with pq.ParquetWriter(path, schema) as writer:
        for group in regrouped(batches, GROUP):
            writer.write_table(group.replace_schema_metadata(schema.metadata), row_group_size=GROUP)


def free(word: str, taken: Container[str]) -> str:
    """Return the word, in parentheses where a category has that name."""
    while word in taken:
        word = f"({word})"
    return word


def regrouped(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of so many each, the last one shorter."""
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        waiting.append(batch)
        held += len(batch)
        while held >= rows:
            table = pa.Table.from_batches(waiting)
            yield table.slice(0, rows)
            waiting, held = table.slice(rows).to_batches(), held - rows
    if held:
        yield pa.Table.from_batches(waiting)


def load(path: Path) -> pd.DataFrame:
    """The table.

    Raises:
        BadInput: the file is damaged.
    """
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: {' '.join(str(error).split())}; {again('ingest', path)}") from None


def classes(path: Path) -> tuple[str, ...]:
    """Names of the classes that the target's labels index.

    Raises:
        BadInput: the file is damaged, or was made by something else.
    """
    try:
        return tuple(json.loads(pq.read_schema(path).metadata[CLASSES]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadInput(f"{path}: names no classes ({' '.join(str(error).split())}); {again('ingest', path)}") from None


def whole(path: Path) -> int | None:
    """Return the number of rows of the source, where the table has a part of them."""
    found: int | None = json.loads(pq.read_schema(path).metadata.get(WHOLE, "null"))
    return found


def gaps(schema: pa.Schema) -> dict[str, str]:
    """Return, by column, the word for a missing category where it is not MISSING."""
    words: dict[str, str] = json.loads((schema.metadata or {}).get(GAPS, "{}"))
    return words
