"""Types of hyperparameters, the scale on which each is searched, and an optimizer's section of params.yaml."""

from enum import Enum
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import AfterValidator, Field, ValidationError, model_validator

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import Settings, hint, rule
from bakeoff.base.values import PositiveFloat


class Scale(Enum):
    """The scale on which a search spreads the values of a hyperparameter evenly. One without a scale is not searched.

    0.9, 0.99 and 0.999 are evenly spaced for the decay rate of a running average: it is 1 - beta that has a logarithm.
    """

    LOG = "log"
    LOG_COMPLEMENT = "log of 1 - value"


LearningRate = Annotated[float, Field(gt=0, le=1e30), Scale.LOG]  # a larger one overflows float32 before the loss does
Decay = Annotated[float, Field(ge=0, lt=1), Scale.LOG_COMPLEMENT]  # of a running average: the weight of the past
Epsilon = Annotated[PositiveFloat, Scale.LOG]
PositiveFactor = Annotated[PositiveFloat, Scale.LOG]
NotNegative = Annotated[float, Field(ge=0, le=1e30)]
WeightDecay = Annotated[NotNegative, Scale.LOG]


class RuleSettings(Settings):
    """The settings of every optimizer."""

    learning_rate: LearningRate


def scales(settings: type[Settings]) -> dict[str, Scale]:
    """Return the hyperparameters that can be searched, each with its scale."""
    return {
        name: scale
        for name, field in settings.model_fields.items()
        for scale in field.metadata
        if isinstance(scale, Scale)
    }


def rising(bounds: tuple[float, float]) -> tuple[float, float]:
    """Return the bounds of a search.

    Raises:
        ValueError: they are not two numbers from 0 on, the lower one first.
    """
    if not 0 <= bounds[0] < bounds[1]:
        raise ValueError(f"invalid bounds {quoted(list(bounds))}: expected [low, high] with 0 <= low < high")
    return bounds


Bound = Annotated[float, Field(strict=True)]
Bounds = Annotated[tuple[Bound, Bound], Field(strict=False), AfterValidator(rising)]
SearchSpace = dict[str, Bounds]  # by hyperparameter; one that is not named keeps its default

Hyperparameters = TypeVar("Hyperparameters", bound=Settings)


class OptimizerSection(Settings, Generic[Hyperparameters]):
    """An optimizer's section of params.yaml: its default hyperparameters, and the space that a search covers."""

    defaults: Hyperparameters
    search: SearchSpace

    @model_validator(mode="after")
    def the_space_can_be_searched(self) -> Self:
        if "learning_rate" not in self.search:
            raise ValueError("search.learning_rate is missing; the learning rate of every optimizer is searched")
        for name, bounds in self.search.items():
            check_bounds(f"search.{name}", name, bounds, self.defaults)
        return self


def check_bounds(place: str, name: str, bounds: tuple[float, float], defaults: Settings) -> None:
    """Refuse bounds that cannot be searched.

    Raises:
        ValueError: the name is not a hyperparameter of the optimizer, or one without a scale; a bound is a value that
            the hyperparameter may not have.
    """
    known: dict[str, Any] = dict(defaults)
    searched = scales(type(defaults))
    if name not in known:
        raise ValueError(f"{place} is not a setting{hint(name, known)}")
    if name not in searched:
        raise ValueError(f"{place}: '{name}' has no scale for a search; remove it (there is: {', '.join(searched)})")
    if bounds[0] == 0 and searched[name] is Scale.LOG:
        raise ValueError(f"{place}: invalid lower bound 0: the scale is logarithmic; take a bound above 0")
    for bound in bounds:
        try:
            type(defaults).model_validate(known | {name: bound})
        except ValidationError as error:
            raise ValueError(f"{place} has the bound {bound:g}, and should {rule(error.errors()[0])}") from None


class RegularisationSettings(Settings):
    """Penalties on weight matrices and kernels, not on biases and norms; `clip` bounds the norm of all gradients."""

    l1: NotNegative
    l2: NotNegative
    weight_decay: NotNegative
    clip: PositiveFloat | None
