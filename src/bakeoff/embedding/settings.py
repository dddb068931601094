"""The section `embedding` of params.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bakeoff.base.settings import Settings
from bakeoff.base.values import Positive, PositiveFloat
from bakeoff.optimizers.registry import OptimizerName
from bakeoff.training.settings import ExecutionSettings, LoopSettings, ScheduledSettings, executed

Dimension = Annotated[int, Field(ge=1, le=2**14)]
Share = Annotated[float, Field(gt=0, lt=1)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]  # what scikit-learn, NumPy and torch all take
ArchitectureName = Literal["skipgram", "cbow"]
SamplerName = Literal["word2vec", "notes"]
ObjectiveName = Literal["sampled_softmax", "nce", "negative_sampling"]


class Rates(Settings):
    skipgram: PositiveFloat
    cbow: PositiveFloat


class BatchesSettings(Settings):
    batch: Positive
    damping: Annotated[float, Field(ge=0, le=1e3)]


class Word2vecSettings(Settings):
    dimension: Dimension
    window: Positive
    negatives: Annotated[int, Field(ge=1, le=63)]
    noise_exponent: Annotated[float, Field(ge=0, le=1)]
    subsample: Annotated[float, Field(ge=0, lt=1)]
    validation: Share
    learning_rate: Rates
    epochs: Positive
    shards: Positive
    round: Positive
    damping: Annotated[float, Field(ge=0, le=1e3)]
    gpu: BatchesSettings
    seed: Seed

    @model_validator(mode="after")
    def many_shards_are_damped(self) -> Self:
        # Each shard goes at most all the way to where a row is drawn: two overshoot by that at most, three by twice it.
        if self.shards > 2 and not self.damping:
            raise ValueError(f"damping is 0, and should be above 0 for {self.shards} shards (0.25 for 4, 1 for 16)")
        return self


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


class NotesPlanSettings(ScheduledSettings):
    """A training on batches of examples, as `embedding.notes.training` has it."""

    dimension: Dimension
    objective: ObjectiveName
    negatives: Positive
    shared: Positive
    noise_exponent: Annotated[float, Field(ge=0, le=1)]
    subsample: Annotated[float, Field(ge=0, lt=1)]
    validation: Share
    optimizer: OptimizerName
    learning_rate: PositiveFloat
    batch_size: Positive
    seed: Seed

    def under(self, run: ExecutionSettings) -> "NotesTrainingSettings":
        """Return all settings of the training."""
        return NotesTrainingSettings(**executed(self, run))


class NotesTrainingSettings(LoopSettings, NotesPlanSettings):
    """All settings of a training on batches of examples."""


class NotesSettings(Settings):
    skipgram: SkipgramSettings
    cbow: CbowSettings
    training: NotesPlanSettings
