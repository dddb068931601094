"""The section `data.encoding` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from bakeoff.data.settings import Positive
from bakeoff.settings import Settings

Scaling = Literal["standard", "minmax", "none"]
Buckets = Annotated[int, Field(ge=2, le=65_535)]  # codes are stored in two bytes


class MissingSettings(Settings):
    numeric: Literal["mean", "median", "zero", "refuse"]
    categorical: Literal["category", "most_frequent", "refuse"]


class EncodingSettings(Settings):
    scaling: Scaling
    scaling_by_column: dict[str, Scaling]
    missing: MissingSettings
    minimum_frequency: Positive
    maximum_categories: Annotated[int, Field(ge=1, le=65_534)]  # and `other`, in two bytes
    unseen: Literal["other", "refuse"]
    hashed: dict[str, Buckets]
