"""A trained network for predictions: the part of this project that a registered model contains.

N examples, K classes; C, H, W channels, height and width; D features.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WEIGHTS, NETWORK = "weights.safetensors", "network.json"


@dataclass(frozen=True)
class Network:
    """The network and its settings, for which the weights were trained.

    Attributes:
        settings: its section of params.yaml.
        shape: of one example, (D,) or (C, H, W).
    """

    model: str
    settings: dict[str, Any]
    shape: tuple[int, ...]
    classes: tuple[str, ...]

    def save(self, folder: Path) -> None:
        (folder / NETWORK).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


class Predictor:
    """A network on the CPU, with its weights."""

    def __init__(self, folder: Path) -> None:
        import torch
        from safetensors.torch import load_file

        from bakeoff.networks.registry import NETWORKS

        described = json.loads((folder / NETWORK).read_text(encoding="utf-8"))
        spec = NETWORKS[described["model"]]
        settings = spec.settings.model_validate(described["settings"])
        self.classes = tuple(described["classes"])
        self.network = spec.build(settings, tuple(described["shape"]), len(self.classes), torch.Generator())
        self.network.load_state_dict(load_file(folder / WEIGHTS))
        self.network.eval()

    def predict(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """Return the probabilities of the classes, (N, K), or of the classes of each pixel, (N, K, H, W).

        Args:
            x: encoded rows (N, D), or images (N, C, H, W), which are divided by 255 if they are uint8.
        """
        import torch

        inputs = torch.from_numpy(x).to(torch.float32) / (255 if x.dtype == np.uint8 else 1)
        with torch.inference_mode():
            probabilities: NDArray[np.float32] = self.network(inputs).softmax(1).numpy()
        return probabilities
