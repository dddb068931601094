"""The section `baselines` of params.yaml, apart from its code, which imports scikit-learn: every stage reads this."""

from typing import Annotated, Literal

from pydantic import Field

from bakeoff.base.settings import Settings
from bakeoff.base.values import PositiveFloat

BaselineName = Literal["logistic", "boosting"]
Count = Annotated[int, Field(ge=1, le=10**9)]


class LogisticSettings(Settings):
    penalty: Annotated[float, Field(ge=0, le=1e30)]
    tolerance: Annotated[float, Field(gt=0, le=0.01)]  # at the start the slope of the mean loss is below 1
    iterations: Count


class BoostingSettings(Settings):
    trees: Count
    learning_rate: PositiveFloat
    leaves: Annotated[int, Field(ge=2, le=10**9)]
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)]
