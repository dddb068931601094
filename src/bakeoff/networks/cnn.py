"""The convolutional network.

N images; C, H, W channels, height and width.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from bakeoff.networks.settings import LayerSettings, Share, Width, Widths
from bakeoff.networks.spec import NetworkSpec, Shape

if TYPE_CHECKING:
    import torch
    from torch import nn


def odd(size: int) -> int:
    """Return the size of a kernel.

    Raises:
        ValueError: it is even.
    """
    if size % 2 == 0:
        raise ValueError(
            f"invalid kernel {size}: expected an odd size, which has a middle pixel; take {size - 1 or 1} or {size + 1}"
        )
    return size


class CnnSettings(LayerSettings):
    channels: Widths
    kernel: Annotated[int, Field(ge=1, le=1023), AfterValidator(odd)]
    hidden: Width
    dropout: Share

    def size_fault(self, height: int, width: int, images: str) -> str | None:
        short, halvings = min(height, width), len(self.channels)
        if short >> halvings == 0:
            return (
                f"channels has {halvings} entries, and each halves the image: too many for {images}; take fewer entries"
            )
        if self.kernel > short:
            return f"kernel is {self.kernel}, and does not fit {images}; take at most {short - 1 + short % 2}"
        return None


def make(settings: CnnSettings, shape: Shape, classes: int, generator: torch.Generator) -> nn.Module:
    """Return the network. Each maximum halves height and width, dropping an odd last row and column."""
    from torch import nn

    from bakeoff.networks.layers import Parts, chain, channels_last

    C, H, W = shape
    parts = Parts.of(settings, generator)
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise([C, *settings.channels]):
        layers += [parts.convolution(inputs, outputs, settings.kernel), parts.norm(outputs)]
        # An increasing activation commutes with the maximum, and here has a quarter of the values to go through.
        layers += [nn.MaxPool2d(2), parts.active()]
    halvings = len(settings.channels)
    pixels = (H >> halvings) * (W >> halvings)
    layers += [nn.Flatten(), parts.hidden(settings.channels[-1] * pixels, settings.hidden), parts.active()]
    layers += [parts.dropout(settings.dropout), parts.head(settings.hidden, classes)]
    return channels_last(chain(layers))


SPEC = NetworkSpec(
    name="cnn",
    title="convolutional network",
    formula="convolution, normalisation, 2 x 2 maximum and activation for each of `channels`; one hidden dense layer "
    "with activation and dropout; a dense layer",
    source="LeCun, Bottou, Bengio & Haffner 1998, Proceedings of the IEEE 86(11)",
    deviations="maximum for mean, padded convolutions, full connection between channels, one hidden dense layer; "
    "activation, normalisation, initialisation and dropout are settings",
    takes=("images",),
    settings=CnnSettings,
    make=make,
)
