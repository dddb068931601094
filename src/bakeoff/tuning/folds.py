"""The folds of cross-validation: parts of the training examples, each of which is held out once."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.examples import Examples, Split


def folds_of(y: NDArray[np.uint8], folds: int, seed: int) -> NDArray[np.intp]:
    """Return the number of the fold of each of N examples.

    Stratified: the sizes of two folds differ by at most one example, and so do their numbers of examples of any class.

    Args:
        y: (N,), the class of each example.
        seed: draws the folds.
    """
    shuffled = np.random.default_rng(seed).permutation(len(y))
    by_class = shuffled[np.argsort(y[shuffled], kind="stable")]
    numbers = np.empty(len(y), np.intp)
    numbers[by_class] = np.arange(len(y)) % folds
    return numbers


def held_out(examples: Examples, fold: int, folds: int, seed: int) -> Examples:
    """Return the training examples without a fold, and that fold as the validation split; the test split is the same.

    The validation examples are in neither, so that they are still unseen when the best trial is confirmed.
    """
    x, y = examples.train.x, examples.train.y
    out = folds_of(y, folds, seed) == fold
    return replace(examples, train=Split(x[~out], y[~out]), validation=Split(x[out], y[out]))


def check_folds(examples: Examples, folds: int, place: str) -> None:
    """Refuse folds that would lack a class.

    Args:
        place: the place of the number of folds, for messages.

    Raises:
        BadInput: a class has fewer training examples than there are folds.
    """
    counts = np.bincount(examples.train.y, minlength=len(examples.classes))
    fewest = int(counts.argmin())
    if counts[fewest] < folds:
        raise BadInput(
            f"{place} is {folds}, and of the class {examples.classes[fewest]} the study has {counts[fewest]} training "
            "examples, so that a fold would have none; take fewer folds, more examples, or {seeds: 3}"
        )
