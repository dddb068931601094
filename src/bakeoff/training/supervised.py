"""Workloads with labels: one for each example, or one for each pixel. Their data lies in memory as one tensor a split.

N examples, K classes; C, H, W channels, height and width; D features.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bakeoff.data.examples import Examples, Split
from bakeoff.settings import BadInput
from bakeoff.training.metrics import accuracy, dice, separation
from bakeoff.training.workload import Held

CHUNK = 1024  # examples that an evaluation takes at once; enough to keep a core busy, and little memory


class Supervised(ABC):
    """Cross-entropy between the network's logits (N, K) or (N, K, H, W) and labels (N,) or (N, H, W).

    Attributes:
        shape: of one example: (D,) or (C, H, W).
        classes: their names, in the order of the labels.
    """

    def __init__(self, examples: Examples, batch_size: int, device: torch.device) -> None:
        self.batch_size, self.device, self.classes = batch_size, device, examples.classes
        self.train = resident(examples.train, device)
        self.held = {
            "validation": resident(examples.validation, device),
            "test": resident(examples.test, device),
        }
        self.shape = tuple(self.train[0].shape[1:])

    def batches(self, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of a random permutation; the last one takes what is left."""
        x, y = self.train
        order = torch.randperm(len(x), generator=generator).to(self.device)
        for rows in torch.split(order, self.batch_size):
            yield x[rows], y[rows]

    def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        x, y = batch
        return F.cross_entropy(network(x), y)

    def evaluate(self, network: nn.Module, split: Held) -> dict[str, float]:
        x, y = self.held[split]
        network.eval()
        with torch.inference_mode():
            logits = torch.cat([network(chunk) for chunk in torch.split(x, CHUNK)])
            return {"loss": F.cross_entropy(logits, y).item()} | self.measure(logits, y)

    @abstractmethod
    def measure(self, logits: Tensor, y: Tensor) -> dict[str, float]:
        """The task's metrics beside the loss."""


class Classification(Supervised):
    """One label for each example. Measured by accuracy and the area under the ROC curve.

    Raises:
        BadInput: validation or test data lack a class.
    """

    def __init__(self, examples: Examples, batch_size: int, device: torch.device) -> None:
        for part in ("validation", "test"):
            absent = np.setdiff1d(np.arange(len(examples.classes)), getattr(examples, part).y)
            if len(absent):
                raise BadInput(
                    f"params.yaml: the {part} data have no example of class '{examples.classes[absent[0]]}', and each "
                    "class needs one there; enlarge that part of the split, or drop the class"
                )
        super().__init__(examples, batch_size, device)

    def measure(self, logits: Tensor, y: Tensor) -> dict[str, float]:
        return {"accuracy": accuracy(logits, y), "auc": separation(logits, y)}


class Segmentation(Supervised):
    """One label for each pixel; class 0 is the background. Measured by the Dice of each other class and their mean."""

    def measure(self, logits: Tensor, y: Tensor) -> dict[str, float]:
        scores = dice(logits.argmax(1), y, len(self.classes))[1:]
        named = {f"dice.{name}": score for name, score in zip(self.classes[1:], scores, strict=True)}
        return {"dice": sum(scores) / len(scores)} | named


def resident(split: Split, device: torch.device) -> tuple[Tensor, Tensor]:
    """A split as tensors on the device: inputs in float32, bytes scaled to [0, 1]; labels in int64."""
    x = torch.from_numpy(split.x).to(device, torch.float32)
    if split.x.dtype == np.uint8:
        x /= 255
    return x, torch.from_numpy(split.y).to(device, torch.int64)
