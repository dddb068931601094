"""Losses of labelled pixels.

N images; K classes; H, W height and width. Each loss is a mean over images, so that it is the mean over the parts of a
batch, too.
"""

import math
from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from bakeoff.base.settings import BadInput
from bakeoff.training.settings import BorderWeightSettings, DiceLossSettings, FocalSettings, SegmentationSettings

NEGLIGIBLE = 1e-8  # a border weight below this is 0: less than float32 sees beside a class weight of 1


class SegmentationLoss:
    """The loss that the settings select.

    The mean of weighted costs is over all pixels, not over the sum of their weights, as in the paper on the U-Net: a
    part of a batch then counts by its pixels alone.
    """

    def __init__(
        self, settings: SegmentationSettings, smoothing: float, weights: Tensor, *, keep: bool = False
    ) -> None:
        """Args:
        smoothing: of labels; the weight of a pixel is that of its label, for all terms of its smoothed cost.
            Differs: torch.nn.CrossEntropyLoss weighs the term of each class by the weight of that class.
        weights: of the classes (K,).
        keep: the number of images whose border weights are cached. As many as there are
            training images, where no augmentation changes their labels.
        """
        self.settings, self.smoothing, self.weights = settings, smoothing, weights
        self.kept: dict[bytes, Tensor] | None = {} if keep else None

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Logits (N, K, H, W), labels (N, H, W)."""
        loss = self.settings.loss
        if isinstance(loss, FocalSettings):
            return (self.pixel_weights(labels) * focal(logits, labels, loss.gamma)).mean()
        if not isinstance(loss, DiceLossSettings):
            return self.cross_entropy(logits, labels)
        overlap = dice_loss(logits, labels, loss.smooth, self.weights)
        return overlap if loss.kind == "dice" else overlap + self.cross_entropy(logits, labels)

    def cross_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        costs = F.cross_entropy(rows(logits), labels.flatten(), reduction="none", label_smoothing=self.smoothing)
        return (self.pixel_weights(labels) * costs.view(labels.shape)).mean()

    def pixel_weights(self, labels: Tensor) -> Tensor:
        """Return the weight of each pixel: that of its class, and that of the border between cells."""
        weights = self.weights[labels]
        border = self.settings.border_weights
        if border is None:
            return weights
        return weights + torch.stack([self.border(image, border) for image in labels.cpu().numpy()]).to(weights)

    def border(self, labels: NDArray[np.integer], settings: BorderWeightSettings) -> Tensor:
        """Return the border weights of one image (H, W)."""
        if self.kept is None:
            return torch.from_numpy(border_weights(labels, settings))
        key = blake2b(np.ascontiguousarray(labels).data).digest()
        if key not in self.kept:
            self.kept[key] = torch.from_numpy(border_weights(labels, settings))
        return self.kept[key]


def rows(logits: Tensor) -> Tensor:
    """Return logits (N, K) unchanged, and (N, K, H, W) as (N H W, K), whose loss is deterministic on a GPU."""
    return logits.movedim(1, -1).reshape(-1, logits.shape[1])


def focal(logits: Tensor, labels: Tensor, gamma: float) -> Tensor:
    """Return (1 - p) ^ gamma (-log p) of each pixel, p the probability of its label: (N, H, W).

    Source: Lin et al. 2017, arXiv:1708.02002, equation 4.
    """
    costs = F.cross_entropy(rows(logits), labels.flatten(), reduction="none").view(labels.shape)
    # 1 - exp(-cost), which keeps its digits where p is near 1; the slope of 0 ^ gamma is infinite below a gamma of 1.
    wrong = (-torch.expm1(-costs)).clamp(min=torch.finfo(costs.dtype).tiny)
    return wrong**gamma * costs


def dice_loss(logits: Tensor, labels: Tensor, smooth: float, weights: Tensor) -> Tensor:
    """Return 1 - soft Dice, the weighted mean over the classes and the mean over images.

    The soft Dice of a class is (2 sum(p g) + smooth) / (sum(p) + sum(g) + smooth) over the pixels of one image, p the
    probabilities and g 1 if the label is the class, else 0. A class that an image does not have costs the less the
    less probability it is given. The background counts as any other class.
    Source: Milletari, Navab & Ahmadi 2016, arXiv:1606.04797.
    Differs: plain sums in the denominator, not of squares; smoothed; a mean over classes.
    """
    probabilities = logits.softmax(1).flatten(2)
    truth = torch.stack([labels.flatten(1) == label for label in range(logits.shape[1])], 1).to(probabilities)
    overlap = 2 * (probabilities * truth).sum(2) + smooth
    scores = overlap / (probabilities.sum(2) + truth.sum(2) + smooth)
    return 1 - (scores.mean(0) * weights).sum() / weights.sum()


def border_weights(labels: NDArray[np.integer], settings: BorderWeightSettings) -> NDArray[np.float32]:
    """Return w0 exp(-(d1 + d2)^2 / (2 sigma^2)) of each background pixel, and 0 of all others: (H, W).

    d1 and d2 are the distances to the nearest and the second nearest cell. A cell is a connected component of pixels of
    one class, neighbours at a side; the first class is the background. With fewer than two cells all weights are 0,
    and so are weights below NEGLIGIBLE.
    Source: Ronneberger, Fischer & Brox 2015, arXiv:1505.04597, equation 2.
    """
    if settings.w0 <= NEGLIGIBLE:
        return np.zeros(labels.shape, np.float32)
    # d2 is at most the sum, so that nothing is lost by looking no farther around a cell.
    reach = math.ceil(settings.sigma * math.sqrt(2 * math.log(settings.w0 / NEGLIGIBLE)))
    nearest, second = (np.full(labels.shape, np.inf) for _ in range(2))
    for cell, window in cells(labels, reach):
        distance = ndimage.distance_transform_edt(~cell)
        first = nearest[window]
        second[window] = np.minimum(second[window], np.maximum(first, distance))
        nearest[window] = np.minimum(first, distance)
    weights = settings.w0 * np.exp(-((nearest + second) ** 2) / (2 * settings.sigma**2))
    return np.where((labels == 0) & (weights >= NEGLIGIBLE), weights, 0.0).astype(np.float32)


def cells(labels: NDArray[np.integer], reach: int) -> list[tuple[NDArray[np.bool_], tuple[slice, ...]]]:
    """Return each cell within its window, which is its bounding box with a margin."""
    found = []
    for label in range(1, int(labels.max()) + 1):
        numbered, _ = ndimage.label(labels == label)
        for number, box in enumerate(ndimage.find_objects(numbered), start=1):
            window = tuple(slice(max(side.start - reach, 0), side.stop + reach) for side in box)
            found.append((numbered[window] == number, window))
    return found


def class_weights(
    settings: SegmentationSettings, count: Callable[[], NDArray[np.int64]], classes: Sequence[str], place: str
) -> Tensor:
    """Return the weight of each class (K,). A list has one for each: settings of another length are refused before.

    Args:
        count: returns the number of pixels of each class in the training data.
        place: the place of the settings of the training.

    Raises:
        BadInput: a class to balance has no pixels.
    """
    asked = settings.class_weights
    if asked == "none":
        return torch.ones(len(classes))
    if asked != "balanced":
        return torch.tensor(asked)
    counts = count()
    for name, pixels in zip(classes, counts, strict=True):
        if not pixels:
            raise BadInput(
                f"{place}.segmentation.class_weights is balanced, and the training data have no pixel of class "
                f"'{name}'; give a list of weights, or drop the class"
            )
    return torch.from_numpy(counts.sum() / (len(classes) * counts)).float()
