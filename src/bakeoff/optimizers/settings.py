"""The constants of each update rule. Learning rates stand with the tasks, because they are tuned for each."""

from typing import Annotated, Literal

from pydantic import Field

from bakeoff.settings import Settings

# The closed set: params.yaml is checked against it, and a test holds the registry to it.
OptimizerName = Literal[
    "sgd",
    "momentum",
    "heavy_ball",
    "nesterov",
    "adagrad",
    "adagrad_lagged",
    "adadelta",
    "rmsprop",
    "adam",
    "adam_uncorrected",
    "adamw",
    "nadam",
    "radam",
    "lion",
    "muon",
]

Decay = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class SgdSettings(Settings):
    pass


class MomentumSettings(Settings):
    """Of all forms of momentum: the average, the heavy ball and Nesterov's."""

    beta: Decay


class AdagradSettings(Settings):
    epsilon: Positive


class LaggedAdagradSettings(Settings):
    initial: Positive


class AdadeltaSettings(Settings):
    rho: Decay
    epsilon: Positive


class RmspropSettings(Settings):
    beta: Decay
    epsilon: Positive


class AdamSettings(Settings):
    """Of Adam, Adam as the notes print it, and RAdam."""

    beta1: Decay
    beta2: Decay
    epsilon: Positive


class AdamwSettings(AdamSettings):
    weight_decay: NotNegative


class NadamSettings(AdamSettings):
    warmup: Positive


class LionSettings(Settings):
    beta1: Decay
    beta2: Decay
    weight_decay: NotNegative


class MuonSettings(Settings):
    beta: Decay
    steps: Annotated[int, Field(ge=1)]
    coefficients: Annotated[tuple[float, float, float], Field(strict=False)]
    epsilon: Positive
    adam_rate: Positive
    adam_beta1: Decay
    adam_beta2: Decay
    adam_epsilon: Positive


class RegularisationSettings(Settings):
    """Of weight matrices and kernels, not of biases and norms; `clip` is the largest norm of all gradients together."""

    l1: NotNegative
    l2: NotNegative
    weight_decay: NotNegative
    clip: Positive | None
