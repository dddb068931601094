"""New rows, encoded as the training rows were: from a text table, a Parquet file, or a DataFrame."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from bakeoff.base import files
from bakeoff.base.settings import BadInput, hint
from bakeoff.data import npz
from bakeoff.data.encoding import frames
from bakeoff.data.encoding.categories import shown
from bakeoff.data.encoding.encoder import Encoder, Unfit
from bakeoff.data.encoding.rows import texts
from bakeoff.data.remedy import stage
from bakeoff.data.sources.find import Found
from bakeoff.data.table import columns, database, delimited, values
from bakeoff.data.table.columns import Columns
from bakeoff.data.table.delimited import Text
from bakeoff.data.table.faults import refuse, refused
from bakeoff.data.table.rejects import Kind

Place = Callable[[int], str]

FIT_BY = stage("encode", Path())


def encode_file(encoder: Path, rows: Path, to: Path) -> str:
    """Write `x`, (N, D) float32, and the names of its `columns` to an .npz file; returns a line that says so.

    Args:
        encoder: encoder.json, as the stage left it.
        rows: a text table, packed or not, or a Parquet file.

    Raises:
        BadInput: as `Encoder.load` and `encode_table_file` say; or the file cannot be written.
    """
    fitted = Encoder.load(encoder)
    x, others = encode_table_file(fitted, rows, stage("encode", encoder))
    try:
        files.replace(to, lambda written: npz.save(written, {"x": x, "columns": np.array(fitted.columns)}))
    except OSError as error:
        raise BadInput(f"{to}: {error.strerror}; name a file in a folder that is there") from None
    grouped = ", ".join(f"{name} {n:,}" for name, n in others.items() if n)
    return f"{to}: {len(x):,} rows of {x.shape[1]:,} columns" + (f"; rare or unseen: {grouped}" if grouped else "")


def encode_table_file(encoder: Encoder, path: Path, fit_by: str = FIT_BY) -> tuple[NDArray[np.float32], dict[str, int]]:
    """Return what `encode_rows` does, of the rows of a text table or a Parquet file.

    The texts are read as those of the training table were: with its separator, marks, encoding (where no byte-order
    mark tells another) and words for missing values, as the encoder stores them. What the training table did not tell
    is found by the same rules.

    Args:
        fit_by: the command that fits the encoder, for messages.

    Raises:
        BadInput: names all lines and values that cannot be read; or as `encode_rows` says.
    """
    with database.opened() as (rows, folder):
        table, place = read(encoder, path, rows, folder, fit_by)
        return encoded(encoder, table, str(path), place, fit_by)


def read(encoder: Encoder, path: Path, rows: DuckDBPyConnection, folder: Path, fit_by: str) -> tuple[pa.Table, Place]:
    """Return the columns of the encoder, float64 and canonical texts, and where in the file each row is.

    Args:
        rows: a database that may be filled.
        folder: where files may be written.

    Raises:
        BadInput: names all lines and values that cannot be read.
    """
    wanted: dict[str, Kind] = dict.fromkeys(encoder.numeric, "DOUBLE")
    wanted |= dict.fromkeys(encoder.categories, "VARCHAR")
    reading, found = encoder.reading, Found(str(path), None, {"data": path})
    source: Text | Columns
    try:
        path.open("rb").close()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}; name a file that can be read") from None
    if columns.typed(found):
        source = columns.read(found)
        fill(rows, source, wanted, encoder)
    else:
        try:
            source = delimited.read(path, folder / "copy.csv", found.name, wanted, reading.csv, lambda _: None)
            fill(rows, source, wanted, encoder)
        except BadInput as error:
            raise BadInput(
                f"{error} (new rows are {reading.line()}; so was the training table, and a change of data.table.csv "
                f"takes effect with {fit_by})"
            ) from None
    table = rows.sql("SELECT * FROM rows ORDER BY rowid").to_arrow_table()
    return table.rename_columns(list(wanted)), source.place


def fill(rows: DuckDBPyConnection, source: Text | Columns, wanted: Mapping[str, Kind], encoder: Encoder) -> None:
    """Fill the table `rows` with the columns c0, c1, … of the encoder.

    Raises:
        BadInput: names all lines and values that cannot be read.
    """
    refuse(source.name, misnamed(source.header, encoder))
    taken = values.take(rows, source, wanted, encoder.reading.csv, encoder.reading.numbers)
    if isinstance(taken, list):
        raise refused(source.name, taken)


def encode_rows(
    encoder: Encoder, frame: pd.DataFrame, place: str = "rows"
) -> tuple[NDArray[np.float32], dict[str, int]]:
    """Return (N, D), and for each one-hot category how many rows fell into `other`.

    Columns of other names are not looked at. Categories may be texts, numbers, bools, dates or times: they are brought
    to the same canonical form as those of a file.

    Args:
        frame: N rows.
        place: how messages begin; a file's name.

    Raises:
        BadInput: all that is wrong with the columns, or the first row that the encoder refuses; or a column has a
            larger share of values that no training row has than data.table.encoding.maximum_unseen allows.
    """
    problems = list(misnamed(list(frame), encoder))
    arrays: dict[str, pa.Array] = {}
    for name in (*encoder.numeric, *encoder.categories):
        if list(frame).count(name) == 1:
            try:
                if name in encoder.numeric:
                    arrays[name] = frames.numbers(frame[name])
                else:
                    arrays[name] = frames.categories(frame[name], encoder.reading)
            except Unfit as error:
                problems.append(f"{row_number(error.row)}: {error}")
    refuse(place, problems)
    return encoded(encoder, pa.table(arrays), place, row_number)


def row_number(row: int) -> str:
    return f"row {row + 1}"


def misnamed(header: Sequence[object], encoder: Encoder) -> Iterator[str]:
    """Yield the columns of the encoder that are missing, or more than once."""
    for name in (*encoder.numeric, *encoder.categories):
        if name not in header:
            yield f"no column '{name}'{hint(name, map(str, header))}"
        elif header.count(name) > 1:
            yield f"column '{name}' appears {header.count(name)} times; give each column a name of its own"


def encoded(
    encoder: Encoder, table: pa.Table, name: str, place: Place, fit_by: str = FIT_BY
) -> tuple[NDArray[np.float32], dict[str, int]]:
    """Return what `encode_rows` does, of float64 numbers and canonical texts.

    Args:
        place: where a row is, in the user's terms.
    """
    if not len(table):
        return np.empty((0, len(encoder.columns)), np.float32), dict.fromkeys(encoder.one_hot, 0)
    batch = table.combine_chunks().to_batches()[0]
    refuse(name, strangers(encoder, batch, fit_by))
    try:
        x, codes = encoder.transform(batch), encoder.codes(batch)
    except Unfit as error:
        raise BadInput(f"{name}: {place(error.row)}: {error}") from None
    others = {
        category: int((codes[:, column] == one_hot.other).sum())
        for column, (category, one_hot) in enumerate(encoder.one_hot.items())
    }
    return x, others


def strangers(encoder: Encoder, batch: pa.RecordBatch, fit_by: str) -> Iterator[str]:
    """Yield the columns with too large a share of values that no training row has."""
    if encoder.unseen == "refuse":  # which reports the first such row
        return
    for name, category in encoder.one_hot.items():
        found = texts(batch, name)
        unseen, counts = category.unseen(found)[:-1], found.counts[:-1]
        strange, present = int(counts[unseen].sum()), int(counts.sum())
        if strange > encoder.maximum_unseen * present:
            example = shown(found.distinct[int(np.flatnonzero(unseen)[0])])
            known = ", ".join(map(shown, category.known[:3]))
            yield (
                f"{strange:,} of {present:,} values of '{name}' are in no training row, like {example} (known are "
                f"{known}{', …' if len(category.known) > 3 else ''}), and data.table.encoding.maximum_unseen was "
                f"{encoder.maximum_unseen:g} at fit; correct them, or raise it and fit again with {fit_by}"
            )
