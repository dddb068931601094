"""The section `online` of params.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import Settings
from bakeoff.base.values import DISTINCT, Positive, Share
from bakeoff.optimizers.schedules import Constant, InverseTime, ScheduleSettings

LearnerName = Literal["sgd", "adagrad"]  # optimizers that have a compiled step
ScheduleName = Literal["constant", "inverse_time"]  # schedules that need no end
DriftName = Literal["none", "labels", "features"]

Lengths = Annotated[tuple[Positive, ...], Field(strict=False, min_length=1)]


class StreamSettings(Settings):
    """The order and timing of the rows.

    Attributes:
        warmup: share of the first rows, which fit the encoder and choose the learning rate; no metric has them.
        batch_size: examples that a step takes; all are predicted before it.
        delay: rows that go by between a prediction and its answer. 0: the answer comes at once.
        learnt: share of the rows, drawn by each seed for itself, from which it learns; it predicts all of them.
        longest: share of the rows of the table that a delay, window, interval or mean takes at most.
    """

    warmup: Share
    batch_size: Positive
    delay: Annotated[int, Field(ge=0, le=10**9)]
    learnt: Annotated[float, Field(gt=0, le=1)]
    longest: Share


class EvaluationSettings(Settings):
    """The settings of the measurements along the stream.

    Attributes:
        window: rows that a windowed metric looks back on.
        interval: rows between two rows of the history; of the stream as many go by as one piece.
        fading: what an old row weighs against the one after it, in the faded metrics.
        averaged: numbers of costs whose means are compared, the shortest first.
    """

    window: Annotated[int, Field(ge=2, le=10**9)]
    interval: Positive
    fading: Annotated[float, Field(gt=0, lt=1)]
    averaged: Lengths

    @model_validator(mode="after")
    def means_get_longer(self) -> Self:
        if list(self.averaged) != sorted(set(self.averaged)):
            raise ValueError(
                f"averaged is {quoted(list(self.averaged))}, and should ascend; order it, each number once"
            )
        return self


class DriftSettings(Settings):
    """The time of a drift, and the definition of a recovery.

    Attributes:
        between: shares of what follows the warm-up; each seed draws its moment from there.
        within: how near a learner's accuracy must come to what it is without a drift, over the same rows.
        window, holds: over so many rows, and then over so many more.
    """

    between: Annotated[tuple[Share, Share], Field(strict=False)]
    window: Positive
    holds: Positive
    within: Annotated[float, Field(ge=0, lt=1)]

    @model_validator(mode="after")
    def goes_forward(self) -> Self:
        if self.between[0] > self.between[1]:
            raise ValueError(f"between is {list(self.between)}, and should be [earliest, latest]")
        return self


class ConstantSettings(Settings):
    @property
    def schedule(self) -> ScheduleSettings:
        return Constant(kind="constant", warmup=0.0)


class InverseTimeSettings(Settings):
    """half: as in the schedule of that name."""

    half: Annotated[float, Field(gt=0, le=1e30)]

    @property
    def schedule(self) -> ScheduleSettings:
        return InverseTime(kind="inverse_time", warmup=0.0, half=self.half)


SCHEDULES: dict[ScheduleName, type[ConstantSettings] | type[InverseTimeSettings]] = {
    "constant": ConstantSettings,
    "inverse_time": InverseTimeSettings,
}


class SearchSettings(Settings):
    """The learning rates that are tried on the warm-up, log-uniform from low to high."""

    low: Annotated[float, Field(gt=0, le=1e30)]
    high: Annotated[float, Field(gt=0, le=1e30)]
    trials: Annotated[int, Field(ge=2, le=10**6)]

    @model_validator(mode="after")
    def goes_up(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low is {self.low:g} and high {self.high:g}; low should be below high")
        if len(set(self.rates)) < self.trials:
            raise ValueError(
                f"trials is {self.trials}, and between low, {self.low:g}, and high, {self.high:g}, are fewer rates of "
                "six digits; widen the search, or take fewer trials"
            )
        return self

    @property
    def rates(self) -> list[float]:
        """The rates with six digits, because the last bits of a power differ between machines."""
        share = self.high / self.low
        return [float(f"{self.low * share ** (i / (self.trials - 1)):.6g}") for i in range(self.trials)]


class OnlineSettings(Settings):
    """The whole section: every optimizer under every schedule, over the rows of each table."""

    tables: Annotated[tuple[str, ...], Field(strict=False), DISTINCT]
    optimizers: Annotated[tuple[LearnerName, ...], Field(strict=False, min_length=1), DISTINCT]
    schedules: Annotated[tuple[ScheduleName, ...], Field(strict=False, min_length=1), DISTINCT]
    constant: ConstantSettings
    inverse_time: InverseTimeSettings
    stream: StreamSettings
    search: SearchSettings
    evaluation: EvaluationSettings
    drift: DriftSettings

    @model_validator(mode="after")
    def goes_by_in_whole_batches(self) -> Self:
        if self.evaluation.interval % self.stream.batch_size:
            raise ValueError(
                f"evaluation.interval is {self.evaluation.interval}, and should be a multiple of stream.batch_size, "
                f"{self.stream.batch_size}"
            )
        return self
