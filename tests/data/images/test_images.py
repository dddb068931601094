from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.examples import Examples
from bakeoff.data.images import images
from bakeoff.data.images.labelled import Labelled, part
from bakeoff.data.images.settings import ImagesSettings
from bakeoff.data.remarks import Remarks

# Classes of 60, 30 and 10, sorted; each image is told by its first pixel. The last 20 are a test part: 5, 5 and 10.
Y = np.repeat([0, 1, 2, 0, 1, 2], [55, 25, 0, 5, 5, 10])


def labelled(y: np.ndarray = Y, parts: tuple[int, int, int] = (len(Y), 0, 0)) -> Labelled:
    def picture(n: int) -> np.ndarray:
        return np.array([[[n, 2]], [[n, 4]], [[n, 6]]], np.uint8)

    return Labelled("source", y, ("a", "b", "c"), parts, picture, "image {}".format)


def made(found: Labelled, validation: object = 10, test: object = 20, seed: int = 0, **change: object) -> Examples:
    split = {"validation": validation, "test": test, "seed": seed}
    values = {
        "kind": "images",
        "source": "mnist-5k",
        "take": None,
        "colour": "rgb",
        "resize": None,
        "bits": None,
        "split": split,
    } | change
    counted: list[int] = []
    examples = images.examples(found, ImagesSettings.model_validate(values), counted.append, Remarks())
    assert sum(counted) == len(found.y)
    return examples


def which(examples: Examples) -> list[list[int]]:
    return [part.x[:, 0, 0, 0].tolist() for part in (examples.train, examples.validation, examples.test)]


def test_each_image_lies_in_one_split_beside_its_own_label() -> None:
    examples = made(labelled())
    for split in (examples.train, examples.validation, examples.test):
        assert np.array_equal(split.y, Y[split.x[:, 0, 0, 0]])
    assert sorted(chain(*which(examples))) == list(range(100))


def test_each_class_keeps_its_share_in_every_split() -> None:
    examples = made(labelled())
    assert np.bincount(examples.test.y).tolist() == [12, 6, 2]
    assert np.bincount(examples.validation.y).tolist() == [6, 3, 1]
    assert np.bincount(examples.train.y).tolist() == [42, 21, 7]


def test_the_seed_decides_which_images_are_held_out() -> None:
    first, again, other = (set(which(made(labelled(), seed=seed))[2]) for seed in (0, 0, 1))
    assert first == again
    assert len(first & other) < 10  # by chance 4 of 20; all 20 where the seed has no say


def test_a_given_part_is_kept_and_the_rest_is_drawn_from() -> None:
    y = np.tile([0, 1, 2, 2], 25)
    train, validation, test = which(made(labelled(y, (70, 0, 30)), validation=10, test="given"))
    assert test == list(range(70, 100))
    assert sorted(train + validation) == list(range(70)) and len(validation) == 10
    train, validation, test = which(made(labelled(y, (60, 20, 20)), validation="given", test="given"))
    assert (validation, test) == (list(range(60, 80)), list(range(80, 100)))
    assert sorted(train) == list(range(60)) != train


def test_numbers_are_drawn_from_a_part_that_is_not_asked_for_too() -> None:
    y = np.tile([0, 1, 2, 2], 25)
    assert sorted(chain(*which(made(labelled(y, (70, 0, 30)))))) == list(range(100))


def test_colour_and_size_are_those_of_the_settings() -> None:
    examples = made(labelled(), colour="grey", resize=[1, 1])
    assert examples.train.x.shape == (70, 1, 1, 1)
    n = examples.train.x[0, 0, 0, 0]
    first = which(made(labelled()))[0][0]
    assert n == (first + round(0.299 * 2 + 0.587 * 4 + 0.114 * 6) + 1) // 2  # the grey pixels n and 4; halves up


@pytest.mark.parametrize(
    ("found", "change", "said"),
    [
        (labelled(), {"validation": 80}, r"validation is 100: expected less than 100, the number of images in source"),
        (labelled(), {"test": "given"}, r"data\.images\.split\.test is given, but source has no part of that name"),
        (labelled(Y, (80, 0, 20)), {"test": "given"}, r"source: class 'c' has no image in train"),
        (labelled(np.repeat([0, 1, 2, 0, 1], 20), (80, 0, 20)), {"test": "given"}, r"class 'a' has no image in test"),
        (
            labelled(np.repeat([0, 1, 2], [50, 49, 1])),
            {"test": 90, "validation": 9},
            r"class '.' has no image in train",
        ),
        (labelled(), {"resize": [2, 2]}, r"image 0: invalid size 1 x 2 .* at least resize \[2, 2\]"),
    ],
)
def test_splits_and_sizes_that_cannot_be_are_refused(found: Labelled, change: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        made(found, **change)


@pytest.mark.parametrize(
    ("take", "change"),
    [
        (4, {}),  # 3 classes, and two are left to train on
        (2, {"validation": 1, "test": 1}),
        (4, {"validation": 1, "test": "given"}),
    ],
)
def test_more_images_are_a_way_out_of_a_fault_of_a_part(take: int, change: dict[str, object]) -> None:
    few = part(labelled(parts=(80, 0, 20)), take, seed=0)
    whole = part(replace(few, whole=None), take, seed=0)  # a source with as many images as are taken
    for found, ends in ((few, True), (whole, False)):
        with pytest.raises(BadInput) as refused:
            made(found, **{"validation": 0.2, "test": 0.2, "take": take} | change)
        assert str(refused.value).endswith(", or raise data.images.take") == ends


def test_images_with_the_same_pixels_in_two_classes_or_parts_are_said() -> None:
    y = np.repeat([0, 1], 10)
    value = [*range(10), 3, *range(11, 20)]  # image 10, of class 1, is image 3, of class 0
    found = replace(
        labelled(y, (20, 0, 0)), classes=("a", "b"), picture=lambda n: np.full((1, 2, 2), value[n], np.uint8)
    )
    assert twins(found) == ["1 images have another class than an image with the same pixels, like "]
    value = [*range(19), 2]
    found = replace(found, y=np.zeros(20, np.intp) + (np.arange(20) > 8) * (np.arange(20) < 19), parts=(15, 0, 5))
    assert twins(found, "given") == ["1 images are in another part than an image with the same pixels, like "]
    found = replace(found, picture=lambda n: np.full((1, 2, 2), n, np.uint8))
    assert twins(found, "given") == []


def twins(found: Labelled, test: object = 5) -> list[str]:
    """The remarks up to the names of the images."""
    settings = {"kind": "images", "source": "mnist-5k", "take": None, "colour": "grey", "resize": None, "bits": None}
    split = {"validation": 2, "test": test, "seed": 0}
    remarks = Remarks()
    images.examples(found, ImagesSettings.model_validate(settings | {"split": split}), int, remarks)
    return [line.partition("image 2")[0].partition("image 3")[0].partition("image 10")[0] for line in remarks.lines()]
