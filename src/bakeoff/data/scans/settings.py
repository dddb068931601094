"""The section `data.scans` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from bakeoff.data.settings import Positive, Seed
from bakeoff.settings import Settings


class SlabSettings(Settings):
    slices: Annotated[tuple[Positive, Positive, Positive], Field(strict=False)]
    gap: Annotated[int, Field(ge=0)]


class ScansSettings(Settings):
    source: Literal["mni152"]
    pixel: Positive
    slabs: SlabSettings
    bias_field: Annotated[float, Field(ge=0, lt=1)]
    noise: Annotated[float, Field(ge=0)]
    seed: Seed
