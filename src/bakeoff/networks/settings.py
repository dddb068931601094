"""The sizes of each network."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bakeoff.settings import Settings


def odd(size: int) -> int:
    if size % 2 == 0:
        raise ValueError("an even kernel has no middle; take an odd size")
    return size


Width = Annotated[int, Field(ge=1)]
Widths = Annotated[tuple[Width, ...], Field(strict=False, min_length=1)]
ActivationName = Literal["relu", "tanh", "sigmoid", "softplus"]


class SoftmaxSettings(Settings):
    initial_sigma: Annotated[float, Field(ge=0)]


class MlpSettings(Settings):
    hidden: Widths
    activation: ActivationName


class CnnSettings(Settings):
    channels: Widths
    kernel: Annotated[int, Field(ge=1), AfterValidator(odd)]
    hidden: Width
    activation: ActivationName


class UnetSettings(Settings):
    channels: Width
    depth: Annotated[int, Field(ge=1)]
    activation: ActivationName
