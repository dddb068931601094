"""The layers of the U-Net.

N images; C, H, W channels, height and width; K classes.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bakeoff.networks.layers import Parts, chain, mirrored
from bakeoff.networks.unet import Padding, UnetSettings, Up


class Unet(nn.Module):
    """A contracting path of `depth` levels that halve height and width, and an expanding path with skip connections.

    Source: Ronneberger, Fischer & Brox 2015, arXiv:1505.04597, figures 1 and 2.
    """

    def __init__(self, inputs: int, classes: int, settings: UnetSettings, parts: Parts) -> None:
        super().__init__()
        self.settings = settings
        widths = [settings.channels << level for level in range(settings.depth + 1)]
        self.down = nn.ModuleList(block(a, b, settings, parts) for a, b in pairwise([inputs, *widths]))
        self.dropout = parts.dropout(settings.dropout)
        rising = list(reversed([*pairwise(widths)]))
        self.enlarge = nn.ModuleList(enlargement(low, skip, settings.up, parts) for skip, low in rising)
        self.up = nn.ModuleList(block(joined(low, skip, settings), skip, settings, parts) for skip, low in rising)
        self.head = parts.pixel_head(widths[0], classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, K, H, W)."""
        height, width = x.shape[-2:]
        return self.whole(self.mirrored(x))[..., :height, :width]

    def mirrored(self, x: Tensor) -> Tensor:
        """Return the images with the borders that the output loses: (N, C, H, W) -> (N, C, H + ..., W + ...)."""
        for axis in (-2, -1):
            before, behind = self.settings.borders(x.shape[axis])
            if before or behind:
                x = x.index_select(axis, reflection(x.shape[axis], before, behind).to(x.device))
        return x

    def whole(self, x: Tensor) -> Tensor:
        """Return the logits of images that have their borders, without those: (N, C, H + ..., W + ...) -> (N, K, H, W).

        With `valid` padding the logits of a tile are those of the whole image, where the tile begins at a multiple of
        2 ^ depth pixels and has the same borders.
        """
        skips: list[Tensor] = []
        for level, down in enumerate(self.down):
            x = down(F.max_pool2d(x, 2) if level else x)
            skips.append(x)
        skips.pop()  # the lowest level has nothing beside it
        x = self.dropout(x)
        crop = 1 if self.settings.padding == "valid" and self.settings.up == "bilinear" else 0
        for enlarge, up in zip(self.enlarge, self.up, strict=True):
            x, skip = cropped(enlarge(x), crop), skips.pop()
            if self.settings.skips:
                x = torch.cat([cropped(skip, (skip.shape[-1] - x.shape[-1]) // 2), x], 1)
            x = up(x)
        logits: Tensor = self.head(x)
        return logits


class Residual(nn.Module):
    """y = f(F(x) + x), F the convolutions of a level and x its input, through a 1 x 1 convolution where widths differ.

    Source: He et al. 2015, arXiv:1512.03385; in a U-Net Zhang, Liu & Wang 2018, arXiv:1711.10684.
    """

    def __init__(self, inputs: int, outputs: int, padding: Padding, parts: Parts) -> None:
        super().__init__()
        layers = convolutions(inputs, outputs, padding, parts)
        self.residual = chain(layers[:-1])
        self.active = layers[-1]
        self.lost = 2 if padding == "valid" else 0
        self.shortcut: nn.Module = nn.Identity()
        if inputs != outputs:
            self.shortcut = chain([parts.convolution(inputs, outputs, 1), parts.norm(outputs)])

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.active(self.residual(x) + self.shortcut(cropped(x, self.lost)))
        return y


class Bilinear(nn.Module):
    """Twice the height and width, by linear interpolation along each axis between the centres of pixels.

    It is `nn.Upsample(scale_factor=2, mode="bilinear")`, written with slices: on a GPU torch's own gradient is
    deterministic only through a slow decomposition, which adds up by indices.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 2 H, 2 W)."""
        for axis in (2, 3):
            length = x.shape[axis]
            before = torch.cat([x.narrow(axis, 0, 1), x.narrow(axis, 0, length - 1)], axis)
            after = torch.cat([x.narrow(axis, 1, length - 1), x.narrow(axis, length - 1, 1)], axis)
            halves = torch.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], axis + 1)
            x = halves.flatten(axis, axis + 1)
        return x


def block(inputs: int, outputs: int, settings: UnetSettings, parts: Parts) -> nn.Module:
    """Return the convolutions of one level."""
    if settings.residual:
        return Residual(inputs, outputs, settings.padding, parts)
    return chain(convolutions(inputs, outputs, settings.padding, parts))


def convolutions(inputs: int, outputs: int, padding: Padding, parts: Parts) -> list[nn.Module]:
    """Return two 3 x 3 convolutions, each normalised and activated."""
    layers: list[nn.Module] = []
    for a, b in ((inputs, outputs), (outputs, outputs)):
        convolution = parts.convolution(a, b, 3, padded=padding == "same")
        layers += [convolution, parts.norm(b), parts.active_in_place()]
    return layers


def enlargement(low: int, skip: int, up: Up, parts: Parts) -> nn.Module:
    """Return the layer that doubles height and width."""
    if up == "transpose":
        return parts.up_convolution(low, skip)
    return Bilinear() if up == "bilinear" else nn.Upsample(scale_factor=2, mode=up)


def joined(low: int, skip: int, settings: UnetSettings) -> int:
    """Return the channels that a level of the expanding path takes: enlarged ones, and those of the skip connection."""
    return (skip if settings.up == "transpose" else low) + (skip if settings.skips else 0)


def cropped(x: Tensor, border: int) -> Tensor:
    """Return the images without a margin at each side."""
    return x[..., border:-border, border:-border] if border else x


def reflection(pixels: int, before: int, behind: int) -> Tensor:
    """Return the index of the pixel at each place of a row that is mirrored at its ends, as often as it takes."""
    return mirrored(torch.arange(-before, pixels + behind), pixels)
