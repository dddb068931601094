"""The UNet: from an image to one logit a class for each of its pixels. Its layers stand in `modules.unet`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bakeoff.networks.settings import ActivationName, NetworkSettings, Width
from bakeoff.networks.spec import NetworkSpec, Shape

if TYPE_CHECKING:
    import torch
    from torch import nn


class UnetSettings(NetworkSettings):
    """channels: of the first level; each level below has twice as many."""

    channels: Width
    depth: Annotated[int, Field(ge=1, le=16)]
    activation: ActivationName

    def size_fault(self, height: int, width: int, images: str) -> str | None:
        if min(height, width) >> self.depth == 0:
            return f"depth is {self.depth}, and each level halves the image: too many for {images}; take fewer levels"
        return None


def make(settings: UnetSettings, shape: Shape, classes: int, generator: torch.Generator) -> nn.Module:
    """Return the network."""
    from bakeoff.networks.activations import ACTIVATIONS
    from bakeoff.networks.layers import channels_last
    from bakeoff.networks.modules.unet import Unet

    widths = [settings.channels << level for level in range(settings.depth + 1)]
    return channels_last(Unet(shape[0], widths, classes, ACTIVATIONS[settings.activation], generator))


SPEC = NetworkSpec(
    name="unet",
    title="UNet",
    formula="down `depth` levels that halve height and width and double the channels, then up again, each level joined "
    "with the one that came down",
    source="Ronneberger, Fischer & Brox 2015, arXiv:1505.04597",
    deviations="padded convolutions; nearest-neighbour enlargement for up-convolutions; no dropout; fewer levels",
    takes=("scans",),
    settings=UnetSettings,
    make=make,
)
