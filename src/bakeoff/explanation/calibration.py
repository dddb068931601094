"""Confusion and calibration of predicted probabilities.

N predictions, of examples or of pixels; K classes, M bins.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Bin:
    """Predictions whose confidence is in (low, high].

    Attributes:
        confidence, accuracy: their means over the predictions; None if there are no predictions.
    """

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


class Tally:
    """Counts predictions, some at a time, so that the pixels of all pictures need not be in memory.

    Attributes:
        confusion: (K labelled, K predicted) counts.
    """

    def __init__(self, classes: int, bins: int) -> None:
        self.confusion = np.zeros((classes, classes), np.int64)
        self.counts = np.zeros(bins, np.int64)
        self.correct = np.zeros(bins, np.int64)
        self.confidences = np.zeros(bins)

    def add(self, probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> None:
        """Count predictions.

        Args:
            probabilities: (N, K).
            labels: (N,).
        """
        K, M = len(self.confusion), len(self.counts)
        predicted = probabilities.argmax(axis=1)
        pairs = np.bincount(labels.astype(np.int64) * K + predicted, minlength=K * K)
        self.confusion += pairs.reshape(K, K)
        confidence = probabilities.max(axis=1).astype(np.float64)
        bins = np.clip(np.ceil(confidence * M).astype(np.int64) - 1, 0, M - 1)
        self.counts += np.bincount(bins, minlength=M)
        self.correct += np.bincount(bins[predicted == labels], minlength=M)
        self.confidences += np.bincount(bins, confidence, minlength=M)

    @property
    def total(self) -> int:
        return int(self.counts.sum())

    @property
    def accuracy(self) -> float:
        return float(self.confusion.trace() / self.total)

    @property
    def calibration_error(self) -> float:
        """The expected calibration error: over the bins, sum n_m / N |accuracy_m - confidence_m|.

        Source: Guo, Pleiss, Sun & Weinberger 2017, ICML, equation 3.
        """
        return float(np.abs(self.correct - self.confidences).sum() / self.total)

    @property
    def bins(self) -> list[Bin]:
        """The reliability diagram, the least confident bin first."""
        M = len(self.counts)
        return [
            Bin(
                low=m / M,
                high=(m + 1) / M,
                count=int(count),
                confidence=float(self.confidences[m] / count) if count else None,
                accuracy=float(self.correct[m] / count) if count else None,
            )
            for m, count in enumerate(self.counts)
        ]

    def recall(self) -> list[float | None]:
        """Return by class the share of its examples that are predicted as it; None of a class without examples."""
        return shares(self.confusion.diagonal(), self.confusion.sum(axis=1))

    def precision(self) -> list[float | None]:
        """Return by class the share of the predictions of it that are right; None of a class never predicted."""
        return shares(self.confusion.diagonal(), self.confusion.sum(axis=0))


def shares(parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> list[float | None]:
    return [int(part) / int(whole) if whole else None for part, whole in zip(parts, wholes, strict=True)]
