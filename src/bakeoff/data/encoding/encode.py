"""Numbers to a common scale and categories to one-hot columns, by statistics of the training rows alone.

N rows, D columns of the encoded table.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from bakeoff.data.encoding.settings import EncodingSettings
from bakeoff.data.examples import SPLITS, Examples, Split
from bakeoff.data.table.settings import TableSettings
from bakeoff.data.table.table import SPLIT, TARGET
from bakeoff.settings import BadInput

OTHER = "other"  # the column that rare and unseen categories share


@dataclass(frozen=True)
class Scale:
    """x -> (x - center) / width, after NaN -> missing.

    Attributes:
        missing: the mean of the training rows that have a value.
    """

    missing: float
    center: float
    width: float


@dataclass(frozen=True)
class Encoder:
    """What the training rows taught: a scale for each number, the known values of each category.

    Attributes:
        categories: known values in alphabetical order, without `other`, whose column comes after theirs.
    """

    numeric: dict[str, Scale]
    categories: dict[str, tuple[str, ...]]

    @property
    def columns(self) -> list[str]:
        """Names of the D columns: `temp`, `carrier=UA`, `carrier=other`."""
        one_hot = (f"{name}={value}" for name, known in self.categories.items() for value in (*known, OTHER))
        return [*self.numeric, *one_hot]

    def transform(self, rows: pd.DataFrame) -> NDArray[np.float32]:
        """(N, D): the scaled numbers, then for each category a 1 in the column of its value."""
        encoded = np.zeros((len(rows), len(self.columns)), np.float32)
        for column, (name, scale) in enumerate(self.numeric.items()):
            encoded[:, column] = (rows[name].fillna(scale.missing) - scale.center) / scale.width
        start = len(self.numeric)
        for name, known in self.categories.items():
            codes = pd.Index(known).get_indexer(pd.Index(rows[name]))
            encoded[np.arange(len(rows)), start + np.where(codes < 0, len(known), codes)] = 1
            start += len(known) + 1
        return encoded

    def inverse_transform(self, encoded: NDArray[np.float32]) -> pd.DataFrame:
        """Numbers to float32's precision; known categories exactly, all others as `other`."""
        decoded: dict[str, NDArray[np.generic]] = {}
        for column, (name, scale) in enumerate(self.numeric.items()):
            decoded[name] = encoded[:, column].astype(np.float64) * scale.width + scale.center
        start = len(self.numeric)
        for name, known in self.categories.items():
            values = np.array([*known, OTHER])
            decoded[name] = values[encoded[:, start : start + len(values)].argmax(axis=1)]
            start += len(values)
        return pd.DataFrame(decoded)

    def save(self, path: Path) -> None:
        text = json.dumps(asdict(self) | {"columns": self.columns}, indent=1, ensure_ascii=False, allow_nan=False)
        path.write_text(text + "\n", encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, path: Path) -> "Encoder":
        """Read what `save` wrote.

        Raises:
            BadInput: the file is no encoder.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            encoder = TypeAdapter(cls).validate_python({key: document[key] for key in ("numeric", "categories")})
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise BadInput(f"{path}: {' '.join(str(error).split())}; make it again with encode_table") from None
        return encoder


def fit(
    training_rows: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str], settings: EncodingSettings
) -> Encoder:
    """The encoder of these rows.

    Raises:
        BadInput: a number is missing in all of them.
    """
    return Encoder(
        numeric={name: scale(training_rows[name], settings) for name in numeric},
        categories={name: frequent(training_rows[name], settings.minimum_frequency) for name in categorical},
    )


def scale(values: pd.Series, settings: EncodingSettings) -> Scale:
    """How one number is scaled. A column that never changes keeps width 1, and becomes 0.

    Raises:
        BadInput: no value is there.
    """
    missing = float(values.mean())
    if np.isnan(missing):
        raise BadInput(
            f"params.yaml: data.table.numeric: '{values.name}' has no value in any training row; take it off the list"
        )
    if settings.scaling == "none":
        return Scale(missing, 0.0, 1.0)
    # The scalers see what they will scale: the mean stands where a value is missing.
    column = values.fillna(missing).to_numpy()[:, np.newaxis]
    if settings.scaling == "standard":
        standard = StandardScaler().fit(column)  # ddof 0
        return Scale(missing, float(standard.mean_[0]), float(standard.scale_[0]))
    minmax = MinMaxScaler().fit(column)
    return Scale(missing, float(minmax.data_min_[0]), float(minmax.data_range_[0]) or 1.0)


def frequent(values: pd.Series, minimum_frequency: int) -> tuple[str, ...]:
    """The values that stand in at least so many rows."""
    counts = values.value_counts()
    return tuple(sorted(str(value) for value in counts.index[counts >= minimum_frequency] if value != OTHER))


def encode(table: pd.DataFrame, features: TableSettings, settings: EncodingSettings) -> tuple[Examples, Encoder]:
    """The whole table as examples, and the encoder that its training rows gave."""
    parts = {name: table[table[SPLIT] == name] for name in SPLITS}
    encoder = fit(parts["train"], features.numeric, features.categorical, settings)
    splits = {name: Split(encoder.transform(part), part[TARGET].to_numpy(np.uint8)) for name, part in parts.items()}
    event = f"{features.target.column} > {features.target.above:g}"
    return Examples(**splits, classes=(f"not {event}", event)), encoder
