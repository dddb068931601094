"""Activations, and layers whose weights are drawn from a generator of the caller's and from nothing else."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)


@dataclass(frozen=True)
class Activation:
    build: Callable[[], nn.Module]
    gain: float  # weights of deviation gain / sqrt(fan in) keep the scale of signals from layer to layer
    source: str


ACTIVATIONS = {
    "relu": Activation(nn.ReLU, math.sqrt(2), "He et al. 2015, arXiv:1502.01852"),
    "tanh": Activation(nn.Tanh, 1.0, "LeCun et al. 1998, Efficient BackProp"),
    "sigmoid": Activation(nn.Sigmoid, 1.0, "LeCun et al. 1998, Efficient BackProp"),
    "softplus": Activation(nn.Softplus, math.sqrt(2), "as relu, of which it is the smooth form"),
}


def linear(inputs: int, outputs: int, sigma: float, generator: torch.Generator) -> nn.Linear:
    """A dense layer with weights from N(0, sigma^2) and biases of 0."""
    return drawn(nn.Linear(inputs, outputs, device="meta"), sigma, generator)


def dense(inputs: int, outputs: int, gain: float, generator: torch.Generator) -> nn.Linear:
    """A dense layer whose outputs are about as large as its inputs, times gain."""
    return linear(inputs, outputs, gain / math.sqrt(inputs), generator)


def convolution(inputs: int, outputs: int, kernel: int, gain: float, generator: torch.Generator) -> nn.Conv2d:
    """A convolution that keeps height and width, and the scale of its inputs as `dense` does."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, device="meta")
    return drawn(layer, gain / math.sqrt(inputs * kernel * kernel), generator)


def drawn(layer: Layer, sigma: float, generator: torch.Generator) -> Layer:
    # Built on the device `meta`, where torch's own initialisation draws nothing from the global generator.
    weight, bias = layer.to_empty(device="cpu").parameters()
    nn.init.normal_(weight, std=sigma, generator=generator)
    nn.init.zeros_(bias)
    return layer


def channels_last(network: nn.Module) -> nn.Module:
    """The network with its convolutions' weights laid out for oneDNN's faster kernels; the values stay."""
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
