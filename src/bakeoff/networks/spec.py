"""The description of a network.

Nothing here imports torch before a network is built: `bakeoff check` and every stage read the settings of all networks,
and importing torch takes three seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bakeoff.base.settings import BadInput
from bakeoff.networks.settings import NetworkSettings

if TYPE_CHECKING:
    import torch
    from torch import nn

# Images and rows of a table have one label each, scans have a label for each pixel.
Data = Literal["images", "table", "scans"]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class NetworkSpec:
    """A network that params.yaml can name.

    Attributes:
        title: its name in full.
        formula: what it computes.
        deviations: differences from the source.
        takes: the kinds of data that it can be trained on.
        settings: the class of its section of params.yaml.
        make: returns the network, given an object of `settings`, the shape of one example, the number of classes and
            the generator of its weights. It imports torch inside.
    """

    name: str
    title: str
    formula: str
    source: str
    deviations: str
    takes: tuple[Data, ...]
    settings: type[NetworkSettings]
    make: Callable[[Any, Shape, int, torch.Generator], nn.Module]

    def build(
        self, settings: Any, shape: Shape, classes: int, generator: torch.Generator, place: str | None = None
    ) -> nn.Module:
        """Return the network with its first weights drawn from the generator.

        Args:
            shape: of one example: (C, H, W) of an image, (D,) of a row of a table.
            place: the place of the settings; None for the network's section of params.yaml.

        Raises:
            BadInput: the network takes images, and the examples are rows or are too small.
        """
        place = place or f"params.yaml: networks.{self.name}"
        if len(shape) != 3 and "table" not in self.takes:
            raise BadInput(
                f"{place} takes images, and an example here is a row of {shape[0]} numbers; "
                f"take {self.name} off the task's models"
            )
        if len(shape) == 3:
            _, height, width = shape
            size = height, width, f"{height} x {width} pixels"
            if fault := settings.size_fault(*size) or settings.training_size_fault(*size):
                raise BadInput(f"{place}.{fault}, or larger images")
        return self.make(settings, shape, classes, generator)
