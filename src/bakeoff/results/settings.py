"""The section `comparison` of params.yaml."""

from typing import Annotated

from pydantic import Field

from bakeoff.base.settings import Settings
from bakeoff.base.values import Share


class ComparisonSettings(Settings):
    """Settings of the comparison of runs.

    Attributes:
        confidence: of every interval, and 1 - confidence is the error rate of a whole family of comparisons.
        unstable_above: a cell with a larger standard deviation over seeds is too unstable to rank; a share of the
            metric's range, from chance to perfect.
        resamples: bootstrap resamples.
        seed: of the resampling.
    """

    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    unstable_above: Share
    resamples: Annotated[int, Field(ge=1000, le=10**6)]
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)]
