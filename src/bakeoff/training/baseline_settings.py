"""The section `baselines` of params.yaml, apart from its code, which imports scikit-learn: every stage reads this."""

from typing import Annotated, Literal

from pydantic import Field

from bakeoff.settings import Settings

BaselineName = Literal["logistic", "boosting"]
Positive = Annotated[float, Field(gt=0)]


class LogisticSettings(Settings):
    penalty: Annotated[float, Field(ge=0)]
    tolerance: Positive
    iterations: Annotated[int, Field(ge=1)]


class BoostingSettings(Settings):
    trees: Annotated[int, Field(ge=1)]
    learning_rate: Positive
    leaves: Annotated[int, Field(ge=2)]
    seed: Annotated[int, Field(ge=0)]
