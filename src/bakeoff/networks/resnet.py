"""The residual network for small images. Its layers are in `modules.resnet`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from bakeoff.networks.settings import LayerSettings, Width
from bakeoff.networks.spec import NetworkSpec, Shape

if TYPE_CHECKING:
    import torch
    from torch import nn

Shortcut = Literal["identity", "projection", "none"]


def six_blocks(beside: int) -> AfterValidator:
    """Return the validator of a depth of 6 n + `beside` layers, n at least 1."""

    def valid(depth: int) -> int:
        below = max(6, (depth - beside) // 6 * 6) + beside
        if depth < below or (depth - beside) % 6:
            raise ValueError(f"invalid depth {depth}: expected 6 n + {beside} layers; take {below} or {below + 6}")
        return depth

    return AfterValidator(valid)


class ResidualSettings(LayerSettings):
    """The settings of networks whose last stage has a quarter of the height and width of the images."""

    def training_size_fault(self, height: int, width: int, images: str) -> str | None:
        if self.normalisation == "batch" and max(height, width) <= 4:
            return (
                f"normalisation is 'batch', and of {images} the last stage has one pixel, of which a batch of one "
                "example has no variance; take normalisation: none"
            )
        return None


class ResnetSettings(ResidualSettings):
    """The shortcuts that change shape: `identity` pads with zeros (He's option A), `projection` learns (option B)."""

    depth: Annotated[int, Field(le=2000), six_blocks(beside=2)]
    channels: Width
    shortcut: Shortcut


def make(settings: ResnetSettings, shape: Shape, classes: int, generator: torch.Generator) -> nn.Module:
    """Return the network."""
    from bakeoff.networks.layers import Parts, channels_last
    from bakeoff.networks.modules.resnet import ResNet

    return channels_last(ResNet(shape[0], classes, settings, Parts.of(settings, generator)))


SPEC = NetworkSpec(
    name="resnet",
    title="residual network",
    formula="a convolution; three stages of n blocks y = f(F(x) + x), F two 3 x 3 convolutions; the mean over pixels; "
    "a dense layer: 6 n + 2 layers with weights",
    source="He, Zhang, Ren & Sun 2015, arXiv:1512.03385, section 4.2",
    deviations="width, activation, normalisation, initialisation and the kind of shortcut are settings; the added "
    "channels of zeros stand behind the others",
    takes=("images",),
    settings=ResnetSettings,
    make=make,
)
