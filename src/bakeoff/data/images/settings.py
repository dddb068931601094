"""The section `data.images` of params.yaml."""

from typing import Literal

from bakeoff.data.settings import Positive, Seed
from bakeoff.settings import Settings


class CountSplitSettings(Settings):
    validation: Positive
    test: Positive
    seed: Seed


class ImagesSettings(Settings):
    source: Literal["mnist-5k"]
    split: CountSplitSettings
