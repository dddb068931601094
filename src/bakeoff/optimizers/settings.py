"""The sections `optimizers` and `spaces` of params.yaml: the default hyperparameters, and the search space of each."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import Settings, hint, rule
from bakeoff.base.values import PositiveFloat

Decay = Annotated[float, Field(ge=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0, le=1e30)]


Coefficient = Annotated[float, Field(ge=-1e3, le=1e3)]


class RuleSettings(Settings):
    """The settings of every optimizer. A rate above 1e30 would overflow float32 before the loss does."""

    learning_rate: Annotated[float, Field(gt=0, le=1e30)]


class SgdSettings(RuleSettings):
    pass


class MomentumSettings(RuleSettings):
    """The settings of all forms of momentum: the average, the heavy ball and Nesterov's."""

    beta: Decay


class AdagradSettings(RuleSettings):
    epsilon: PositiveFloat


class LaggedAdagradSettings(RuleSettings):
    initial: PositiveFloat


class AdadeltaSettings(RuleSettings):
    rho: Decay
    epsilon: PositiveFloat


class RmspropSettings(RuleSettings):
    beta: Decay
    epsilon: PositiveFloat


class AdamSettings(RuleSettings):
    """The settings of Adam, of Adam without bias correction, and of RAdam."""

    beta1: Decay
    beta2: Decay
    epsilon: PositiveFloat


class AdamwSettings(AdamSettings):
    weight_decay: NotNegative


class NadamSettings(AdamSettings):
    warmup: PositiveFloat


class LionSettings(RuleSettings):
    beta1: Decay
    beta2: Decay
    weight_decay: NotNegative


class MuonSettings(RuleSettings):
    beta: Decay
    steps: Annotated[int, Field(ge=1, le=100)]
    coefficients: Annotated[tuple[Coefficient, Coefficient, Coefficient], Field(strict=False)]
    epsilon: PositiveFloat
    adam_rate: PositiveFloat
    adam_beta1: Decay
    adam_beta2: Decay
    adam_epsilon: PositiveFloat


class ScheduleFreeSettings(AdamwSettings):
    """beta1: the share of the average in the point where gradients are taken; at 0 nothing would be kept of it."""

    beta1: Annotated[float, Field(gt=0, lt=1)]


class Optimizers(Settings):
    """One field an optimizer. This is the closed set: params.yaml is checked against it, and the registry by a test."""

    sgd: SgdSettings
    momentum: MomentumSettings
    heavy_ball: MomentumSettings
    nesterov: MomentumSettings
    adagrad: AdagradSettings
    adagrad_lagged: LaggedAdagradSettings
    adadelta: AdadeltaSettings
    rmsprop: RmspropSettings
    adam: AdamSettings
    adam_uncorrected: AdamSettings
    adamw: AdamwSettings
    nadam: NadamSettings
    radam: AdamSettings
    lion: LionSettings
    muon: MuonSettings
    schedule_free: ScheduleFreeSettings


if TYPE_CHECKING:
    OptimizerName = str
else:
    OptimizerName = Literal[tuple(Optimizers.model_fields)]

# How much of the past an average keeps. 0.9, 0.99 and 0.999 are evenly apart: it is 1 - beta that has a scale.
AVERAGES = ("beta", "beta1", "beta2", "rho", "adam_beta1", "adam_beta2")


def rising(bounds: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= bounds[0] < bounds[1]:
        raise ValueError(f"is {quoted(list(bounds))}, and should be [low, high] with 0 <= low < high")
    return bounds


Bound = Annotated[float, Field(strict=True)]
Bounds = Annotated[tuple[Bound, Bound], Field(strict=False), AfterValidator(rising)]
SpaceSettings = dict[str, Bounds]  # by constant; what is not named keeps its value


def check_spaces(optimizers: Iterable[tuple[str, Settings]], spaces: Mapping[str, SpaceSettings]) -> None:
    """Refuse spaces that cannot be searched.

    Raises:
        ValueError: an optimizer has none; a name that is none of its hyperparameters, or one that is no number with a
            fraction; a bound that the constant may not take.
    """
    for optimizer, hyperparameters in optimizers:
        if "learning_rate" not in spaces.get(optimizer, {}):
            raise ValueError(f"spaces.{optimizer}.learning_rate is missing; every optimizer's rate is searched")
        for name, bounds in spaces[optimizer].items():
            check_bounds(f"spaces.{optimizer}.{name}", name, bounds, hyperparameters)


def check_bounds(place: str, name: str, bounds: tuple[float, float], hyperparameters: Settings) -> None:
    known: dict[str, Any] = dict(hyperparameters)
    if name not in known:
        raise ValueError(f"{place} is not a setting{hint(name, known)}")
    if not isinstance(known[name], float):
        raise ValueError(f"{place}: {quoted(known[name])} is no number with a fraction, and cannot be searched")
    if bounds[0] == 0 and name not in AVERAGES:
        raise ValueError(f"{place} begins at 0, and is searched by its logarithm; begin above 0")
    for bound in bounds:
        try:
            type(hyperparameters).model_validate(known | {name: bound})
        except ValidationError as error:
            raise ValueError(f"{place} has the bound {bound:g}, and should {rule(error.errors()[0])}") from None


class RegularisationSettings(Settings):
    """Penalties on weight matrices and kernels, not on biases and norms; `clip` bounds the norm of all gradients."""

    l1: NotNegative
    l2: NotNegative
    weight_decay: NotNegative
    clip: PositiveFloat | None
