"""The sizes of each network."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from bakeoff.settings import Settings


def odd(size: int) -> int:
    if size % 2 == 0:
        raise ValueError(f"a kernel of {size} has no middle; take an odd size")
    return size


def six_blocks(beside: int) -> AfterValidator:
    """A depth of 6 n + `beside` layers, n at least 1."""

    def deep(depth: int) -> int:
        below = max(6, (depth - beside) // 6 * 6) + beside
        if depth < below or (depth - beside) % 6:
            raise ValueError(f"{depth} layers are not 6 n + {beside}; take {below} or {below + 6}")
        return depth

    return AfterValidator(deep)


def he_xavier_or_sigma(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    try:
        return check(value)
    except ValidationError:
        raise ValueError(
            f"{value!r} is no initialisation; take he, xavier, or a number from 0 on, the sigma of a Gaussian"
        ) from None


Width = Annotated[int, Field(ge=1)]
Widths = Annotated[tuple[Width, ...], Field(strict=False, min_length=1)]
ActivationName = Literal["step", "sigmoid", "tanh", "relu", "softplus", "gelu"]
NormalisationName = Literal["batch", "lrn_across", "lrn_within", "none"]
InitialisationName = Literal["he", "xavier"]
Sigma = Annotated[float, Field(ge=0)]
Shortcut = Literal["identity", "projection", "none"]


class SoftmaxSettings(Settings):
    initial_sigma: Sigma


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


class ResidualSettings(Settings):
    normalisation: NormalisationName
    activation: ActivationName
    initialisation: Annotated[InitialisationName | Sigma, WrapValidator(he_xavier_or_sigma)]


class ResnetSettings(ResidualSettings):
    """The shortcuts that change shape: `identity` pads with zeros (He's option A), `projection` learns (option B)."""

    depth: Annotated[int, six_blocks(beside=2)]
    channels: Width
    shortcut: Shortcut


class WideResnetSettings(ResidualSettings):
    depth: Annotated[int, six_blocks(beside=4)]
    widening: Width
    dropout: Annotated[float, Field(ge=0, lt=1)]
