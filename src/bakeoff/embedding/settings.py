"""The section `embedding` of params.yaml."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from bakeoff.optimizers.settings import OptimizerName
from bakeoff.settings import Settings

Positive = Annotated[int, Field(ge=1)]


class SkipgramSettings(Settings):
    num_skips: Positive
    skip_window: Positive

    @model_validator(mode="after")
    def enough_neighbours(self) -> Self:
        if self.num_skips > 2 * self.skip_window:
            raise ValueError(f"num_skips should be at most 2 * skip_window = {2 * self.skip_window}")
        return self


class CbowSettings(Settings):
    radius: Positive


class EmbeddingTrainingSettings(Settings):
    dimension: Positive
    negatives: Positive
    shared: Positive
    noise_exponent: Annotated[float, Field(ge=0, le=1)]
    subsample: Annotated[float, Field(ge=0, lt=1)]
    validation: Annotated[float, Field(gt=0, lt=1)]
    optimizer: OptimizerName
    learning_rate: Annotated[float, Field(gt=0)]
    batch_size: Positive
    epochs: Positive
    seed: Annotated[int, Field(ge=0)]
