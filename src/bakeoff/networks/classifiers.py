"""Networks that give each example one logit a class.

N examples, K classes; C, H, W channels, height and width; D features.
"""

import math
from itertools import pairwise

import torch
from torch import nn

from bakeoff.base.settings import BadInput
from bakeoff.networks.layers import Parts, chain, channels_last, image, linear
from bakeoff.networks.settings import CnnSettings, MlpSettings, SoftmaxSettings


def softmax(settings: SoftmaxSettings, shape: tuple[int, ...], classes: int, generator: torch.Generator) -> nn.Module:
    """Logits x W + b of the flattened input (N, D). Parameters: (D + 1) K."""
    return nn.Sequential(nn.Flatten(), linear(math.prod(shape), classes, settings.initial_sigma, generator))


def mlp(settings: MlpSettings, shape: tuple[int, ...], classes: int, generator: torch.Generator) -> nn.Module:
    """Dense layers; after each but the last normalisation, activation and dropout.

    Parameters: (inputs + 1) outputs, summed over layers; batch norm adds one for each hidden unit.
    """
    parts = Parts.of(settings, generator)
    layers: list[nn.Module] = [nn.Flatten()]
    widths = [math.prod(shape), *settings.hidden]
    for inputs, outputs in pairwise(widths):
        layers += [parts.hidden(inputs, outputs, bias=not parts.normalisation.shifts), parts.norm(outputs)]
        layers += [parts.active(), parts.dropout(settings.dropout)]
    return chain([*layers, parts.head(widths[-1], classes)])


def cnn(settings: CnnSettings, shape: tuple[int, ...], classes: int, generator: torch.Generator) -> nn.Module:
    """Convolution, normalisation, 2 x 2 maximum and activation for each of `channels`, then one hidden dense layer.

    Each maximum halves height and width, dropping an odd last row and column. Dropout acts on the hidden layer.

    Raises:
        BadInput: the examples are no images, or too small to be halved so often.
    """
    C, H, W = image("cnn", shape)
    parts = Parts.of(settings, generator)
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise([C, *settings.channels]):
        layers += [parts.convolution(inputs, outputs, settings.kernel), parts.norm(outputs)]
        # An increasing activation commutes with the maximum, and here has a quarter of the values to go through.
        layers += [nn.MaxPool2d(2), parts.active()]
    halvings = len(settings.channels)
    pixels = (H >> halvings) * (W >> halvings)
    if pixels == 0:
        raise BadInput(
            f"params.yaml: networks.cnn.channels has {halvings} entries, and each halves the image: too many for "
            f"{H} x {W} pixels; remove some, or take larger images"
        )
    layers += [nn.Flatten(), parts.hidden(settings.channels[-1] * pixels, settings.hidden), parts.active()]
    layers += [parts.dropout(settings.dropout), parts.head(settings.hidden, classes)]
    return channels_last(chain(layers))
