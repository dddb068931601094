"""The networks: for each what it is, where it comes from, how it departs from there, and how it is built."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from bakeoff.base.settings import Settings
from bakeoff.networks.classifiers import cnn, mlp, softmax
from bakeoff.networks.resnet import resnet
from bakeoff.networks.settings import (
    CnnSettings,
    MlpSettings,
    ResnetSettings,
    SoftmaxSettings,
    UnetSettings,
    WideResnetSettings,
)
from bakeoff.networks.unet import unet
from bakeoff.networks.wide_resnet import wide_resnet


@dataclass(frozen=True)
class NetworkSpec:
    title: str
    source: str
    departs: str
    settings: type[Settings]
    # An object of `settings`, the shape of one example, the number of classes, and where the weights are drawn from.
    build: Callable[[Any, tuple[int, ...], int, torch.Generator], nn.Module]


CLASSIFIERS = {
    "softmax": NetworkSpec(
        title="softmax regression",
        source="Cox 1958, Journal of the Royal Statistical Society B 20(2)",
        departs="one weight vector for each class, with no class of reference; drawn from a Gaussian, not 0",
        settings=SoftmaxSettings,
        build=softmax,
    ),
    "mlp": NetworkSpec(
        title="multilayer perceptron",
        source="Rumelhart, Hinton & Williams 1986, Nature 323",
        departs="activation, normalisation, initialisation and dropout are settings",
        settings=MlpSettings,
        build=mlp,
    ),
    "cnn": NetworkSpec(
        title="convolutional network",
        source="LeCun, Bottou, Bengio & Haffner 1998, Proceedings of the IEEE 86(11)",
        departs="maximum for mean, padded convolutions, full connection between channels, one hidden dense layer; "
        "activation, normalisation, initialisation and dropout are settings",
        settings=CnnSettings,
        build=cnn,
    ),
    "resnet": NetworkSpec(
        title="residual network",
        source="He, Zhang, Ren & Sun 2015, arXiv:1512.03385, section 4.2",
        departs="width, activation, normalisation, initialisation and the kind of shortcut are settings; the added "
        "channels of zeros stand behind the others",
        settings=ResnetSettings,
        build=resnet,
    ),
    "wide_resnet": NetworkSpec(
        title="wide residual network",
        source="Zagoruyko & Komodakis 2016, arXiv:1605.07146",
        departs="activation, normalisation and initialisation are settings",
        settings=WideResnetSettings,
        build=wide_resnet,
    ),
}

SEGMENTERS = {
    "unet": NetworkSpec(
        title="UNet",
        source="Ronneberger, Fischer & Brox 2015, arXiv:1505.04597",
        departs="padded convolutions; nearest-neighbour enlargement for up-convolutions; no dropout; fewer levels",
        settings=UnetSettings,
        build=unet,
    ),
}

NETWORKS = CLASSIFIERS | SEGMENTERS
