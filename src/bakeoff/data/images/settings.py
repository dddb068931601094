"""Settings of a data set of images: `data.<name>` of the kind `images` in params.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bakeoff.base.settings import Settings
from bakeoff.base.values import Amount, Positive, Seed, Share
from bakeoff.data.portion import check_rest
from bakeoff.data.sources.settings import ImagesSource

Colour = Literal["grey", "rgb"]
Bits = Annotated[int, Field(ge=8, le=16)]
Size = Annotated[tuple[Positive, Positive], Field(strict=False)]  # height, width
Resize = Size | Share | None  # a share is of the height and of the width


class ImageSplitSettings(Settings):
    """Each a number of images, a share of those drawn from, or the part that the source itself puts aside."""

    validation: Amount | Literal["given"]
    test: Amount | Literal["given"]
    seed: Seed

    @model_validator(mode="after")
    def leaves_images_to_train_on(self) -> Self:
        check_rest(self.validation, self.test)
        return self


class ImagesSettings(Settings):
    kind: Literal["images"]
    source: ImagesSource
    take: Positive | None
    colour: Colour
    resize: Resize
    bits: Bits | None
    split: ImageSplitSettings
