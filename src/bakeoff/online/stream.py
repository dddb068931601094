"""A table as a stream: its rows in the order of the file, encoded by an encoder that is fitted to the first ones.

N rows; M numbers, C categories.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.encoder import Encoder, Unfit
from bakeoff.data.encoding.fit import fit
from bakeoff.data.encoding.rows import Rows as TableRows
from bakeoff.data.encoding.rows import labels, part, with_nulls
from bakeoff.data.encoding.settings import EncodingSettings
from bakeoff.data.examples import SPLITS
from bakeoff.data.remedy import again
from bakeoff.data.table.reading import Reading
from bakeoff.data.table.settings import TableSettings
from bakeoff.data.table.table import SPLIT, TARGET, classes, gaps, regrouped
from bakeoff.online.kernels import Rows

CHUNK = 1 << 15  # rows that are encoded at once, in whole pieces
FEWEST = 8  # pieces of a stream


def rows(path: Path) -> int:
    """Return the number of rows of table.parquet."""
    return int(pq.read_metadata(path).num_rows)


@dataclass(frozen=True)
class Past(TableRows):
    """A table whose training rows are its first ones, whatever split it has: an encoder is fitted to the past alone.

    Attributes:
        bounds: rows before the end of training, and before the end of validation; the rest counts as test.
    """

    bounds: tuple[int, int]

    def batches(self, columns: Sequence[str], split: str | None) -> Iterator[pa.RecordBatch]:
        start = 0
        for batch in super().batches(columns, None):
            if split == "train" and start >= self.bounds[0]:
                return  # of which a fit asks often
            place = np.searchsorted(self.bounds, np.arange(start, start + len(batch)), side="right")
            start += len(batch)
            parts = pa.array(np.array(SPLITS)[place], pa.string())
            batch = batch.set_column(batch.schema.get_field_index(SPLIT), SPLIT, parts)
            yield batch if split is None else part(batch, split)


@dataclass(frozen=True)
class Stream:
    """A table that goes by in pieces of `interval` rows; the last one may be shorter.

    Attributes:
        time: the column that says when; if there is none, the order of the file is that of time.
        warmup: pieces that the encoder was fitted to.
        pieces: all of them.
    """

    path: Path
    interval: int
    encoder: Encoder
    classes: tuple[str, ...]
    time: str | None
    warmup: int
    pieces: int

    @classmethod
    def of(
        cls,
        path: Path,
        table: TableSettings,
        encoding: EncodingSettings,
        reading: Reading,
        warmup: float,
        interval: int,
    ) -> "Stream":
        """The stream of table.parquet.

        Args:
            warmup: the share of the rows to which the encoder is fitted.

        Raises:
            BadInput: it has too few rows; or as the encoder's fit says.
        """
        count = rows(path)
        pieces = -(-count // interval)
        first = max(1, round(warmup * pieces))
        if pieces < FEWEST or pieces - first < FEWEST // 2:
            raise BadInput(
                f"params.yaml: online.evaluation.interval is {interval:,}, which cuts the table's {count:,} rows into "
                f"{pieces} pieces, {first} of them for the warm-up; take a smaller one, for {FEWEST} pieces or more, "
                f"and a warm-up that leaves {FEWEST // 2}"
            )
        bounds = first * interval, (first * interval + count) // 2
        encoder, _ = fit(Past(path, table.numeric, table.categorical, lambda _: None, bounds), encoding, reading)
        return cls(path, interval, encoder, classes(path), table.time, first, pieces)

    def read(self, start: int, stop: int) -> Iterator[list[Rows]]:
        """The pieces from `start` to `stop`, some at a time.

        Raises:
            BadInput: the file is damaged, its rows are not in the order of time, or the encoder refuses one.
        """
        place = 0
        for batch in self.batches():
            pieces = -(-len(batch) // self.interval)
            if place + pieces > start:
                rows = self.encoded(batch)
                cuts = range(max(start - place, 0), min(stop - place, pieces))
                yield [rows.part(cut * self.interval, (cut + 1) * self.interval) for cut in cuts]
            place += pieces
            if place >= stop:
                return

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in pieces of equal size, except the last."""
        columns = [*self.encoder.numeric, *self.encoder.categories, TARGET, *([self.time] if self.time else [])]
        latest = None
        try:
            with pq.ParquetFile(self.path, pre_buffer=False) as file:
                words = gaps(file.schema_arrow)
                read = (
                    with_nulls(batch, tuple(self.encoder.categories), words)
                    for batch in file.iter_batches(CHUNK, columns=columns)
                )
                for table in regrouped(read, max(CHUNK // self.interval, 1) * self.interval):
                    if self.time:
                        times = pa.chunked_array([[latest], table[self.time].combine_chunks()], table[self.time].type)
                        latest = self.last(times)
                    yield table.combine_chunks().to_batches()[0]
        except (OSError, pa.ArrowException) as error:
            raise BadInput(f"{self.path}: {' '.join(str(error).split())}; {again('ingest', self.path)}") from None

    def last(self, times: pa.ChunkedArray) -> pa.Scalar:
        """The last of some moments, all in order.

        Raises:
            BadInput: they are not.
        """
        moments = times.drop_null().to_numpy()
        if (moments[1:] < moments[:-1]).any():
            raise BadInput(
                f"{self.path}: rows do not go forward in '{self.time}', and a stream does; set data.table.order to "
                f"[{self.time}] in params.yaml"
            )
        return times[-1]

    def encoded(self, batch: pa.RecordBatch) -> Rows:
        try:
            numbers, codes = self.encoder.numbers(batch), self.encoder.codes(batch)
        except Unfit as error:
            raise BadInput(f"{self.path}: {error}") from None
        return Rows(numbers, codes.astype(np.int64), labels(batch).astype(np.int64), np.ones(len(batch), np.bool_))
