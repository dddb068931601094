"""The layers of the residual network for small images.

N images; C, H, W channels, height and width; K classes.
"""

from collections.abc import Iterator

import torch.nn.functional as F
from torch import Tensor, nn

from bakeoff.networks.layers import Parts, pixel_mean
from bakeoff.networks.resnet import ResnetSettings, Shortcut


class Subsampled(nn.Module):
    """The input at every `stride`-th pixel, with `added` channels of zeros behind its own."""

    def __init__(self, stride: int, added: int = 0) -> None:
        super().__init__()
        self.stride, self.added = stride, added

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C + added, H / stride, W / stride), rounded up."""
        # The mean of one pixel, not a slice: see `pixel_mean`.
        return F.pad(F.avg_pool2d(x, 1, self.stride), (0, 0, 0, 0, 0, self.added))


def projection(inputs: int, outputs: int, stride: int, parts: Parts) -> nn.Sequential:
    """Return a 1 x 1 convolution of every `stride`-th pixel."""
    # The same as a strided convolution, which crashes backwards for 2 to 7 inputs in the oneDNN of torch 2.13.
    return nn.Sequential(Subsampled(stride), parts.convolution(inputs, outputs, 1))


class Block(nn.Module):
    """y = f(F(x) + x): two 3 x 3 convolutions, each normalised, and the shortcut around both.

    Source: He et al. 2015, arXiv:1512.03385, equation 1 and figure 2.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, shortcut: Shortcut, parts: Parts) -> None:
        super().__init__()
        self.conv1 = parts.convolution(inputs, outputs, 3, stride)
        self.norm1 = parts.norm(outputs)
        self.conv2 = parts.convolution(outputs, outputs, 3)
        self.norm2 = parts.norm(outputs)
        self.active = parts.active_in_place()
        self.shortcut: nn.Module | None
        if shortcut == "none":
            self.shortcut = None
        elif inputs == outputs:
            self.shortcut = nn.Identity()
        elif shortcut == "identity":
            self.shortcut = Subsampled(stride, outputs - inputs)
        else:
            self.shortcut = projection(inputs, outputs, stride, parts).append(parts.norm(outputs))

    def forward(self, x: Tensor) -> Tensor:
        residual = self.norm2(self.conv2(self.active(self.norm1(self.conv1(x)))))
        y: Tensor = self.active(residual if self.shortcut is None else residual + self.shortcut(x))
        return y


class ResNet(nn.Module):
    """A convolution, three stages of n blocks, the mean over pixels, a dense layer: 6 n + 2 layers with weights.

    The stages have w, 2 w and 4 w channels; the second and the third begin by halving height and width.
    Source: He et al. 2015, arXiv:1512.03385, section 4.2.
    """

    def __init__(self, inputs: int, classes: int, settings: ResnetSettings, parts: Parts) -> None:
        super().__init__()
        w, n = settings.channels, (settings.depth - 2) // 6
        self.conv = parts.convolution(inputs, w, 3)
        self.norm = parts.norm(w)
        self.active = parts.active_in_place()
        self.blocks = nn.Sequential(*(Block(*sizes, settings.shortcut, parts) for sizes in stages(w, w, n)))
        self.head = parts.head(4 * w, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, K)."""
        x = self.active(self.norm(self.conv(x)))
        x = self.blocks(x)  # (N, 4 w, H / 4, W / 4), rounded up
        logits: Tensor = self.head(pixel_mean(x))
        return logits


def stages(inputs: int, width: int, n: int) -> Iterator[tuple[int, int, int]]:
    """Yield channels in, channels out and stride of each block: n with `width` channels, then twice, then 4 times."""
    for stage in range(3):
        outputs = width << stage
        for block in range(n):
            yield inputs, outputs, 2 if stage > 0 and block == 0 else 1
            inputs = outputs
