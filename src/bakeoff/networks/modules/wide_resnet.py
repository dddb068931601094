"""The layers of the wide residual network for small images.

N images; C, H, W channels, height and width; K classes.
"""

from torch import Tensor, nn

from bakeoff.networks.layers import Parts, pixel_mean
from bakeoff.networks.modules.resnet import projection, stages
from bakeoff.networks.wide_resnet import WideResnetSettings

STEM = 16  # channels of the first convolution, which is not widened


class WideBlock(nn.Module):
    """x + F(x): normalise, activate, convolve, twice; dropout in the middle.

    Source: Zagoruyko & Komodakis 2016, arXiv:1605.07146, figure 1 d; its order, He et al. 2016, arXiv:1603.05027.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, dropout: float, parts: Parts) -> None:
        super().__init__()
        self.norm1 = parts.norm(inputs)
        self.conv1 = parts.convolution(inputs, outputs, 3, stride)
        self.norm2 = parts.norm(outputs)
        self.dropout = parts.dropout(dropout)
        self.conv2 = parts.convolution(outputs, outputs, 3)
        self.active = parts.active_in_place()
        self.projection = None if inputs == outputs else projection(inputs, outputs, stride, parts)

    def forward(self, x: Tensor) -> Tensor:
        h = self.active(self.norm1(x))
        # A projection sees the activated input, an identity the raw one: where shapes
        # allow, the path from first block to last stays unbroken.
        shortcut = x if self.projection is None else self.projection(h)
        residual: Tensor = self.conv2(self.dropout(self.active(self.norm2(self.conv1(h)))))
        return shortcut + residual


class WideResNet(nn.Module):
    """A convolution, three stages of n blocks, the mean over pixels, a dense layer.

    The stages have 16 k, 32 k and 64 k channels; the second and the third begin by halving height and width. The depth,
    6 n + 4, is the number of convolutions: each stage has a projection beside its 2 n.
    Source: Zagoruyko & Komodakis 2016, arXiv:1605.07146, table 1 with B(3, 3).
    """

    def __init__(self, inputs: int, classes: int, settings: WideResnetSettings, parts: Parts) -> None:
        super().__init__()
        width, n = STEM * settings.widening, (settings.depth - 4) // 6
        self.conv = parts.convolution(inputs, STEM, 3)
        self.blocks = nn.Sequential(*(WideBlock(*sizes, settings.dropout, parts) for sizes in stages(STEM, width, n)))
        self.norm = parts.norm(4 * width)
        self.active = parts.active_in_place()
        self.head = parts.head(4 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, K)."""
        x = self.blocks(self.conv(x))  # (N, 64 k, H / 4, W / 4), rounded up
        x = self.active(self.norm(x))
        logits: Tensor = self.head(pixel_mean(x))
        return logits
