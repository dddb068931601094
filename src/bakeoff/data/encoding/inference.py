"""New rows, encoded as the training rows were."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from bakeoff import settings
from bakeoff.data import npz
from bakeoff.data.encoding.encoder import Encoder, Unfit
from bakeoff.data.table import database, delimited, values
from bakeoff.data.table.faults import refused
from bakeoff.data.table.rejects import Kind
from bakeoff.data.table.settings import CsvSettings
from bakeoff.provenance import PARTIAL
from bakeoff.settings import BadInput, hint


def encode_file(encoder: Path, rows: Path, to: Path) -> str:
    """Write `x`, (N, D) float32, and the names of its `columns` to an .npz file; returns a line that says so.

    Args:
        encoder: encoder.json, as the stage left it.
        rows: a text table of the dialect that `data.table.csv` in params.yaml says.

    Raises:
        BadInput: as `Encoder.load`, `read_rows` and `encode_rows` say; or the file cannot be written.
    """
    fitted = Encoder.load(encoder)
    dialect = settings.validate(settings.load(), "data.table.csv", CsvSettings)
    x, others = encode_rows(fitted, read_rows(fitted, rows, dialect), str(rows))
    written = to.with_name(f"{PARTIAL}{to.name}")
    try:
        npz.save(written, {"x": x, "columns": np.array(fitted.columns)})
        written.replace(to)
    except OSError as error:
        raise BadInput(f"{to}: {error.strerror}; name a file in a folder that is there") from None
    grouped = ", ".join(f"{name} {n:,}" for name, n in others.items() if n)
    return f"{to}: {len(x):,} rows of {x.shape[1]:,} columns" + (f"; rare or unseen: {grouped}" if grouped else "")


def read_rows(encoder: Encoder, path: Path, settings: CsvSettings) -> pd.DataFrame:
    """Rows of a text table, read as ingest_table reads one; categories stay the text they are.

    Raises:
        BadInput: names all lines and values that cannot be read.
    """
    wanted: dict[str, Kind] = dict.fromkeys(encoder.numeric, "DOUBLE")
    wanted |= dict.fromkeys(encoder.categories, "VARCHAR")
    with database.opened() as (rows, folder):
        text = delimited.read(path, folder / "copy.csv", str(path), wanted, settings, lambda _: None)
        there = {name: kind for name, kind in wanted.items() if name in text.header}
        taken = values.take(rows, text, there, settings, None)
        if isinstance(taken, list):
            raise refused(str(path), taken)
        frame: pd.DataFrame = rows.sql("SELECT * FROM rows ORDER BY rowid").df()
    return frame.set_axis(list(there), axis="columns")


def encode_rows(
    encoder: Encoder, frame: pd.DataFrame, place: str = "rows"
) -> tuple[NDArray[np.float32], dict[str, int]]:
    """(N, D), and for each one-hot category how many rows fell into `other`. Columns of other names are not looked at.

    Args:
        frame: N rows; numbers as numbers, categories as text or whole numbers.
        place: how messages begin; a file's name.

    Raises:
        BadInput: all that is wrong with the columns, or the first row that the encoder refuses.
    """
    known = list(map(str, frame))
    problems = [
        *(
            f"no column '{name}'{hint(name, known)}"
            for name in (*encoder.numeric, *encoder.categories)
            if name not in frame
        ),
        *(problem for name in encoder.numeric if name in frame and (problem := not_numbers(frame[name]))),
        *(problem for name in encoder.categories if name in frame and (problem := not_text(frame[name]))),
    ]
    if problems:
        raise BadInput(f"{place}: {'; '.join(problems)}")
    numbers = {name: pa.array(frame[name], pa.float64(), from_pandas=True) for name in encoder.numeric}
    texts = {name: pa.array(frame[name].astype("str"), from_pandas=True) for name in encoder.categories}
    batch = pa.record_batch(numbers | texts)
    try:
        encoded, codes = encoder.transform(batch), encoder.codes(batch)
    except Unfit as error:
        raise BadInput(f"{place}: row {error.row + 1}: {error}") from None
    last = {name: len(category.known) for name, category in encoder.one_hot.items()}
    return encoded, {name: int((codes[:, column] == last[name]).sum()) for column, name in enumerate(last)}


def not_numbers(values: pd.Series) -> str | None:
    """What is wrong with a column that should hold numbers."""
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return None
    words = np.flatnonzero(values.notna() & pd.to_numeric(values, errors="coerce").isna())
    row = int(words[0]) if len(words) else 0
    return f"row {row + 1}: '{values.name}' is {values.astype(object).iloc[row]!r}, and should be a number"


def not_text(values: pd.Series) -> str | None:
    """What is wrong with a column that should hold categories. Floats are refused: 1 and 1.0 are two texts."""
    if pd.api.types.is_string_dtype(values) or pd.api.types.is_integer_dtype(values) or not values.notna().any():
        return None
    return f"'{values.name}' is {values.dtype}, and should be text; read it as text, as it stands in the file"
