"""The fitted encoder: a scale for each number, the values of each category. Stored as JSON.

B rows of a batch, N rows; M numbers, K categories; D columns of the encoded table.
"""

import json
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray
from pydantic import ValidationError, model_validator

from bakeoff.base.quoting import listed
from bakeoff.base.settings import BadInput, Settings, faults
from bakeoff.data.encoding.categories import Hashed, OneHot, shown
from bakeoff.data.encoding.rows import Texts, numbers, texts
from bakeoff.data.encoding.scale import Scale
from bakeoff.data.encoding.settings import Portion
from bakeoff.data.examples import Codes, Float32, one_hot
from bakeoff.data.remedy import again
from bakeoff.data.table.reading import Reading

REFUSED = "and the encoder was fitted to refuse that"


class Unfit(Exception):
    """A row that the encoder refuses; the caller knows where it stands.

    Attributes:
        row: in its batch, from 0.
    """

    def __init__(self, row: int, problem: str) -> None:
        super().__init__(problem)
        self.row = int(row)


class Encoder(Settings):
    """As strict as a section of params.yaml, for it is read back at inference.

    Attributes:
        version: of the fields; another one is refused.
        reading: how the training table was read; texts of new rows are read likewise.
        columns: names of the D columns: `temp`, `carrier=UA`, `carrier=other`, `tailnum=#7`.
    """

    version: Literal[2]
    reading: Reading
    numeric: dict[str, Scale]
    one_hot: dict[str, OneHot]
    hashed: dict[str, Hashed]
    unseen: Literal["other", "refuse"]
    maximum_unseen: Portion
    columns: list[str]

    @model_validator(mode="after")
    def columns_are_those_of_the_fields(self) -> Self:
        if self.columns != (derived := columns(self.numeric, self.categories)):
            raise ValueError(f"lists {len(self.columns)} columns, and its fields make {len(derived)}, or others")
        return self

    @cached_property
    def categories(self) -> dict[str, OneHot | Hashed]:
        return {**self.one_hot, **self.hashed}

    @cached_property
    def widths(self) -> NDArray[np.int64]:
        """(K,) one-hot columns of each category."""
        return np.array([len(category.values) for category in self.categories.values()], np.int64)

    @cached_property
    def code_type(self) -> DTypeLike:
        """One byte a code if that tells all values apart, else two."""
        return np.uint8 if self.widths.max(initial=0) <= 256 else np.uint16

    def numbers(self, batch: pa.RecordBatch) -> Float32:
        """(B, M).

        Raises:
            Unfit: a missing value that the encoder refuses, or one too far from the training rows for float32.
        """
        encoded = np.empty((batch.num_rows, len(self.numeric)), np.float32)
        for column, (name, scale) in enumerate(self.numeric.items()):
            values = numbers(batch, name)
            encoded[:, column] = scale.encode(values)
            if len(bad := np.flatnonzero(~np.isfinite(encoded[:, column]))):
                raise Unfit(bad[0], f"'{name}' {reason(values[bad[0]])}")
        return encoded

    def codes(self, batch: pa.RecordBatch) -> Codes:
        """(B, K).

        Raises:
            Unfit: a missing or unseen value that the encoder refuses.
        """
        encoded = np.empty((batch.num_rows, len(self.categories)), self.code_type)
        for column, (name, category) in enumerate(self.categories.items()):
            found = texts(batch, name)
            codes = category.encode(found)
            if len(bad := np.flatnonzero(codes < 0)):
                raise Unfit(bad[0], f"'{name}' is missing, {REFUSED} (data.table.encoding.missing); fill it in")
            if self.unseen == "refuse" and isinstance(category, OneHot):
                refuse_unseen(name, category, found)
            encoded[:, column] = codes
        return encoded

    def transform(self, batch: pa.RecordBatch) -> Float32:
        """(B, D): the scaled numbers, then for each category a 1 in the column of its value."""
        return one_hot(self.numbers(batch), self.codes(batch), self.widths)

    def inverse_transform(self, encoded: Float32) -> pd.DataFrame:
        """Return N rows: categories exactly, but `other` for rare and unseen ones and the bucket for hashed ones.

        Numbers come back as `Scale.decode` says. A missing category comes back as None if it has a column of its
        own; any other missing value as what stood in for it.
        """
        decoded = {name: scale.decode(encoded[:, column]) for column, (name, scale) in enumerate(self.numeric.items())}
        start = len(self.numeric)
        for name, category in self.categories.items():
            codes = encoded[:, start : start + len(category.values)].argmax(axis=1)
            decoded[name] = np.array(category.decoded, object)[codes]
            start += len(category.values)
        return pd.DataFrame(decoded)

    def save(self, path: Path) -> None:
        text = json.dumps(self.model_dump(), indent=1, ensure_ascii=False, allow_nan=False)
        path.write_text(text + "\n", encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BadInput: it is missing, or no encoder of this version.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            if any(problem["loc"] == ("version",) for problem in error.errors()):
                raise BadInput(f"{path}: was written by another version of bakeoff; {again('encode', path)}") from None
            raise BadInput(f"{path}: {listed(faults(error, cls))}; {again('encode', path)}") from None
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}; {again('encode', path)}") from None


def columns(numeric: dict[str, Scale], categories: dict[str, OneHot | Hashed]) -> list[str]:
    return [*numeric, *(f"{name}={value}" for name, category in categories.items() for value in category.values)]


def reason(value: float) -> str:
    """Why a number cannot be encoded."""
    if np.isnan(value):
        return f"is missing, {REFUSED} (data.table.encoding.missing); fill it in"
    return f"is {value:g}, which float32 cannot hold once it is scaled; correct the row"


def refuse_unseen(name: str, category: OneHot, found: Texts) -> None:
    """Refuse values that no training row had.

    Raises:
        Unfit: for the first row that has one.
    """
    if len(bad := np.flatnonzero(category.unseen(found)[found.index])):
        value = shown([*found.distinct, None][found.index[bad[0]]])
        raise Unfit(bad[0], f"'{name}' is {value}, which no training row has, {REFUSED} (data.table.encoding.unseen)")
