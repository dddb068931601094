"""The validation subset: the same examples in all trainings of a task, stratified by class."""

import numpy as np
import pytest
import torch

from bakeoff.data.examples import Examples, Split
from bakeoff.training.settings import plain
from bakeoff.training.subset import drawn
from bakeoff.training.supervised import Classification, Segmentation

CPU = torch.device("cpu")


@pytest.mark.parametrize("count", [1, 5, 12, 59, 60])
@pytest.mark.parametrize("shares", [(60,), (30, 30), (20, 20, 20), (50, 9, 1), (57, 1, 1, 1), (13,) * 4 + (8,)])
def test_each_class_has_its_share_and_at_least_one(shares: tuple[int, ...], count: int) -> None:
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(len(shares)), shares)).astype(np.uint8)
    places = drawn(labels, count)
    assert places.tolist() == sorted(set(places.tolist()))
    assert len(places) == max(count, len(shares))
    found = np.bincount(labels[places], minlength=len(shares))
    assert found.min() >= 1
    # A class that has too few for one moves the others by as many.
    assert (abs(found - np.array(shares) * len(places) / len(labels)) <= len(shares)).all()
    assert drawn(labels, count).tolist() == places.tolist()


def test_classes_of_equal_size_have_equal_shares() -> None:
    found = np.bincount(np.tile(np.arange(10), 50)[drawn(np.tile(np.arange(10), 50), 140)])
    assert found.tolist() == [14] * 10


def test_the_subset_is_no_first_part() -> None:
    places = drawn(np.zeros(1000, np.uint8), 100)
    assert 400 < places.mean() < 600 and np.diff(places).max() < 100


@pytest.mark.parametrize(
    ("trained", "held", "share", "evaluations", "epochs", "wanted"),
    [
        (3500, 500, 0.15, 12, 3, 131),
        (229003, 49849, 0.15, 12, 1, 2863),
        (96, 24, 0.15, 12, 5, 6),
        (3500, 500, 0.15, 12, 20, 500),
        (3500, 500, None, 12, 3, 500),
        (1, 500, 0.15, 12, 1, 1),
        (3500, 500, 1.0, 1, 3, 500),
    ],
)
def test_so_many_are_measured_that_evaluations_see_a_share_of_what_is_trained_on(
    trained: int, held: int, share: float | None, evaluations: int, epochs: int, wanted: int
) -> None:
    asked = plain(epochs, 32).model_copy(update={"evaluations": evaluations, "evaluation_share": share})
    assert asked.evaluated(trained, held) == wanted


def examples(labels: tuple[int, ...] = ()) -> Examples:
    draw = np.random.default_rng(0)
    splits = [
        Split(
            draw.integers(256, size=(n, 1, 4, 4), dtype=np.uint8),
            draw.integers(3, size=(n, *labels), dtype=np.uint8) if labels else np.arange(n, dtype=np.uint8) % 3,
        )
        for n in (40, 30, 9)
    ]
    return Examples(*splits, ("a", "b", "c"))


@pytest.mark.parametrize("kind", [Classification, Segmentation])
def test_the_subset_is_measured_as_its_examples_alone(kind: type[Classification] | type[Segmentation]) -> None:
    data = examples((4, 4) if kind is Segmentation else ())
    asked = plain(3, 8).model_copy(update={"evaluations": 4, "evaluation_share": 0.4})
    workload = kind(data, asked, CPU)
    assert len(workload.subset) == 12
    alone = Split(data.validation.x[workload.subset], data.validation.y[workload.subset])
    only = kind(Examples(data.train, alone, data.test, data.classes), asked, CPU)
    network = torch.nn.Conv2d(1, 3, 1)
    model = (
        network if kind is Segmentation else torch.nn.Sequential(network, torch.nn.Flatten(), torch.nn.Linear(48, 3))
    )
    assert workload.evaluate(model, "validation_subset") == only.evaluate(model, "validation")
    assert workload.evaluate(model, "validation_subset") != workload.evaluate(model, "validation")


def test_the_subset_does_not_depend_on_how_the_network_is_trained() -> None:
    data, one = examples(), plain(3, 8).model_copy(update={"evaluations": 4, "evaluation_share": 0.4})
    other = one.model_copy(update={"batch_size": 1, "shards": 2, "label_smoothing": 0.1})
    assert Classification(data, one, CPU).subset.tolist() == Classification(data, other, CPU).subset.tolist()


def test_a_refit_has_no_subset() -> None:
    workload = Classification(examples(), plain(3, 8), CPU, refit=True)
    assert len(workload.subset) == 0
    assert workload.evaluate(torch.nn.Linear(1, 1), "validation_subset") == {}
