"""How a table is encoded: `data.<name>.encoding` of params.yaml."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from bakeoff.base.settings import Settings, hint
from bakeoff.base.values import Amount
from bakeoff.data.table.settings import TableSettings

Scaling = Literal["standard", "minmax", "none"]
Buckets = Annotated[int, Field(ge=2, le=65_535)]  # codes are stored in two bytes
Portion = Annotated[float, Field(ge=0, le=1)]


class MissingSettings(Settings):
    numeric: Literal["mean", "median", "zero", "refuse"]
    categorical: Literal["category", "most_frequent", "refuse"]


class EncodingSettings(Settings):
    """How the table is encoded.

    Attributes:
        minimum_frequency: in training rows; a share is of all rows.
        maximum_unseen: share of the values of a column of new rows that no training row has; a larger one is refused.
    """

    scaling: Scaling
    scaling_by_column: dict[str, Scaling]
    missing: MissingSettings
    minimum_frequency: Amount
    maximum_categories: Annotated[int, Field(ge=1, le=65_534)]  # and `other`, in two bytes
    unseen: Literal["other", "refuse"]
    maximum_unseen: Portion
    hashed: dict[str, Buckets]


class TableData(TableSettings):
    """A table as `data.<name>` of params.yaml has it; the encoding changes nothing of what is ingested."""

    kind: Literal["table"]
    encoding: EncodingSettings


def misnamed(encoding: EncodingSettings, numeric: tuple[str, ...], categorical: tuple[str, ...]) -> Iterator[str]:
    """Yield each column in `data.table.encoding` that the table does not have, or has as the other kind."""
    for key, named, kind, known, others in (
        ("scaling_by_column", encoding.scaling_by_column, "numeric", numeric, categorical),
        ("hashed", encoding.hashed, "categorical", categorical, numeric),
    ):
        for name in named:
            if name in others:
                other = "categorical" if kind == "numeric" else "numeric"
                yield (
                    f"data.table.encoding.{key}: '{name}' is a column of data.table.{other}, and should be one of "
                    f"data.table.{kind}; remove it from {key}"
                )
            elif name not in known:
                yield f"data.table.encoding.{key}: '{name}' is no column of data.table.{kind}{hint(name, known)}"
