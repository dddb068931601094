"""The U-Net: from an image to one logit a class for each of its pixels. Its layers are in `modules.unet`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from bakeoff.networks.settings import (
    ActivationName,
    Initialisation,
    NetworkSettings,
    RowNormalisationName,
    Share,
    Width,
)
from bakeoff.networks.spec import NetworkSpec, Shape

if TYPE_CHECKING:
    import torch
    from torch import nn

Padding = Literal["same", "valid"]
Up = Literal["transpose", "nearest", "bilinear"]

# Times the pixels of an image: the network takes images of any size, and a deep one would fill the memory with mirrors.
MIRRORED_AT_MOST = 64


class UnetSettings(NetworkSettings):
    """The settings of a U-Net.

    Attributes:
        channels: of the first level; each level below has twice as many.
        depth: number of halvings of height and width.
        padding: `same` puts zeros around each feature map; `valid` convolutions take away borders, and the input is
            mirrored so far that the output has its size.
        up: `transpose` is a learnt 2 x 2 up-convolution, which halves the channels; the others interpolate.
        dropout: rate at the end of the lowest level.
        residual: adds a shortcut around the two convolutions of each level.
        skips: joins each level of the expanding path with that of the contracting path.
    """

    channels: Width
    depth: Annotated[int, Field(ge=1, le=16)]
    padding: Padding
    up: Up
    normalisation: RowNormalisationName
    dropout: Share
    residual: bool
    skips: bool
    activation: ActivationName
    initialisation: Initialisation

    def size_fault(self, height: int, width: int, images: str) -> str | None:
        taken = math.prod(side + sum(self.borders(side)) for side in (height, width))
        if taken > MIRRORED_AT_MOST * height * width:
            return (
                f"depth is {self.depth}, so that the network takes {images} with mirrored borders, which makes more "
                f"than {MIRRORED_AT_MOST} times as many pixels; take fewer levels"
            )
        return None

    def training_size_fault(self, height: int, width: int, images: str) -> str | None:
        if self.normalisation == "batch" and self.lowest(height) == self.lowest(width) == 1:
            return (
                f"normalisation is 'batch', and of {images} the lowest level has one pixel, of which a batch of one "
                "example has no variance; take fewer levels, or normalisation: none"
            )
        return None

    @property
    def lost(self) -> int:
        """The pixels of height and width that each level of the expanding path loses."""
        if self.padding == "same":
            return 0
        # An interpolated pixel at a border would depend on where the image was cut.
        return 6 if self.up == "bilinear" else 4

    def lowest(self, pixels: int) -> int:
        """Return the number of pixels at the end of the lowest level for an output of at least this size."""
        step = 1 << self.depth
        return -(-(pixels + self.lost * (step - 1)) // step)

    def borders(self, pixels: int) -> tuple[int, int]:
        """Return the padding before and after the image along one axis."""
        step = 1 << self.depth
        behind = step * self.lowest(pixels) - self.lost * (step - 1) - pixels
        margin = 0 if self.padding == "same" else (4 * step + (4 + self.lost) * (step - 1)) // 2
        return margin, margin + behind


def make(settings: UnetSettings, shape: Shape, classes: int, generator: torch.Generator) -> nn.Module:
    """Return the network."""
    from bakeoff.networks.layers import Parts, channels_last
    from bakeoff.networks.modules.unet import Unet

    return channels_last(Unet(shape[0], classes, settings, Parts.of(settings, generator)))


SPEC = NetworkSpec(
    name="unet",
    title="U-Net",
    formula="two 3 x 3 convolutions a level; down `depth` levels that halve height and width and double the channels, "
    "then up again, each level joined with the one that came down",
    source="Ronneberger, Fischer & Brox 2015, arXiv:1505.04597",
    deviations="width, depth, padding, the kind of enlargement, normalisation, dropout, residual blocks, skip "
    "connections, activation and initialisation are settings; the lowest level alone has dropout; an image of any "
    "size is mirrored to what the depth needs, and the output cropped to it",
    takes=("scans",),
    settings=UnetSettings,
    make=make,
)
