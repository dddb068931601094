"""The section `tuning` of params.yaml."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from bakeoff.base.settings import Settings
from bakeoff.base.values import Amount, Positive, Share

Bound = Annotated[float, Field(ge=-1e30, le=1e30)]


class DimensionSettings(Settings):
    low: Bound
    high: Bound
    log: bool

    @model_validator(mode="after")
    def ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low should be below high = {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"low is {self.low}, and should be above 0 on a logarithmic scale")
        return self


class SpaceSettings(Settings):
    learning_rate: DimensionSettings
    beta: DimensionSettings
    weight_decay: DimensionSettings

    @model_validator(mode="after")
    def sensible(self) -> Self:
        if self.learning_rate.low <= 0:
            raise ValueError(f"learning_rate.low is {self.learning_rate.low}, and should be above 0")
        if self.beta.low < 0 or self.beta.high >= 1:
            raise ValueError(f"beta goes from {self.beta.low} to {self.beta.high}, and should stay in [0, 1)")
        if self.weight_decay.low < 0:
            raise ValueError(f"weight_decay.low is {self.weight_decay.low}, and should be 0 or more")
        return self


class StudyTrainingSettings(Settings):
    examples: Amount
    epochs: Positive
    batch_size: Positive


class SearchBudget(Settings):
    """Attributes:
    trials: trainings that a method may spend.
    confirmations: new seeds from which the best trial is trained again.
    """

    trials: Positive
    confirmations: Positive


class StudySettings(Settings):
    data: str
    batch: Positive
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)]
    training: StudyTrainingSettings
    space: SpaceSettings


class LevelsSettings(Settings):
    learning_rate: Positive
    beta: Positive
    weight_decay: Positive


class GridSettings(Settings):
    levels: LevelsSettings


class RandomSettings(Settings):
    pass


class BayesSettings(Settings):
    startup_trials: Positive


class EvolutionSettings(Settings):
    population: Annotated[int, Field(ge=2, le=10**6)]
    keep: Share
    mutation: Share


class GradientSettings(Settings):
    outer_rate: Annotated[float, Field(gt=0, le=1)]
    steps: Positive
