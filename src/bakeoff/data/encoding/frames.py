"""Columns of a pandas DataFrame as the encoder takes them: numbers as float64, categories in their canonical form.

The types are those of a Parquet file: a column of numbers has numbers, and no texts that look like numbers.
"""

from collections.abc import Iterable
from decimal import Decimal
from numbers import Real

import numpy as np
import pandas as pd
import pyarrow as pa

from bakeoff.data.encoding.encoder import Unfit
from bakeoff.data.table.canonical import canonical
from bakeoff.data.table.faults import quoted
from bakeoff.data.table.reading import Reading


def numbers(values: pd.Series) -> pa.Array:
    """Return a column of float64, null where a value is missing. An integer above 2^53 becomes the nearest float64.

    Raises:
        Unfit: a value is no number, or infinite.
    """
    kind = values.dtype
    if pd.api.types.is_any_real_numeric_dtype(kind):
        found = values.to_numpy(np.float64, na_value=np.nan)
    else:
        if len(words := [row for row, value in enumerate(values) if isinstance(value, str)]):
            row = next((row for row in words if not figures(values.iloc[row])), words[0])
            raise Unfit(row, f"invalid value {shown(values.iloc[row])} in column '{values.name}': expected a number")
        found = np.array([number(value, values.name, row) for row, value in enumerate(values)], np.float64)
    if len(bad := np.flatnonzero(np.isinf(found))):
        raise Unfit(
            bad[0],
            f"invalid value {found[bad[0]]:g} in column '{values.name}': expected a finite number; correct the row",
        )
    return pa.array(found, pa.float64(), from_pandas=True)


def figures(text: str) -> bool:
    """Return whether a text looks like a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def number(value: object, name: object, row: int) -> float:
    """Return the float64 nearest to a number, NaN if it is missing.

    Raises:
        Unfit: the value is no number.
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return np.nan
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real | Decimal):
        raise Unfit(row, f"invalid value {shown(value)} in column '{name}': expected a number")
    try:
        return float(value)
    except OverflowError:  # an integer beyond 10^308
        return np.inf


def categories(values: pd.Series, reading: Reading) -> pa.Array:
    """Return a column of canonical texts, null where a value is missing.

    Raises:
        Unfit: a value is of a type that no category has.
    """
    kind = values.dtype
    plain: Iterable[object] = values.astype(object) if isinstance(kind, pd.CategoricalDtype) else values
    if str(kind).lower().startswith(("float16", "float32", "half", "float[")):  # whose 0.1 is no float64's 0.1
        plain = values.to_numpy(np.float32, na_value=np.nan)
    numeric = str(values.name) in reading.numbers
    found: dict[tuple[type, object], str | None] = {}  # 1, 1.0 and True are equal, and are not of one type
    texts = []
    for row, value in enumerate(plain):
        try:
            key = type(value), value
            if key not in found:
                found[key] = canonical(value, number=numeric, missing=reading.missing, decimal=reading.decimal or ".")
            texts.append(found[key])
        except TypeError:
            raise Unfit(
                row,
                f"invalid value {shown(value)} in column '{values.name}': expected text, number, bool, date or time",
            ) from None
    return pa.array(texts, pa.string())


def shown(value: object) -> str:
    """Return a value as messages quote it."""
    if isinstance(value, str):
        return quoted(value)
    return str(value) if isinstance(value, bool | np.bool_) else f"{quoted(str(value))} ({type(value).__name__})"
