"""Workloads with labels: one for each example, or one for each pixel.

If there is room, each split lies on the device as one tensor; else it stays in its file, and comes by the batch.

N examples, K classes; C, H, W channels, height and width; D features.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from bakeoff.base import memory
from bakeoff.base.settings import BadInput
from bakeoff.data.examples import SPLITS, Examples, Split
from bakeoff.training.augmentation import PLACE, Augmentation
from bakeoff.training.metrics import accuracy, confusion, dice_of, iou_of, pixel_error_of, separation
from bakeoff.training.segmentation_loss import SegmentationLoss, class_weights, rows
from bakeoff.training.settings import TrainingSettings
from bakeoff.training.subset import drawn
from bakeoff.training.workload import Held, cuts

AHEAD = 2**18  # values of the batches that are prepared together; few enough to stay in a processor's cache
CHUNK = 1024  # examples that an evaluation takes at once; enough to keep a core busy, and little memory


class Supervised(ABC):
    """Cross-entropy between the network's logits (N, K) or (N, K, H, W) and labels (N,) or (N, H, W).

    Smoothed labels are (1 - e) of the label and e / K of each class; an evaluation is without.
    Source: Szegedy et al. 2015, arXiv:1512.00567, section 7.

    Attributes:
        shape: of one example: (D,) or (C, H, W).
        classes: their names, in the order of the labels.
        held: what no batch holds, by split.
        subset: places of the validation subset among the validation examples; empty if none are held out.
    """

    def __init__(
        self,
        examples: Examples,
        settings: TrainingSettings,
        device: torch.device,
        *,
        refit: bool = False,
        place: str = PLACE,
    ) -> None:
        """Args:
        refit: train on training and validation examples together; then there is nothing to validate on.
        place: the place of the settings.
        """
        self.check(examples, held(refit))
        self.device, self.classes, self.scored = device, examples.classes, examples.scored
        kept = resident if fits(examples, device) else stored
        self.train = kept([examples.train, examples.validation] if refit else [examples.train], device)
        self.batch_size = len(self.train[0]) if settings.batch_size == "full" else settings.batch_size
        self.label_smoothing = settings.label_smoothing
        self.shape = tuple(self.train[0].shape[1:])
        self.augmentation = Augmentation(settings.augmentation, self.shape, place)
        self.held = {split: kept([getattr(examples, split)], device) for split in held(refit)}
        self.subset = np.empty(0, np.int64) if refit else self.places(examples, settings)
        if not refit:
            self.held["validation_subset"] = picked(self.held["validation"], self.subset)

    def places(self, examples: Examples, settings: TrainingSettings) -> NDArray[np.int64]:
        """Return the places of the validation subset: stratified by class; of labelled pixels at random."""
        y = examples.validation.y
        strata = y if y.ndim == 1 else np.zeros(len(y), y.dtype)
        return drawn(strata, settings.evaluated(len(self.train[0]), len(y)))

    @abstractmethod
    def check(self, examples: Examples, held: Sequence[Held]) -> None:
        """Check that the labels can be measured.

        Raises:
            BadInput: what is held cannot be measured.
        """

    @property
    def steps(self) -> int:
        return math.ceil(len(self.train[0]) / self.batch_size)

    def batches(self, generator: torch.Generator, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield batches of a random permutation; the last one may be smaller.

        Before the first, and whatever the size of a batch, the generator gives the order, then what augmentation does
        to each example in that order. While batches are used it gives seeds to masks of dropout.
        """
        x, y = self.train
        order = torch.randperm(len(x), generator=generator).to(self.device)
        drawn = self.augmentation.draw(len(x), generator) if self.augmentation.on else None
        size = self.batch_size * self.ahead  # the blocks are the same wherever an epoch is continued
        for first in range(start // self.ahead * size, len(x), size):
            places = slice(first, first + size)
            block = taken(x, order[places]), taken(y, order[places])
            if drawn is not None:
                block = self.augmentation(*block, drawn[places])
            batches = zip(*(torch.split(tensor, self.batch_size) for tensor in block), strict=True)
            yield from islice(batches, max(start - first // self.batch_size, 0), None)

    @property
    def ahead(self) -> int:
        """The number of batches that are prepared together, which is several times as fast."""
        return max(1, AHEAD // (self.batch_size * math.prod(self.shape)))

    def shards(self, batch: tuple[Tensor, Tensor], count: int) -> list[tuple[tuple[Tensor, Tensor], int]]:
        x, y = batch
        return [((x[part], y[part]), len(x[part])) for part in cuts(len(x), count)]

    def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        x, y = batch
        return F.cross_entropy(rows(network(x)), y.flatten(), label_smoothing=self.label_smoothing)

    def evaluate(self, network: nn.Module, split: Held) -> dict[str, float]:
        if split not in self.held:
            return {}
        x, y = self.held[split]
        network.eval()
        with torch.inference_mode():
            chunks = (slice(first, first + CHUNK) for first in range(0, len(x), CHUNK))
            return self.measure((network(x[chunk]), y[chunk]) for chunk in chunks)

    @abstractmethod
    def measure(self, outputs: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
        """Return the loss and the task's metrics of logits and labels in chunks."""


class Classification(Supervised):
    """One label for each example. Measured by accuracy and the area under the ROC curve."""

    def check(self, examples: Examples, held: Sequence[Held]) -> None:
        """Check that the labels can be measured.

        Raises:
            BadInput: what is held lacks a class.
        """
        for part in held:
            absent = np.setdiff1d(np.arange(len(examples.classes)), getattr(examples, part).y)
            if len(absent):
                raise BadInput(
                    f"params.yaml: the {part} data have no example of class '{examples.classes[absent[0]]}', and each "
                    "class needs one there; enlarge that part of the split, or drop the class"
                )

    def measure(self, outputs: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
        logits, y = map(torch.cat, zip(*outputs, strict=True))
        loss = F.cross_entropy(logits, y).item()
        return {"loss": loss, "accuracy": accuracy(logits, y), "auc": separation(logits, y)}


class Segmentation(Supervised):
    """One label for each pixel; class 0 is the background, if there is one.

    Measured by Dice and intersection over union (IoU) of each other class, their means, and the share of wrong pixels.
    All count the pixels of a split at once, and a class that is in no label and in no prediction has a score of 1.
    The loss that an evaluation measures is the mean cross-entropy, whatever training minimises.
    """

    def __init__(
        self,
        examples: Examples,
        settings: TrainingSettings,
        device: torch.device,
        *,
        refit: bool = False,
        place: str = PLACE,
    ) -> None:
        super().__init__(examples, settings, device, refit=refit, place=place)
        self.criterion: SegmentationLoss | None = None
        if settings.segmentation is not None:
            weights = class_weights(settings.segmentation, self.counts, self.classes, place).to(device)
            keep = isinstance(self.train[1], Tensor) and not settings.augmentation.moves_labels
            self.criterion = SegmentationLoss(settings.segmentation, settings.label_smoothing, weights, keep=keep)

    def counts(self) -> NDArray[np.int64]:
        """Return the number of pixels of each class in the training data (K,)."""
        y, counts = self.train[1], np.zeros(len(self.classes), np.int64)
        for first in range(0, len(y), CHUNK):
            counts += torch.bincount(y[first : first + CHUNK].flatten().cpu(), minlength=len(counts)).numpy()
        return counts

    def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        if self.criterion is None:
            return super().loss(network, batch)
        x, y = batch
        return self.criterion(network(x), y)

    def check(self, examples: Examples, held: Sequence[Held]) -> None:
        """Accept any labels: a class without pixels can be measured, too."""

    def measure(self, outputs: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
        classes = len(self.classes)
        loss, counts = 0.0, torch.zeros(classes, classes, dtype=torch.int64, device=self.device)
        for logits, y in outputs:
            loss += F.cross_entropy(rows(logits), y.flatten(), reduction="sum").item()
            counts += confusion(logits.argmax(1), y, classes)
        measured = {"loss": loss / int(counts.sum()), "pixel_error": pixel_error_of(counts)}
        return measured | self.by_class("dice", dice_of(counts)) | self.by_class("iou", iou_of(counts))

    def by_class(self, metric: str, scores: Sequence[float]) -> dict[str, float]:
        """Return the mean of a metric, and the metric of each class, both without the background."""
        named = {f"{metric}.{self.classes[k]}": scores[k] for k in self.scored}
        return {metric: sum(named.values()) / len(named)} | named


def held(refit: bool) -> tuple[Held, ...]:
    """The splits that are not used for training."""
    return ("test",) if refit else ("validation", "test")


class Stored:
    """Examples that stay in their arrays, perhaps a file's, which count as one behind the other.

    An index takes some to the device, as `resident` has them.
    """

    def __init__(self, arrays: Sequence[NDArray[Any]], device: torch.device, dtype: torch.dtype) -> None:
        self.arrays, self.device, self.dtype = arrays, device, dtype
        self.shape: tuple[int, ...] = (sum(map(len, arrays)), *arrays[0].shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | Tensor) -> Tensor:
        places = np.arange(len(self))[rows] if isinstance(rows, slice) else rows.cpu().numpy()
        part = np.empty((len(places), *self.shape[1:]), self.arrays[0].dtype)
        first = 0
        for array in self.arrays:
            here = (first <= places) & (places < first + len(array))
            part[here] = array[places[here] - first]
            first += len(array)
        return on_device(part, self.device, self.dtype)


def taken(examples: Tensor | Stored, places: Tensor) -> Tensor:
    """Return the examples at some places; `index_select` copies whole rows, and indexing value by value."""
    return examples.index_select(0, places) if isinstance(examples, Tensor) else examples[places]


class Picked:
    """Some of the examples that stay in their arrays.

    Attributes:
        places: of these examples among all.
    """

    def __init__(self, stored: Stored, places: NDArray[np.int64]) -> None:
        self.stored, self.places = stored, torch.from_numpy(places)

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, rows: slice) -> Tensor:
        return self.stored[self.places[rows]]


def picked(of: tuple[Any, Any], places: NDArray[np.int64]) -> tuple[Any, Any]:
    """Return the inputs and labels at some places; as they are where these are all places."""
    x, y = of
    if len(places) == len(x):
        return of
    if isinstance(x, Stored):
        return Picked(x, places), Picked(y, places)
    there = torch.from_numpy(places).to(x.device)
    return x[there], y[there]


def on_device(array: NDArray[Any], device: torch.device, dtype: torch.dtype) -> Tensor:
    """Bytes become float32 in [0, 1]."""
    # Torch takes no array that must not be written to, as one that is mapped.
    tensor = torch.from_numpy(array if array.flags.writeable else np.array(array)).to(device, dtype)
    if array.dtype == np.uint8 and dtype == torch.float32:
        tensor /= 255
    return tensor


def resident(splits: Sequence[Split], device: torch.device) -> tuple[Tensor, Tensor]:
    """Splits, one behind the other, as tensors on the device: inputs in float32, bytes in [0, 1]; labels in int64."""
    x, y = (joined([getattr(split, array) for split in splits]) for array in ("x", "y"))
    return on_device(x, device, torch.float32), on_device(y, device, torch.int64)


def joined(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def stored(splits: Sequence[Split], device: torch.device) -> tuple[Stored, Stored]:
    x, y = ([getattr(split, array) for split in splits] for array in ("x", "y"))
    return Stored(x, device, torch.float32), Stored(y, device, torch.int64)


def fits(examples: Examples, device: torch.device) -> bool:
    """Return whether all splits fit into half of the free memory of the device.

    That is no part of the result: the batches are the same to the bit.
    """
    splits: list[Split] = [getattr(examples, name) for name in SPLITS]
    needed = sum(4 * split.x.size + 8 * split.y.size for split in splits)
    left: int = memory.available() if device.type == "cpu" else torch.cuda.mem_get_info(device)[0]
    return needed <= left / 2
