"""The section `data.images` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from bakeoff.base.settings import Settings
from bakeoff.base.values import Positive, Seed
from bakeoff.data.sources.settings import ImagesSource

Colour = Literal["grey", "rgb"]
Bits = Annotated[int, Field(ge=8, le=16)]
Size = Annotated[tuple[Positive, Positive], Field(strict=False)]  # height, width


class ImageSplitSettings(Settings):
    """Each a number of images, or the part that the source itself puts aside."""

    validation: Positive | Literal["given"]
    test: Positive | Literal["given"]
    seed: Seed


class ImagesSettings(Settings):
    source: ImagesSource
    colour: Colour
    resize: Size | None
    bits: Bits | None
    split: ImageSplitSettings
