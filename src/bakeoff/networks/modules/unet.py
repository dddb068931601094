"""The layers of the UNet.

N images; C, H, W channels, height and width; K classes.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bakeoff.networks.activations import Activation
from bakeoff.networks.layers import convolution


class Unet(nn.Module):
    """Down `depth` levels that halve height and width and double the channels, then up again beside what came down.

    Source: Ronneberger, Fischer & Brox 2015, arXiv:1505.04597, figure 1.
    """

    def __init__(
        self, inputs: int, widths: list[int], classes: int, act: Activation, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.down = nn.ModuleList(block(a, b, act, generator) for a, b in pairwise([inputs, *widths]))
        self.up = nn.ModuleList(block(low + skip, skip, act, generator) for skip, low in reversed([*pairwise(widths)]))
        self.head = convolution(widths[0], classes, 1, 1.0, generator)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, K, H, W)."""
        skips: list[Tensor] = []
        for level, down in enumerate(self.down):
            x = down(F.max_pool2d(x, 2) if level else x)
            skips.append(x)
        skips.pop()  # the lowest level has nothing beside it
        for up in self.up:
            skip = skips.pop()
            # To the skip's own size: at odd sizes doubling would fall short of it by one.
            x = up(torch.cat([skip, F.interpolate(x, size=skip.shape[-2:], mode="nearest")], 1))
        logits: Tensor = self.head(x)
        return logits


def block(inputs: int, outputs: int, activation: Activation, generator: torch.Generator) -> nn.Module:
    """Return two 3 x 3 convolutions, an activation after each."""
    return nn.Sequential(
        convolution(inputs, outputs, 3, activation.gain, generator),
        activation.build(),
        convolution(outputs, outputs, 3, activation.gain, generator),
        activation.build(),
    )
