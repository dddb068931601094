"""Settings of a data set of images: `data.<name>` of the kind `images` in params.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bakeoff.base.settings import Settings
from bakeoff.base.values import Amount, Positive, Seed, Share
from bakeoff.data.sources.settings import ImagesSource

Colour = Literal["grey", "rgb"]
Bits = Annotated[int, Field(ge=8, le=16)]
Size = Annotated[tuple[Positive, Positive], Field(strict=False)]  # height, width
Resize = Size | Share | None  # a share is of the height and of the width


def all_taken(validation: float | str, test: float | str) -> str | None:
    """Return what is wrong with two shares that leave nothing to train on; None where they leave something."""
    if isinstance(validation, float) and isinstance(test, float) and validation + test >= 1:
        return f"validation + test is {validation + test:g}, and should be below 1"
    return None


class ImageSplitSettings(Settings):
    """Each a number of images, a share of those drawn from, or the part that the source itself puts aside."""

    validation: Amount | Literal["given"]
    test: Amount | Literal["given"]
    seed: Seed

    @model_validator(mode="after")
    def leaves_images_to_train_on(self) -> Self:
        if fault := all_taken(self.validation, self.test):
            raise ValueError(fault)
        return self


class ImagesSettings(Settings):
    kind: Literal["images"]
    source: ImagesSource
    take: Positive | None
    colour: Colour
    resize: Resize
    bits: Bits | None
    split: ImageSplitSettings
