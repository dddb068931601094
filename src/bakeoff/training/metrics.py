"""Metrics of predictions. N examples, K classes; H, W height and width."""

from collections.abc import Mapping, Sequence
from statistics import fmean

import torch
from torch import Tensor


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Share of the examples whose largest logit (N, K) is that of their label (N,)."""
    return float((logits.argmax(1) == labels).double().mean())


def area_under_curve(scores: Tensor, labels: Tensor) -> float:
    """Return the area under the ROC curve: the share of pairs with the positive above the negative; ties count half.

    By ranks, exactly, with tied scores (N,) sharing the mean of their ranks: AUC = (R - P (P + 1) / 2) / (P (N - P)),
    where P labels (N,) are 1 and R is the sum of their ranks.
    Source: Hanley & McNeil 1982, Radiology 143(1); Mann & Whitney 1947.
    Raises:
        ValueError: there is only one class.
    """
    _, inverse, counts = torch.unique(scores, return_inverse=True, return_counts=True)
    ranks = counts.cumsum(0).double() - (counts - 1) / 2
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if positives == 0 or negatives == 0:
        raise ValueError("the area under the ROC curve needs examples of both classes")
    excess = float(ranks[inverse][labels == 1].sum()) - positives * (positives + 1) / 2
    return excess / (positives * negatives)


def separation(logits: Tensor, labels: Tensor) -> float:
    """Return the area under the ROC curve of two classes; for more classes, the mean of one-vs-rest areas.

    Scores are the difference of the logits (N, 2) for two classes, and the softmax of (N, K) for more. All classes have
    equal weights.
    Source: one against the rest, Provost & Domingos 2000, CeDER working paper IS-00-04.
    Raises:
        ValueError: a class is missing among the labels (N,).
    """
    classes = logits.shape[1]
    if classes == 2:
        return area_under_curve(logits[:, 1] - logits[:, 0], labels)
    scores = logits.double().softmax(1)
    return sum(area_under_curve(scores[:, k], (labels == k).long()) for k in range(classes)) / classes


def dice(predicted: Tensor, labels: Tensor, classes: int) -> list[float]:
    """Return for each class 2 |A & B| / (|A| + |B|), with A the predicted and B the labelled pixels of all images.

    Both are (N, H, W). Counted over all images at once, so that a slice without a class does not decide.
    1 if neither has the class.
    Source: Dice 1945, Ecology 26(3).
    """
    return dice_of(confusion(predicted, labels, classes))


def confusion(predicted: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Return the confusion matrix of pixels: (K labelled, K predicted)."""
    pairs = torch.bincount((labels * classes + predicted).flatten(), minlength=classes * classes)
    return pairs.view(classes, classes)


def dice_of(confusion: Tensor) -> list[float]:
    confusion = confusion.double()
    sizes = confusion.sum(0) + confusion.sum(1)
    return torch.where(sizes > 0, 2 * confusion.diagonal() / sizes.clamp(min=1), 1.0).tolist()


def iou_of(confusion: Tensor) -> list[float]:
    """Return the intersection over union of each class, |A & B| / |A | B|, A and B as in `dice`; 1 if both are empty.

    Source: Jaccard 1912, New Phytologist 11(2).
    """
    confusion = confusion.double()
    union = confusion.sum(0) + confusion.sum(1) - confusion.diagonal()
    return torch.where(union > 0, confusion.diagonal() / union.clamp(min=1), 1.0).tolist()


def pixel_error_of(confusion: Tensor) -> float:
    """Share of the pixels, the background's among them, that were predicted as another class."""
    return 1 - float(confusion.diagonal().sum()) / float(confusion.sum())


def means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each metric over the rows; an empty dictionary if there are no rows."""
    return {name: fmean(row[name] for row in rows) for name in rows[0]} if rows else {}
