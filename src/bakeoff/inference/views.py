"""Probabilities of pixels as the mean of several predictions: of an image that is turned, or of parts that overlap.

N images, K classes; C, H, W channels, height and width.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bakeoff.inference.models import Trained


class Labels(Protocol):
    """A function that predicts the classes of pixels: (N, C, H, W) -> (N, K, H, W)."""

    def predict(self, x: NDArray[Any]) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Flips:
    """The mean over an image and its flips, or its quarter turns too, each prediction turned back.

    It is taken in float64, in a fixed order.
    Source: Krizhevsky, Sutskever & Hinton 2012, section 4.1, for a flip; Ronneberger, Fischer & Brox 2015,
    arXiv:1505.04597, section 4, for rotations.

    Attributes:
        views: 2: left to right; 4: top to bottom too; 8: quarter turns too.
    """

    predictor: Labels
    views: int

    def predict(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """Return the probabilities (N, K, H, W)."""
        total: Any = 0.0
        quarters = {2: (0,), 4: (0, 2), 8: (0, 1, 2, 3)}[self.views]
        for flip, turns in product((False, True), quarters):
            seen = np.rot90(x[..., ::-1] if flip else x, turns, axes=(2, 3))
            back = np.rot90(self.predictor.predict(np.ascontiguousarray(seen)), -turns, axes=(2, 3))
            total = total + (back[..., ::-1] if flip else back).astype(np.float64)
        return np.asarray(total / self.views, np.float32)


@dataclass(frozen=True)
class Windows:
    """Square windows that overlap by half of their side, each predicted by itself.

    If they overlap, the mean is weighted: the weight of a pixel is the product of its distances to the nearest side
    of the window, along each axis and counted from 1. An image that is not larger than a window is one window.

    Attributes:
        side: pixels.
    """

    predictor: Labels
    side: int

    def predict(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """Return the probabilities (N, K, H, W)."""
        weights, sums = np.zeros(x.shape[2:]), np.zeros(0)
        for rows, columns in product(self.spans(x.shape[2]), self.spans(x.shape[3])):
            part = self.predictor.predict(np.ascontiguousarray(x[:, :, rows, columns]))
            if not sums.size:
                sums = np.zeros((*part.shape[:2], *x.shape[2:]))
            weight = ramp(part.shape[2])[:, np.newaxis] * ramp(part.shape[3])
            sums[:, :, rows, columns] += part * weight
            weights[rows, columns] += weight
        return np.asarray(sums / weights, np.float32)

    def spans(self, pixels: int) -> Iterator[slice]:
        """Yield the windows along one axis; the last one ends with the image."""
        start = 0
        while start + self.side < pixels:
            yield slice(start, start + self.side)
            start += (self.side + 1) // 2
        yield slice(max(pixels - self.side, 0), pixels)


def ramp(pixels: int) -> NDArray[np.float64]:
    """Return 1, 2, ... up to the middle and down again to 1."""
    places = np.arange(1.0, pixels + 1)
    return np.asarray(np.minimum(places, places[::-1]))


def seen(model: Trained, *, flips: int | None, window: int | None) -> Trained:
    """Return a network that labels pixels by several predictions; as it is where none are asked for."""
    if window is not None:
        model = replace(model, predictor=Windows(model.predictor, window), name=f"{model.name}, windows of {window}")
    if flips is not None:
        model = replace(model, predictor=Flips(model.predictor, flips), name=f"{model.name}, mean of {flips} views")
    return model
