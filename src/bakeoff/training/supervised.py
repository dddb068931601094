"""Workloads with labels: one for each example, or one for each pixel. Their data lies in memory as one tensor a split.

N examples, K classes; C, H, W channels, height and width; D features.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bakeoff.data.examples import Examples, Split
from bakeoff.settings import BadInput
from bakeoff.training.augmentation import Augmentation
from bakeoff.training.metrics import accuracy, dice, separation
from bakeoff.training.settings import TrainingSettings
from bakeoff.training.workload import Held, cuts

CHUNK = 1024  # examples that an evaluation takes at once; enough to keep a core busy, and little memory


class Supervised(ABC):
    """Cross-entropy between the network's logits (N, K) or (N, K, H, W) and labels (N,) or (N, H, W).

    Smoothed labels are (1 - e) of the label and e / K of each class; an evaluation is without.
    Source: Szegedy et al. 2015, arXiv:1512.00567, section 7.

    Attributes:
        shape: of one example: (D,) or (C, H, W).
        classes: their names, in the order of the labels.
    """

    def __init__(self, examples: Examples, settings: TrainingSettings, device: torch.device) -> None:
        self.device, self.classes = device, examples.classes
        self.train = resident(examples.train, device)
        self.batch_size = len(self.train[0]) if settings.batch_size == "full" else settings.batch_size
        self.label_smoothing = settings.label_smoothing
        self.shape = tuple(self.train[0].shape[1:])
        self.augmentation = Augmentation(settings.augmentation, self.shape)
        self.held = {
            "validation": resident(examples.validation, device),
            "test": resident(examples.test, device),
        }

    @property
    def steps(self) -> int:
        return math.ceil(len(self.train[0]) / self.batch_size)

    def batches(self, generator: torch.Generator, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of a random permutation; the last one takes what is left.

        Before the first, and whatever the size of a batch, the generator gives the order, then what augmentation does
        to each example in that order. While batches are used it gives seeds to masks of dropout.
        """
        x, y = self.train
        order = torch.randperm(len(x), generator=generator).to(self.device)
        drawn = self.augmentation.draw(len(x), generator) if self.augmentation.on else None
        for first in range(start * self.batch_size, len(x), self.batch_size):
            rows = slice(first, first + self.batch_size)
            batch = x[order[rows]], y[order[rows]]
            yield batch if drawn is None else self.augmentation(*batch, drawn[rows])

    def shards(self, batch: tuple[Tensor, Tensor], count: int) -> list[tuple[tuple[Tensor, Tensor], int]]:
        x, y = batch
        return [((x[part], y[part]), len(x[part])) for part in cuts(len(x), count)]

    def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        x, y = batch
        return F.cross_entropy(network(x), y, label_smoothing=self.label_smoothing)

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

    def __init__(self, examples: Examples, settings: TrainingSettings, device: torch.device) -> None:
        for part in ("validation", "test"):
            absent = np.setdiff1d(np.arange(len(examples.classes)), getattr(examples, part).y)
            if len(absent):
                raise BadInput(
                    f"params.yaml: the {part} data have no example of class '{examples.classes[absent[0]]}', and each "
                    "class needs one there; enlarge that part of the split, or drop the class"
                )
        super().__init__(examples, settings, device)

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
