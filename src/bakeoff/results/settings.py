"""The `comparison` section of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from bakeoff.base.settings import Settings

Metric = Literal["accuracy", "auc", "dice"]  # all of them better when higher, none outside [0, 1]


class ComparisonSettings(Settings):
    """How the runs are compared.

    Attributes:
        metric: what decides each task; the tasks named here are the ones compared.
        confidence: of every interval, and 1 - confidence is the error rate of a whole family of comparisons.
        resamples: bootstrap resamples.
        seed: of the resampling.
    """

    metric: Annotated[dict[str, Metric], Field(min_length=1)]
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    resamples: Annotated[int, Field(ge=1000, le=10**6)]
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)]
