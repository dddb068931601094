"""Softmax regression."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bakeoff.networks.settings import NetworkSettings, Sigma
from bakeoff.networks.spec import NetworkSpec, Shape

if TYPE_CHECKING:
    import torch
    from torch import nn


class SoftmaxSettings(NetworkSettings):
    initial_sigma: Sigma


def make(settings: SoftmaxSettings, shape: Shape, classes: int, generator: torch.Generator) -> nn.Module:
    """Return the network. Parameters: (D + 1) K."""
    from torch import nn

    from bakeoff.networks.layers import linear

    return nn.Sequential(nn.Flatten(), linear(math.prod(shape), classes, settings.initial_sigma, generator))


SPEC = NetworkSpec(
    name="softmax",
    title="softmax regression",
    formula="logits x W + b of the flattened input x (N, D)",
    source="Cox 1958, Journal of the Royal Statistical Society B 20(2)",
    deviations="one weight vector for each class, with no class of reference; drawn from a Gaussian, not 0",
    takes=("images", "table"),
    settings=SoftmaxSettings,
    make=make,
)
