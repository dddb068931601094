"""Rows of the table, read in batches of a fixed size: memory grows neither with the rows nor with the cores.

B rows of a batch.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.remedy import again
from bakeoff.data.table.table import MISSING, SPLIT, TARGET, gaps

BATCH = 65_536  # rows; sums are rounded batch by batch, so another number may give other last digits


@dataclass(frozen=True)
class Texts:
    """A column of categories.

    Attributes:
        distinct: the different values, in no particular order.
        index: (B,) which of them stands in each row; -1 if none does.
    """

    distinct: list[str]
    index: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """(len(distinct) + 1,) rows of each value, and last of none."""
        return np.bincount(self.index % (len(self.distinct) + 1), minlength=len(self.distinct) + 1)


@dataclass(frozen=True)
class Rows:
    """The features, target and split of a Parquet file.

    Attributes:
        advance: is called with 1 after every scan of one column or several; `scans` says how many there will be.

    Raises:
        BadInput: the file is damaged, or its columns are not what the names promise.
    """

    path: Path
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    advance: Callable[[int], object]

    def __post_init__(self) -> None:
        types = {field.name: field.type for field in self.schema}
        promised = {
            **dict.fromkeys(self.numeric, ("numbers", number)),
            **dict.fromkeys(self.categorical, ("text", text)),
            SPLIT: ("text", text),
            TARGET: ("uint8", pa.types.is_uint8),
        }
        problems = [
            f"'{name}' is {types[name]}, and should be {kind}" if name in types else f"no column '{name}'"
            for name, (kind, fits) in promised.items()
            if name not in types or not fits(types[name])
        ]
        if problems:
            raise self.refused("; ".join(problems))

    @cached_property
    def schema(self) -> pa.Schema:
        """The schema of the file.

        Raises:
            BadInput: the file is damaged.
        """
        try:
            return pq.read_schema(self.path)
        except (OSError, pa.ArrowException) as error:
            raise self.refused(error) from None

    def batches(self, columns: Sequence[str], split: str | None) -> Iterator[pa.RecordBatch]:
        """Some columns of the rows of one split, or of all rows; in the order of the file. A missing category is null.

        Raises:
            BadInput: the file is damaged.
        """
        wanted = dict.fromkeys([*columns, SPLIT])  # once each
        try:
            # Buffering ahead would keep every column chunk until the file is closed.
            with pq.ParquetFile(self.path, pre_buffer=False) as file:
                for batch in file.iter_batches(BATCH, columns=list(wanted)):
                    batch = with_nulls(batch, self.categorical, self.gaps)
                    yield batch if split is None else part(batch, split)
        except (OSError, pa.ArrowException) as error:
            raise self.refused(error) from None
        self.advance(1)

    @cached_property
    def gaps(self) -> dict[str, str]:
        return gaps(self.schema)

    def present(self, name: str) -> Iterator[NDArray[np.float64]]:
        """A number of the training rows, where it is not missing."""
        for batch in self.batches([name], "train"):
            values = numbers(batch, name)
            yield values[~np.isnan(values)]

    def refused(self, problem: object) -> BadInput:
        return BadInput(f"{self.path}: {' '.join(str(problem).split())}; {again('ingest', self.path)}")


def scans(numbers: int) -> int:
    """How many scans it takes to fit, describe and encode a table of so many numbers.

    One survey, one count of `other`, three arrays of three splits; of each number four for its quartiles, and five more
    once it is scaled.
    """
    return 1 + 1 + 3 * 3 + (4 + 5) * numbers


def part(batch: pa.RecordBatch, split: str) -> pa.RecordBatch:
    """The rows of one split."""
    return batch.filter(pc.equal(batch[SPLIT], split))


def with_nulls(batch: pa.RecordBatch, categorical: Sequence[str], gaps: Mapping[str, str]) -> pa.RecordBatch:
    """Return the same rows, with null for the word that stands for a missing category in the file."""
    for place, (name, column) in enumerate(zip(batch.schema.names, batch.columns, strict=True)):
        if name in categorical:
            if pa.types.is_dictionary(column.type):  # which may list values that no row of this batch has
                column = column.dictionary_decode()
            missing = pc.equal(column, pa.scalar(gaps.get(name, MISSING), column.type))
            batch = batch.set_column(place, name, pc.if_else(missing, pa.scalar(None, column.type), column))
    return batch


def number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def numbers(batch: pa.RecordBatch, name: str) -> NDArray[np.float64]:
    """(B,), NaN if a value is missing."""
    values: NDArray[np.float64] = pc.cast(batch[name], pa.float64()).to_numpy(zero_copy_only=False)
    return values


def texts(batch: pa.RecordBatch, name: str) -> Texts:
    """Return a column of text; null where a value is missing."""
    column = batch[name].dictionary_encode()
    index = pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False)
    return Texts(column.dictionary.to_pylist(), index.astype(np.int64))


def labels(batch: pa.RecordBatch) -> NDArray[np.uint8]:
    """(B,) classes."""
    values: NDArray[np.uint8] = batch[TARGET].to_numpy(zero_copy_only=False)
    return values
