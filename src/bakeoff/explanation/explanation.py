"""The explanation of a network on a split of its data. N examples, K classes; D columns; H, W height and width."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.base.values import Metric
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.examples import ROWS, Split
from bakeoff.explanation import importance
from bakeoff.explanation.calibration import Tally
from bakeoff.explanation.importance import Importance
from bakeoff.explanation.membranes import Separation, Separations
from bakeoff.explanation.settings import ExplanationSettings
from bakeoff.explanation.surfaces import Spacing, SurfaceDistance, Surfaces
from bakeoff.inference import classes
from bakeoff.inference.models import Trained

Advance = Callable[[int], object]


@dataclass(frozen=True)
class Mistake:
    """A wrong prediction.

    Attributes:
        example: its place in the split, from 0.
        label, predicted: numbers of classes.
        confidence: the probability of the predicted class.
        probability: of the label.
    """

    example: int
    label: int
    predicted: int
    confidence: float
    probability: float


@dataclass(frozen=True)
class Explanation:
    """An explanation.

    Attributes:
        score: the metric of the task; None of scans, whose Dice the record has.
        mistakes: the most confident ones, the most confident first; empty of scans.
        wrong: the number of all mistakes, of examples or pixels.
        importances: of a table, the largest first.
        separation: of cells, where a class is their border.
        surfaces: of scans, the distances between the borders of masks and predictions, by class.
    """

    tally: Tally
    score: float | None
    mistakes: tuple[Mistake, ...]
    wrong: int
    importances: tuple[Importance, ...]
    separation: Separation | None
    surfaces: tuple[SurfaceDistance, ...]


def of_scans(
    model: Trained,
    split: Split,
    settings: ExplanationSettings,
    border: str | None,
    scored: Iterable[int],
    spacing: Spacing,
    advance: Advance,
) -> Explanation:
    """Return the confusion and the calibration of the pixels, and the distances between borders.

    Args:
        scored: numbers of the classes whose borders are measured: all but the background.
        spacing: height and width of a pixel.
        border: the class of the pixels between cells, whose separation is measured; None if there is none.
    """
    tally = Tally(len(model.classes), settings.bins)
    between = None if border is None else model.classes.index(border)
    separations, surfaces = Separations(), Surfaces(scored, spacing)
    for picture, mask in zip(split.x, split.y, strict=True):
        (probabilities,) = model.predictor.predict(np.array(picture[np.newaxis]))
        tally.add(np.moveaxis(probabilities, 0, -1).reshape(-1, len(model.classes)), mask.ravel())
        surfaces.add(probabilities.argmax(axis=0), mask)
        if between is not None:
            separations.add(probabilities[between], mask == between)
        advance(1)
    separation = None if border is None else separations.separation(border)
    wrong = tally.total - int(tally.confusion.trace())
    return Explanation(tally, None, (), wrong, (), separation, surfaces.distances(model.classes))


def of_classifier(
    model: Trained,
    split: Split,
    metric: Metric,
    settings: ExplanationSettings,
    encoder: Encoder | None,
    advance: Advance,
) -> Explanation:
    """Return the explanation of a network that predicts one class of each example.

    Args:
        encoder: of a table; None for pictures.
    """
    probabilities = classes.probabilities(model, split.x)
    tally = Tally(len(model.classes), settings.bins)
    tally.add(probabilities, split.y)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != split.y)
    found: Sequence[Importance] = ()
    if encoder is not None:
        found = importance.importances(
            lambda x: score(in_large_batches(model, x), split.y, metric),
            np.array(split.x),
            importance.groups(encoder),
            repeats=settings.repeats,
            seed=settings.seed,
            advance=advance,
        )
    return Explanation(
        tally,
        score(probabilities, split.y, metric),
        tuple(mistakes(probabilities, split.y, settings.errors)),
        len(wrong),
        tuple(found),
        None,
        (),
    )


def in_large_batches(model: Trained, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return probabilities (N, K) of rows (N, D), three times as fast as one by one batch of a prediction."""
    return np.concatenate([model.predictor.predict(x[start : start + ROWS]) for start in range(0, len(x), ROWS)])


def mistakes(probabilities: NDArray[np.float32], labels: NDArray[Any], most: int) -> list[Mistake]:
    """Return the wrong predictions with the largest confidence; the first example of equal ones."""
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    ordered = wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
    return [
        Mistake(
            int(place),
            int(labels[place]),
            int(predicted[place]),
            float(confidence[place]),
            float(probabilities[place, labels[place]]),
        )
        for place in ordered
    ]


def score(probabilities: NDArray[np.float32], labels: NDArray[np.uint8], metric: Metric) -> float:
    """Return the metric of a task as the trainings measure it.

    Raises:
        BadInput: the area under the ROC curve lacks examples of a class.
    """
    import torch

    from bakeoff.training.metrics import accuracy, separation

    # Ranks of the difference of two logits are those of the difference of the logarithms.
    logits, targets = torch.from_numpy(probabilities).double().log(), torch.from_numpy(labels).long()
    if metric == "accuracy":
        return accuracy(logits, targets)
    if (present := len(np.unique(labels))) < probabilities.shape[1]:
        raise BadInput(
            f"the split has examples of {present} of {probabilities.shape[1]} classes, and the area under the ROC "
            "curve needs all; name the other --split"
        )
    return separation(logits, targets)
