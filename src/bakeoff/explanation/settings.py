"""The section `explanation` of params.yaml."""

from typing import Annotated

from pydantic import Field

from bakeoff.base.settings import Settings
from bakeoff.base.values import Seed


class ExplanationSettings(Settings):
    """Settings of `bakeoff explain`. No stage depends on it.

    Attributes:
        bins: of equal width, of a reliability diagram.
        errors: how many of the most confident ones are shown.
        repeats: permutations of each column of a table.
        seed: of the permutations.
    """

    bins: Annotated[int, Field(ge=1, le=1000)]
    errors: Annotated[int, Field(ge=1, le=1000)]
    repeats: Annotated[int, Field(ge=1, le=1000)]
    seed: Seed
