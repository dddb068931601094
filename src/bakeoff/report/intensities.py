"""A baseline that labels the pixels of scans by their intensities alone, without a network.

N slices; C, H, W channels, height and width; K classes.
"""

from dataclasses import dataclass
from statistics import fmean

import numpy as np
import torch
from numpy.typing import NDArray

from bakeoff.data.examples import Examples, Split
from bakeoff.training.metrics import dice

LEVELS = 256


@dataclass(frozen=True)
class IntensityBaseline:
    """The mean Dice of the baseline on two splits."""

    validation: float
    test: float


def intensity_baseline(examples: Examples) -> IntensityBaseline:
    """Return the Dice of a table that gives each grey level the label it mostly has in training.

    Mean over the classes but the first, the background; counted over all pixels of a split.
    """
    K, train = len(examples.classes), examples.train
    counts = np.bincount((grey(train.x) * K + train.y).ravel(), minlength=LEVELS * K)
    label = counts.reshape(LEVELS, K).argmax(axis=1)

    def score(split: Split) -> float:
        predicted, y = torch.from_numpy(label[grey(split.x)]), torch.from_numpy(split.y).long()
        return fmean(dice(predicted, y, K)[1:])

    return IntensityBaseline(validation=score(examples.validation), test=score(examples.test))


def grey(x: NDArray[np.generic]) -> NDArray[np.intp]:
    """Return the mean of the channels (N, C, H, W), rounded down: (N, H, W)."""
    mean: NDArray[np.intp] = x.sum(axis=1, dtype=np.intp) // x.shape[1]
    return mean
