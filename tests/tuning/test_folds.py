"""The folds of cross-validation."""

import numpy as np
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.examples import Examples, Split
from bakeoff.tuning.folds import check_folds, folds_of, held_out

LABELS = np.repeat(np.array([0, 1, 2], np.uint8), [50, 17, 6])


def examples(y: np.ndarray = LABELS) -> Examples:
    """Each row has its own number; those of the validation and test splits are negative."""
    x = np.arange(len(y), dtype=np.float32)[:, None]
    return Examples(Split(x, y), Split(-1 - x, y), Split(-1000 - x, y), ("a", "b", "c"))


@pytest.mark.parametrize("folds", [2, 5, 6])
def test_no_held_out_example_is_trained_on_and_each_is_held_out_once(folds: int) -> None:
    whole = examples()
    seen: list[float] = []
    for fold in range(folds):
        part = held_out(whole, fold, folds, seed=3)
        train, out = (split.x[:, 0].tolist() for split in (part.train, part.validation))
        assert not {*train} & {*out}
        assert sorted(train + out) == whole.train.x[:, 0].tolist()  # and nothing of the validation split
        assert all(part.validation.y == whole.train.y[part.validation.x[:, 0].astype(int)])
        assert all(part.train.y == whole.train.y[part.train.x[:, 0].astype(int)])
        assert part.test is whole.test
        seen += out
    assert sorted(seen) == whole.train.x[:, 0].tolist()


@pytest.mark.parametrize("folds", [2, 5, 6])
def test_folds_have_equal_sizes_and_equal_numbers_of_each_class(folds: int) -> None:
    numbers = folds_of(np.random.default_rng(1).permutation(LABELS), folds, seed=0)
    assert np.ptp(np.bincount(numbers, minlength=folds)) <= 1
    shuffled = np.random.default_rng(1).permutation(LABELS)
    for label in range(3):
        assert np.ptp(np.bincount(numbers[shuffled == label], minlength=folds)) <= 1


def test_folds_are_drawn_by_the_seed() -> None:
    first, again, other = (folds_of(LABELS, 5, seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    # Neighbours of one class are not dealt out in the order of the rows.
    assert not np.array_equal(first, np.arange(len(LABELS)) % 5)


def test_a_class_with_fewer_examples_than_folds_is_refused() -> None:
    check_folds(examples(), 6, "here")
    with pytest.raises(BadInput, match=r"^here is 7, and of the class c the study has 6 training examples"):
        check_folds(examples(), 7, "here")
    with pytest.raises(BadInput, match=r"^here is 2, and of the class c the study has 0 training examples"):
        check_folds(examples(LABELS[:60]), 2, "here")
