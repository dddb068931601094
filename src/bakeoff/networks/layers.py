"""Layers whose weights and dropout masks are drawn from the caller's generator only.

N examples; C, H, W channels, height and width.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bakeoff.networks.activations import ACTIVATIONS, Activation
from bakeoff.networks.dense import Linear
from bakeoff.networks.initialisations import sigma
from bakeoff.networks.normalisations import NORMALISATIONS, Normalisation

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


class Conv2d(nn.Conv2d):
    """A convolution whose weights are drawn by the caller."""

    def reset_parameters(self) -> None:
        """Draw nothing: torch's own initialisation would take its numbers from the global generator."""


class ConvTranspose2d(nn.ConvTranspose2d):
    """An up-convolution whose weights are drawn by the caller."""

    def reset_parameters(self) -> None:
        """Draw nothing: torch's own initialisation would take its numbers from the global generator."""


class Layered(Protocol):
    """The settings of layers."""

    @property
    def activation(self) -> str: ...
    @property
    def normalisation(self) -> str: ...
    @property
    def initialisation(self) -> str | float: ...


def linear(inputs: int, outputs: int, deviation: float, generator: torch.Generator, *, bias: bool = True) -> nn.Linear:
    """Return a dense layer with weights from N(0, deviation^2) and biases of 0."""
    return drawn(Linear(inputs, outputs, bias=bias), deviation, generator)


def convolution(inputs: int, outputs: int, kernel: int, gain: float, generator: torch.Generator) -> nn.Conv2d:
    """Return a convolution that keeps height and width; its outputs are about as large as its inputs, times gain."""
    layer = Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    return drawn(layer, sigma("he", inputs * kernel**2, outputs * kernel**2, gain), generator)


@dataclass(frozen=True)
class Parts:
    """A maker of layers that have the activation, the normalisation and the initialisation of one network."""

    activation: Activation
    normalisation: Normalisation
    initialisation: str | float
    generator: torch.Generator

    @classmethod
    def of(cls, settings: Layered, generator: torch.Generator) -> "Parts":
        """Return the parts that the settings of a network name."""
        activation, normalisation = ACTIVATIONS[settings.activation], NORMALISATIONS[settings.normalisation]
        return cls(activation, normalisation, settings.initialisation, generator)

    def convolution(self, inputs: int, outputs: int, kernel: int, stride: int = 1, *, padded: bool = True) -> nn.Conv2d:
        """Return a convolution that divides height and width by the stride, rounded up.

        It has a bias where the normalisation adds no shift. Without padding it takes away a border of kernel // 2.
        """
        bias = not self.normalisation.shifts
        layer = Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2 if padded else 0, bias=bias)
        fan_in, fan_out = inputs * kernel**2, outputs * kernel**2
        return drawn(layer, sigma(self.initialisation, fan_in, fan_out, self.activation.gain), self.generator)

    def up_convolution(self, inputs: int, outputs: int) -> nn.ConvTranspose2d:
        """Return a 2 x 2 up-convolution, which doubles height and width. No activation follows it."""
        layer = ConvTranspose2d(inputs, outputs, 2, stride=2)
        # Its kernels do not overlap: an output pixel takes one input pixel, and that one gives four output pixels.
        return drawn(layer, sigma(self.initialisation, inputs, 4 * outputs, 1.0), self.generator)

    def pixel_head(self, inputs: int, outputs: int) -> nn.Conv2d:
        """Return the last layer of a network for pixels: a 1 x 1 convolution, which no activation follows."""
        layer = Conv2d(inputs, outputs, 1)
        return drawn(layer, sigma(self.initialisation, inputs, outputs, 1.0), self.generator)

    def norm(self, channels: int) -> nn.Module:
        """Return the normalisation layer for a number of channels."""
        return self.normalisation.build(channels)

    def hidden(self, inputs: int, outputs: int, *, bias: bool = True) -> nn.Linear:
        """Return a dense layer that the activation follows."""
        deviation = sigma(self.initialisation, inputs, outputs, self.activation.gain)
        return linear(inputs, outputs, deviation, self.generator, bias=bias)

    def active(self) -> nn.Module:
        """Return the activation."""
        return self.activation.build()

    def active_in_place(self) -> nn.Module:
        """Return the activation, which may write over its input: a sum, or the output of `norm`."""
        # The backward pass of batch norm reads its input, not its output. Other normalisations may return a tensor
        # that the backward pass still needs.
        in_place = self.activation is ACTIVATIONS["relu"] and self.normalisation is NORMALISATIONS["batch"]
        return nn.ReLU(inplace=True) if in_place else self.active()

    def head(self, inputs: int, outputs: int) -> nn.Linear:
        """Return the last layer, dense, which no activation follows."""
        return linear(inputs, outputs, sigma(self.initialisation, inputs, outputs, 1.0), self.generator)

    def dropout(self, rate: float) -> nn.Module:
        """Return dropout; the identity at a rate of 0."""
        return Dropout(rate, self.generator) if rate > 0 else nn.Identity()


class Dropout(nn.Module):
    """In training each value becomes 0 with probability `rate`, and the others grow by 1 / (1 - rate).

    Source: Srivastava et al. 2014, JMLR 15.
    Differs: nn.Dropout draws from torch's global generator. Here each mask has a generator of its own where x lies, and
    only its seed comes out of the one given: a training that draws weights, order and masks from one generator is
    resumed by restoring that one, and moves it on by as much whatever the size of a batch.
    """

    def __init__(self, rate: float, generator: torch.Generator) -> None:
        super().__init__()
        self.rate, self.generator = rate, generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        seed = int(torch.randint(2**63 - 1, (), generator=self.generator))
        # Not bernoulli_, whose numbers come from MKL on some processors and not on others.
        mask = torch.empty_like(x).uniform_(generator=torch.Generator(x.device).manual_seed(seed)) >= self.rate
        return x * mask / (1 - self.rate)


def chain(layers: Iterable[nn.Module]) -> nn.Sequential:
    """Return the layers in sequence, without identities, whose calls take time in small networks."""
    return nn.Sequential(*(layer for layer in layers if not isinstance(layer, nn.Identity)))


def drawn(layer: Layer, deviation: float, generator: torch.Generator) -> Layer:
    """Return the layer with weights from N(0, deviation^2) and biases of 0."""
    nn.init.normal_(layer.weight, std=deviation, generator=generator)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def pixel_mean(x: Tensor) -> Tensor:
    """Return the mean over pixels: (N, C, H, W) -> (N, C)."""
    # The gradient of a pooling has the layout of its input. That of `mean`, like that of a slice, has the channels
    # first, which makes the gradient of the activation before it twenty times as slow.
    return F.avg_pool2d(x, x.shape[2:]).flatten(1)


def channels_last(network: nn.Module) -> nn.Module:
    """Return the network, the weights of its convolutions laid out for oneDNN's faster kernels; no value changes."""
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def mirrored(index: Tensor, size: int) -> Tensor:
    """Return places mirrored into 0 ... size - 1 at the first and the last, as often as it takes: -1 becomes 1."""
    index = index.remainder(max(2 * (size - 1), 1))
    return torch.minimum(index, 2 * (size - 1) - index) if size > 1 else index
