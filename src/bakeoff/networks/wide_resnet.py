"""The wide residual network for small images. Its layers are in `modules.wide_resnet`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bakeoff.networks.resnet import ResidualSettings, six_blocks
from bakeoff.networks.settings import Share
from bakeoff.networks.spec import NetworkSpec, Shape

if TYPE_CHECKING:
    import torch
    from torch import nn


class WideResnetSettings(ResidualSettings):
    depth: Annotated[int, Field(le=2000), six_blocks(beside=4)]
    widening: Annotated[int, Field(ge=1, le=1024)]
    dropout: Share


def make(settings: WideResnetSettings, shape: Shape, classes: int, generator: torch.Generator) -> nn.Module:
    """Return the network. Its dropout goes on drawing from the generator in training."""
    from bakeoff.networks.layers import Parts, channels_last
    from bakeoff.networks.modules.wide_resnet import WideResNet

    return channels_last(WideResNet(shape[0], classes, settings, Parts.of(settings, generator)))


SPEC = NetworkSpec(
    name="wide_resnet",
    title="wide residual network",
    formula="a convolution; three stages of n blocks x + F(x), F normalises, activates and convolves twice, with "
    "dropout in the middle; the mean over pixels; a dense layer: 6 n + 4 convolutions",
    source="Zagoruyko & Komodakis 2016, arXiv:1605.07146",
    deviations="activation, normalisation and initialisation are settings",
    takes=("images",),
    settings=WideResnetSettings,
    make=make,
)
