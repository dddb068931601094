"""Networks that give each example one logit a class.

N examples, K classes; C, H, W channels, height and width; D features.
"""

import math
from itertools import pairwise

import torch
from torch import nn

from bakeoff.networks.activations import ACTIVATIONS
from bakeoff.networks.layers import channels_last, convolution, dense, image, linear
from bakeoff.networks.settings import CnnSettings, MlpSettings, SoftmaxSettings
from bakeoff.settings import BadInput


def softmax(settings: SoftmaxSettings, shape: tuple[int, ...], classes: int, generator: torch.Generator) -> nn.Module:
    """Logits x W + b of the flattened input (N, D). Parameters: (D + 1) K."""
    return nn.Sequential(nn.Flatten(), linear(math.prod(shape), classes, settings.initial_sigma, generator))


def mlp(settings: MlpSettings, shape: tuple[int, ...], classes: int, generator: torch.Generator) -> nn.Module:
    """Dense layers with an activation after each but the last. Parameters: (inputs + 1) outputs, summed over layers."""
    activation = ACTIVATIONS[settings.activation]
    layers: list[nn.Module] = [nn.Flatten()]
    widths = [math.prod(shape), *settings.hidden]
    for inputs, outputs in pairwise(widths):
        layers += [dense(inputs, outputs, activation.gain, generator), activation.build()]
    return nn.Sequential(*layers, dense(widths[-1], classes, 1.0, generator))


def cnn(settings: CnnSettings, shape: tuple[int, ...], classes: int, generator: torch.Generator) -> nn.Module:
    """Convolution, activation and 2 x 2 maximum for each of `channels`, then one hidden dense layer.

    Each maximum halves height and width, dropping an odd last row and column.

    Raises:
        BadInput: the examples are no images, or too small to be halved so often.
    """
    activation = ACTIVATIONS[settings.activation]
    C, H, W = image("cnn", shape)
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise([C, *settings.channels]):
        layers += [convolution(inputs, outputs, settings.kernel, activation.gain, generator)]
        layers += [activation.build(), nn.MaxPool2d(2)]
    halvings = len(settings.channels)
    pixels = (H >> halvings) * (W >> halvings)
    if pixels == 0:
        raise BadInput(
            f"params.yaml: networks.cnn.channels has {halvings} entries, and each halves the image: too many for "
            f"{H} x {W} pixels; remove some, or take larger images"
        )
    layers += [nn.Flatten(), dense(settings.channels[-1] * pixels, settings.hidden, activation.gain, generator)]
    layers += [activation.build(), dense(settings.hidden, classes, 1.0, generator)]
    return channels_last(nn.Sequential(*layers))
