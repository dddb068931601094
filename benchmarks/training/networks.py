"""What is trained in the comparison: networks of this project, for every contender the same weights and images.

Run by this project's Python and by that of the contenders.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bakeoff.networks.registry import NETWORKS

CLASSES, RATE, BETA = 10, 0.01, 0.9  # heavy ball: the rule that every contender has, to the letter

RESIDUAL = {"normalisation": "batch", "activation": "relu", "initialisation": "he"}
PLAIN = {"normalisation": "none", "activation": "relu", "initialisation": "he", "dropout": 0.0}


@dataclass(frozen=True)
class Trained:
    """A network and how it is trained.

    Attributes:
        shape: (C, H, W).
        batch: the residual networks' is that of their papers.
        steps: of an epoch.
    """

    model: str
    settings: dict[str, Any]
    shape: tuple[int, int, int]
    batch: int
    steps: int

    @property
    def size(self) -> int:
        """Images of an epoch."""
        return self.steps * self.batch

    def build(self) -> nn.Module:
        spec = NETWORKS[self.model]
        settings = spec.settings.model_validate(self.settings)
        network = spec.build(settings, self.shape, CLASSES, torch.Generator().manual_seed(0))
        # Drawn anew by NumPy: torch's Gaussian draws depend on the environment, in which the contenders differ.
        draw = np.random.default_rng(0)
        with torch.no_grad():
            for weight in network.parameters():
                if weight.ndim > 1:
                    drawn = draw.normal(scale=(2 / weight[0].numel()) ** 0.5, size=tuple(weight.shape))
                    weight.copy_(torch.from_numpy(drawn))
        return network

    def images(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """(N, C, H, W) and labels (N,)."""
        draw, n = np.random.default_rng(0), self.size
        return draw.integers(256, size=(n, *self.shape), dtype=np.uint8), draw.integers(CLASSES, size=n, dtype=np.uint8)


TRAINED = {
    "mlp": Trained("mlp", PLAIN | {"hidden": [128]}, (1, 28, 28), 32, 200),
    "cnn": Trained("cnn", PLAIN | {"channels": [8, 16], "kernel": 5, "hidden": 64}, (1, 28, 28), 32, 60),
    "resnet-8": Trained("resnet", RESIDUAL | {"depth": 8, "channels": 16, "shortcut": "identity"}, (3, 32, 32), 128, 3),
    "wrn-16-2": Trained("wide_resnet", RESIDUAL | {"depth": 16, "widening": 2, "dropout": 0.0}, (3, 32, 32), 128, 1),
}
