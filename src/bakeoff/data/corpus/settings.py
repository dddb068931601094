"""The section `data.corpus` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from bakeoff.data.settings import Positive
from bakeoff.settings import Settings


class CorpusSettings(Settings):
    source: Literal["wikipedia-sample"]
    vocabulary_size: Annotated[int, Field(ge=2)]
    minimum_count: Positive
