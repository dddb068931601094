"""The table that is learned from: features, target and split of every row, in one Parquet file of equal bytes.

Numbers are float64, and null where they are missing; categories are text, `missing` where they are.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bakeoff.settings import BadInput

# Columns of every table, beside its features.
TARGET, SPLIT = "target", "split"

MISSING = "missing"
GROUP = 1 << 17  # rows of a row group
CLASSES = b"classes"  # the key in the schema's metadata: names in the order of the labels, as JSON
AGAIN = "make it again with `dvc repro ingest_table`"


def save(batches: pa.RecordBatchReader, classes: Sequence[str], path: Path) -> None:
    """Write rows as they come, in row groups of one size: how they are cut on the way leaves no trace."""
    schema = batches.schema.with_metadata({CLASSES: json.dumps(list(classes), ensure_ascii=False)})
    with pq.ParquetWriter(path, schema) as writer:
        for group in regrouped(batches, GROUP):
            writer.write_table(group.replace_schema_metadata(schema.metadata), row_group_size=GROUP)


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
        raise BadInput(f"{path}: {' '.join(str(error).split())}; {AGAIN}") from None


def classes(path: Path) -> tuple[str, ...]:
    """Names of the classes that the target's labels index.

    Raises:
        BadInput: the file is damaged, or was made by something else.
    """
    try:
        return tuple(json.loads(pq.read_schema(path).metadata[CLASSES]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadInput(f"{path}: names no classes ({' '.join(str(error).split())}); {AGAIN}") from None
