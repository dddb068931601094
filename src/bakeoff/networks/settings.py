"""The sizes of each network."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import Settings


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
            f"{quoted(value)} is no initialisation; take he, xavier, or a number from 0 to 1000, a standard deviation"
        ) from None


Width = Annotated[int, Field(ge=1, le=2**16)]
Widths = Annotated[tuple[Width, ...], Field(strict=False, min_length=1)]
ActivationName = Literal["step", "sigmoid", "tanh", "relu", "softplus", "gelu"]
NormalisationName = Literal["batch", "lrn_across", "lrn_within", "none"]
RowNormalisationName = Literal["batch", "none"]
InitialisationName = Literal["he", "xavier"]
Sigma = Annotated[float, Field(ge=0, le=1e3)]
Initialisation = Annotated[InitialisationName | Sigma, WrapValidator(he_xavier_or_sigma)]
Share = Annotated[float, Field(ge=0, lt=1)]
Shortcut = Literal["identity", "projection", "none"]


class SoftmaxSettings(Settings):
    initial_sigma: Sigma


class LayerSettings(Settings):
    """The settings that all networks of images share."""

    normalisation: NormalisationName
    activation: ActivationName
    initialisation: Initialisation


class MlpSettings(Settings):
    hidden: Widths
    normalisation: RowNormalisationName
    activation: ActivationName
    initialisation: Initialisation
    dropout: Share


class CnnSettings(LayerSettings):
    channels: Widths
    kernel: Annotated[int, Field(ge=1, le=1023), AfterValidator(odd)]
    hidden: Width
    dropout: Share


class UnetSettings(Settings):
    channels: Width
    depth: Annotated[int, Field(ge=1, le=16)]
    activation: ActivationName


class ResnetSettings(LayerSettings):
    """The shortcuts that change shape: `identity` pads with zeros (He's option A), `projection` learns (option B)."""

    depth: Annotated[int, Field(le=2000), six_blocks(beside=2)]
    channels: Width
    shortcut: Shortcut


class WideResnetSettings(LayerSettings):
    depth: Annotated[int, Field(le=2000), six_blocks(beside=4)]
    widening: Annotated[int, Field(ge=1, le=1024)]
    dropout: Share
