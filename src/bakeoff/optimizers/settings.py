"""The constants of each update rule. Learning rates stand with the tasks, because they are tuned for each."""

from typing import Annotated, Literal

from pydantic import Field

from bakeoff.settings import Settings

# The closed set: params.yaml is checked against it, and a test holds the registry to it.
OptimizerName = Literal["sgd", "momentum", "adagrad", "adadelta", "rmsprop", "adam"]

Decay = Annotated[float, Field(ge=0, lt=1)]
Epsilon = Annotated[float, Field(gt=0)]


class SgdSettings(Settings):
    pass


class MomentumSettings(Settings):
    beta: Decay


class AdagradSettings(Settings):
    epsilon: Epsilon


class AdadeltaSettings(Settings):
    rho: Decay
    epsilon: Epsilon


class RmspropSettings(Settings):
    beta: Decay
    epsilon: Epsilon


class AdamSettings(Settings):
    beta1: Decay
    beta2: Decay
    epsilon: Epsilon
