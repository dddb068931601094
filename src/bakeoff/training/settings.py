"""How long, in which portions and how often a network is trained, at which rate, and where."""

from typing import Annotated, Literal

from pydantic import Field

from bakeoff.settings import Settings

Device = Literal["cpu", "cuda", "auto"]
LearningRate = Annotated[float, Field(gt=0)]


class TrainingSettings(Settings):
    seeds: Annotated[int, Field(ge=1)]
    epochs: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=1)]
