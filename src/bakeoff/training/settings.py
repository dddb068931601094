"""Settings of a training: epochs, batches, schedule, early stop, augmentation, loss and execution."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import Settings
from bakeoff.base.values import Positive, resolved
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
    """The training ends when the validation loss has not improved for `patience` epochs."""

    patience: Positive


class EmaSettings(Settings):
    """An exponential moving average of the weights, with this decay per step, replaces them after training."""

    decay: Annotated[float, Field(ge=0, lt=1)]


class ElasticSettings(Settings):
    """sigma: standard deviation, in pixels, of the displacements at the nodes of a grid; grid: nodes of each side."""

    sigma: Annotated[float, Field(gt=0, le=1e3)]
    grid: Annotated[int, Field(ge=2, le=64)]


LEAST = 0.001  # of an angle, a gain and an offset: smaller ones round to 0


class IntensitySettings(Settings):
    """Largest changes: of the factor 1, and of the sum; white is 1."""

    gain: Annotated[float, Field(ge=0, le=0.999)]
    offset: Annotated[float, Field(ge=0, le=1)]

    @model_validator(mode="after")
    def changes_something(self) -> Self:
        if max(self.gain, self.offset) < LEAST:
            raise ValueError(f"gain and offset are below {LEAST}, which changes nothing; write intensity: null")
        return self


class AugmentationSettings(Settings):
    """In pixels, 0 for none; flip: left to right; rotation: the largest angle, in degrees.

    Attributes:
        window: side of the square of an image that training sees.
    """

    shift: Pixels
    crop: Pixels
    flip: bool
    cutout: Pixels
    rotation: Annotated[float, Field(ge=0, le=180)]
    elastic: ElasticSettings | None
    intensity: IntensitySettings | None
    window: Pixels

    @field_validator("rotation")
    @classmethod
    def none_or_some(cls, rotation: float) -> float:
        if 0 < rotation < LEAST:
            raise ValueError(f"{rotation:g} is no angle that turns an image; take 0.0, or at least {LEAST}")
        return rotation

    @property
    def on(self) -> bool:
        """Whether any augmentation is enabled."""
        return any(self.model_dump().values())

    @property
    def moves_labels(self) -> bool:
        """Whether an enabled augmentation also transforms the labels of pixels."""
        return any((self.shift, self.crop, self.flip, self.rotation, self.elastic, self.window))

    def size_faults(self, height: int, width: int, images: str) -> Iterator[str]:
        """Yield errors for images of this height and width, each beginning with its key.

        Args:
            images: what the message calls the images.
        """
        short = min(height, width)
        for name in ("shift", "crop", "cutout"):
            if (value := getattr(self, name)) >= short:
                yield f"{name} is {value}, which leaves nothing of {images} to see; take at most {short - 1}"
        if self.window > short:
            yield f"window is {self.window}, and {images} have no square of this side; take at most {short}"
        if self.elastic and 8 * self.elastic.sigma > (apart := (short - 1) / (self.elastic.grid - 1)):
            yield (
                f"elastic.sigma is {self.elastic.sigma:g}, and {self.elastic.grid} nodes of a grid over {images} are "
                f"{apart:g} pixels apart, so that displacements may fold the image; take at most {apart / 8:g}"
            )


NO_AUGMENTATION = AugmentationSettings(
    shift=0, crop=0, flip=False, cutout=0, rotation=0.0, elastic=None, intensity=None, window=0
)


class CrossEntropySettings(Settings):
    """The mean cross-entropy over pixels."""

    kind: Literal["cross_entropy"]


class DiceLossSettings(Settings):
    """1 - soft Dice of each image and class; `smooth` is added to its numerator and denominator.

    cross_entropy_dice is the sum of this and the mean cross-entropy.
    """

    kind: Literal["dice", "cross_entropy_dice"]
    smooth: Annotated[float, Field(gt=0, le=1e6)]


class FocalSettings(Settings):
    """The cross-entropy of each pixel times (1 - p) ^ gamma, p the probability of its label."""

    kind: Literal["focal"]
    gamma: Annotated[float, Field(ge=0, le=100)]


class BorderWeightSettings(Settings):
    """The largest added weight between two cells, and the distance in pixels along which it falls."""

    w0: Annotated[float, Field(gt=0, le=1e6)]
    sigma: Annotated[float, Field(gt=0, le=1e3)]


ClassWeight = Annotated[float, Field(ge=0, le=1e6)]
ClassWeights = Annotated[tuple[ClassWeight, ...], Field(strict=False, min_length=2)]


def named_or_listed(value: object, check: ValidatorFunctionWrapHandler) -> object:
    try:
        weights = check(value)
    except ValidationError:
        raise ValueError(
            f"invalid class_weights {quoted(value)}: expected none, balanced, or a list of one number from 0 on for "
            "each class"
        ) from None
    if isinstance(weights, tuple) and not any(weights):
        raise ValueError(f"invalid class_weights {quoted(value)}: all are 0, and nothing would be learnt; raise one")
    return weights


class SegmentationSettings(Settings):
    """The loss of a training on labelled pixels.

    Attributes:
        class_weights: `balanced` is pixels / (classes x pixels of the class) in the training data.
        border_weights: added to the weights of background pixels between two cells.
    """

    loss: Annotated[CrossEntropySettings | DiceLossSettings | FocalSettings, Field(discriminator="kind")]
    class_weights: Annotated[Literal["none", "balanced"] | ClassWeights, WrapValidator(named_or_listed)]
    border_weights: BorderWeightSettings | None

    @model_validator(mode="after")
    def pixels_have_weights(self) -> Self:
        if self.border_weights and self.loss.kind == "dice":
            raise ValueError(
                "border_weights are of single pixels, and the loss 'dice' has none; write border_weights: null, or "
                "take cross_entropy_dice"
            )
        return self


class ExecutionSettings(Settings):
    """The execution of all trainings.

    Attributes:
        diverged_above: a training loss above this multiple of that of the first batch ends the run as diverged.
        norms: the history has the mean norms of gradients and updates.
        evaluations: moments at which a training is measured: spaced evenly by steps, the last at its end.
        evaluation_share: the examples that these evaluations see together, as a share of those that the training sees;
            so many validation examples, a fixed subset, are measured at each moment. None: all of them.
        shards: parts of a batch whose gradients are computed separately, by one or more processes.
        precision, compile: only on a GPU; bfloat16 is mixed precision by torch's autocast.
    """

    diverged_above: Annotated[float, Field(gt=1)] | None
    norms: bool
    evaluations: Positive
    evaluation_share: Annotated[float, Field(gt=0, le=1)] | None
    shards: Positive
    precision: Literal["float32", "bfloat16"]
    compile: bool


class RunSettings(ExecutionSettings):
    """The section `run` of params.yaml."""

    device: Device


class ScheduledSettings(Settings):
    """The settings of a training on any workload."""

    epochs: Positive
    schedule: ScheduleSettings
    regularisation: RegularisationSettings
    early_stop: EarlyStopSettings | None
    ema: EmaSettings | None


class LoopSettings(ScheduledSettings, ExecutionSettings):
    """All settings of the training loop, for any workload."""

    def evaluated(self, trained: int, held: int) -> int:
        """Return the number of examples of the validation subset.

        Args:
            trained: training examples of an epoch.
            held: validation examples.
        """
        if self.evaluation_share is None:
            return held
        return min(held, resolved(self.evaluation_share / self.evaluations, self.epochs * trained))


class PlanSettings(ScheduledSettings):
    """A training on labelled examples, as a task or a recipe has it under `training`.

    Attributes:
        batch_size: 1 is stochastic gradient descent, full is batch gradient descent.
        label_smoothing: the share of a label that is spread over all classes.
        segmentation: the loss of labelled pixels; None for the mean cross-entropy, and for data of other kinds.
    """

    batch_size: BatchSize
    augmentation: AugmentationSettings
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    segmentation: SegmentationSettings | None

    @model_validator(mode="after")
    def smoothed_labels_have_a_cross_entropy(self) -> Self:
        if self.label_smoothing and self.segmentation and self.segmentation.loss.kind in ("dice", "focal"):
            raise ValueError(
                f"label_smoothing is {self.label_smoothing}, and the loss '{self.segmentation.loss.kind}' has no "
                "smoothed labels; write label_smoothing: 0.0, or take cross_entropy"
            )
        return self

    def under(self, run: ExecutionSettings) -> "TrainingSettings":
        """Return all settings of the training."""
        return TrainingSettings(**executed(self, run))


class TrainingSettings(LoopSettings, PlanSettings):
    """All settings of a training on labelled examples."""


def executed(plan: ScheduledSettings, run: ExecutionSettings) -> dict[str, Any]:
    """Return the values of a plan, and those by which it is executed, by name."""
    return dict(plan) | {name: getattr(run, name) for name in ExecutionSettings.model_fields}


def plain(epochs: int, batch_size: int | Literal["full"]) -> TrainingSettings:
    """Return settings of plain gradient descent to the last epoch, without penalties; not finite means diverged.

    It is measured at its end alone.
    """
    return TrainingSettings(
        epochs=epochs,
        batch_size=batch_size,
        augmentation=NO_AUGMENTATION,
        schedule=Constant(kind="constant", warmup=0.0),
        regularisation=RegularisationSettings(l1=0.0, l2=0.0, weight_decay=0.0, clip=None),
        early_stop=None,
        ema=None,
        diverged_above=None,
        norms=False,
        evaluations=1,
        evaluation_share=None,
        shards=1,
        precision="float32",
        compile=False,
        label_smoothing=0.0,
        segmentation=None,
    )
