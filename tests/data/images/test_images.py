import gzip
from pathlib import Path

import numpy as np
import pytest

from bakeoff.data.images import images
from bakeoff.data.images.settings import CountSplitSettings
from bakeoff.data.sources import catalogue as sources
from bakeoff.settings import BadInput

# Classes of 60, 30 and 10, sorted as the package has them; each image is told by its first pixel.
Y = np.repeat(np.array([0, 1, 2], np.uint8), [60, 30, 10])
X = np.zeros((100, 1, 28, 28), np.uint8)
X[:, 0, 0, 0] = np.arange(100)


def split(validation: int = 10, test: int = 20, seed: int = 0) -> images.Examples:
    return images.split(X, Y, ("a", "b", "c"), CountSplitSettings(validation=validation, test=test, seed=seed))


def test_each_image_lies_in_one_split_beside_its_own_label() -> None:
    made = split()
    seen = []
    for part in (made.train, made.validation, made.test):
        which = part.x[:, 0, 0, 0]
        assert np.array_equal(part.y, Y[which])
        seen += which.tolist()
    assert sorted(seen) == list(range(100))


def test_each_class_keeps_its_share_in_every_split() -> None:
    made = split()
    assert np.bincount(made.test.y).tolist() == [12, 6, 2]
    assert np.bincount(made.validation.y).tolist() == [6, 3, 1]
    assert np.bincount(made.train.y).tolist() == [42, 21, 7]


def test_any_stretch_of_the_order_holds_each_class_by_its_share() -> None:
    order = images.stratified(Y, np.random.default_rng(0))
    for start in range(0, 100, 7):
        for stop in range(start, 101, 5):
            held = np.bincount(Y[order[start:stop]], minlength=3)
            assert np.abs(held - (stop - start) * np.array([0.6, 0.3, 0.1])).max() <= 1.5


def test_the_seed_decides_which_images_are_held_out() -> None:
    first, again, other = (set(split(seed=seed).test.x[:, 0, 0, 0].tolist()) for seed in (0, 0, 1))
    assert first == again
    assert len(first & other) < 10  # by chance 4 of 20; all 20 where the seed has no say


def test_as_many_held_out_as_there_are_is_refused() -> None:
    with pytest.raises(BadInput, match=r"validation \+ test is 100, and should be below 100"):
        split(validation=80)


def test_a_line_is_an_image_row_by_row_and_then_its_label(tmp_path: Path) -> None:
    pixels = np.arange(784) % 256
    with gzip.open(tmp_path / "digits.csv.gz", "wt") as file:
        file.write(",".join(map(str, [*pixels, 7])) + "\n")
    x, y = images.read(tmp_path / "digits.csv.gz")
    assert (x.dtype, x.shape) == (np.uint8, (1, 1, 28, 28))
    assert x[0, 0, 1, 0] == 28
    assert y.tolist() == [7]


def test_the_package_has_500_images_of_each_digit() -> None:
    x, y = images.read(sources.files("mnist-5k")["digits"])
    assert np.bincount(y).tolist() == [500] * 10
    assert len(images.CLASSES) == 10
    # A one has ink in the middle column, a zero has a hole there.
    centre = x[:, 0, 12:16, 13:15].mean(axis=(1, 2))
    assert centre[y == 1].mean() > 150 > 50 > centre[y == 0].mean()
