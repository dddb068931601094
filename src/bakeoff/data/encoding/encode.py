"""The whole table through the encoder, batch by batch, into the file that trainings read."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.encoder import Encoder, Unfit
from bakeoff.data.encoding.rows import Rows, labels
from bakeoff.data.examples import TableSplit, save_table
from bakeoff.data.npz import Pieces
from bakeoff.data.table.table import TARGET

Encode = Callable[[pa.RecordBatch], NDArray[np.generic]]


def write(rows: Rows, encoder: Encoder, sizes: Mapping[str, int], classes: Sequence[str], path: Path) -> None:
    """Write encoded.npz. Each column is scanned once a split, for the arrays of the splits lie one behind the other.

    Args:
        sizes: rows of each split.

    Raises:
        BadInput: a row is refused.
    """

    def pieces(columns: Sequence[str], split: str, encode: Encode, dtype: DTypeLike, *width: int) -> Pieces:
        encoded = (encode(batch) for batch in rows.batches(columns, split))
        return Pieces((sizes[split], *width), dtype, encoded)

    splits = {
        split: TableSplit(
            numbers=pieces(rows.numeric, split, encoder.numbers, np.float32, len(encoder.numeric)),
            codes=pieces(rows.categorical, split, encoder.codes, encoder.code_type, len(encoder.categories)),
            y=pieces([TARGET], split, labels, np.uint8),
        )
        for split in sizes
    }
    try:
        save_table(splits, encoder.widths.tolist(), classes, path)
    except Unfit as error:
        raise BadInput(f"{rows.path}: {error}") from None
