"""How long and in which portions a network is trained, when a training ends, and where it runs."""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import Settings
from bakeoff.base.values import Positive
from bakeoff.optimizers.schedules import Constant, ScheduleSettings
from bakeoff.optimizers.settings import RegularisationSettings

Device = Literal["cpu", "cuda", "auto"]
Pixels = Annotated[int, Field(ge=0, le=2**15)]


def size_or_full(value: object, check: ValidatorFunctionWrapHandler) -> object:
    try:
        return check(value)
    except ValidationError:
        raise ValueError(f"{quoted(value)} is no size of a batch; take a number from 1 on, or full") from None


BatchSize = Annotated[Positive | Literal["full"], WrapValidator(size_or_full)]


class EarlyStopSettings(Settings):
    """The training ends when the validation loss has not been below its least for `patience` epochs."""

    patience: Positive


class AugmentationSettings(Settings):
    """In pixels, 0 for none; flip: left to right."""

    shift: Pixels
    crop: Pixels
    flip: bool
    cutout: Pixels


class LoopSettings(Settings):
    """The settings of the training loop, for any workload.

    Attributes:
        diverged_above: a training loss above so many times that of the first batch ends the run as diverged.
        norms: the history has the mean norms of gradients and updates.
        shards: parts of a batch whose gradients are computed by themselves, by as many processes as there are.
        precision, compile: of a GPU; bfloat16 is mixed with float32 as torch's autocast does it.
    """

    epochs: Positive
    schedule: ScheduleSettings
    regularisation: RegularisationSettings
    early_stop: EarlyStopSettings | None
    diverged_above: Annotated[float, Field(gt=1)] | None
    norms: bool
    shards: Positive
    precision: Literal["float32", "bfloat16"]
    compile: bool


class TrainingSettings(LoopSettings):
    """The settings of a training on labelled examples.

    Attributes:
        batch_size: 1 is stochastic gradient descent, full is batch gradient descent.
        label_smoothing: the share of a label that is spread over all classes.
    """

    batch_size: BatchSize
    augmentation: AugmentationSettings
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]


class ContestSettings(Settings):
    """How often an optimizer may train a network: the same for all. What the roles are stands in training/contest.py.

    Attributes:
        trials: points of its space.
        finalists: of these, trained again.
        reruns: of each finalist, and of the default hyperparameters.
    """

    trials: Positive
    finalists: Positive
    reruns: Positive

    @model_validator(mode="after")
    def finalists_are_trials(self) -> Self:
        if self.finalists > self.trials:
            raise ValueError(f"finalists is {self.finalists}, and should be at most trials, {self.trials}")
        return self


def plain(epochs: int, batch_size: int | Literal["full"]) -> TrainingSettings:
    """Descent along the loss and nothing beside it, to the last epoch; diverged where something is not finite."""
    return TrainingSettings(
        epochs=epochs,
        batch_size=batch_size,
        augmentation=AugmentationSettings(shift=0, crop=0, flip=False, cutout=0),
        schedule=Constant(kind="constant", warmup=0.0),
        regularisation=RegularisationSettings(l1=0.0, l2=0.0, weight_decay=0.0, clip=None),
        early_stop=None,
        diverged_above=None,
        norms=False,
        shards=1,
        precision="float32",
        compile=False,
        label_smoothing=0.0,
    )
