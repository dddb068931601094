"""The multilayer perceptron."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from bakeoff.networks.settings import (
    ActivationName,
    Initialisation,
    NetworkSettings,
    RowNormalisationName,
    Share,
    Widths,
)
from bakeoff.networks.spec import NetworkSpec, Shape

if TYPE_CHECKING:
    import torch
    from torch import nn


class MlpSettings(NetworkSettings):
    hidden: Widths
    normalisation: RowNormalisationName
    activation: ActivationName
    initialisation: Initialisation
    dropout: Share

    @property
    def smallest_batch(self) -> int:
        """2 with batch norm, for a single row has no variance."""
        return 2 if self.normalisation == "batch" else 1

    def gradient_faults(self) -> Iterator[str]:
        if self.normalisation != "none":
            yield (
                f"normalisation is '{self.normalisation}', and the method gradient needs none: batch norm depends on "
                "more than the weights"
            )
        if self.dropout:
            yield f"dropout is {self.dropout}, and the method gradient needs 0.0: dropout is drawn at random"
        if self.activation == "step":
            yield "activation is 'step', which has no second derivative for the method gradient"


def make(settings: MlpSettings, shape: Shape, classes: int, generator: torch.Generator) -> nn.Module:
    """Return the network.

    Parameters: (inputs + 1) outputs, summed over layers; batch norm adds one for each hidden unit.
    """
    from torch import nn

    from bakeoff.networks.layers import Parts, chain

    parts = Parts.of(settings, generator)
    layers: list[nn.Module] = [nn.Flatten()]
    widths = [math.prod(shape), *settings.hidden]
    for inputs, outputs in pairwise(widths):
        layers += [parts.hidden(inputs, outputs, bias=not parts.normalisation.shifts), parts.norm(outputs)]
        layers += [parts.active(), parts.dropout(settings.dropout)]
    return chain([*layers, parts.head(widths[-1], classes)])


SPEC = NetworkSpec(
    name="mlp",
    title="multilayer perceptron",
    formula="dense layers; after each but the last normalisation, activation and dropout",
    source="Rumelhart, Hinton & Williams 1986, Nature 323",
    deviations="activation, normalisation, initialisation and dropout are settings",
    takes=("images", "table"),
    settings=MlpSettings,
    make=make,
)
