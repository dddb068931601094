import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, jaccard_score, roc_auc_score

from bakeoff.training.metrics import accuracy, area_under_curve, confusion, dice, iou_of, pixel_error_of, separation

EXACT = 1e-12  # both sides compute in float64


def test_accuracy_is_scikit_learns() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(501, 4, generator=generator), torch.randint(4, (501,), generator=generator)
    assert accuracy(logits, labels) == pytest.approx(accuracy_score(labels, logits.argmax(1)), abs=EXACT)


@pytest.mark.parametrize("levels", [2, 7, 10**6], ids=["most scores tied", "some tied", "hardly any tied"])
def test_area_under_curve_is_scikit_learns(levels: int) -> None:
    generator = torch.Generator().manual_seed(0)
    labels = (torch.rand(997, generator=generator) < 0.2).long()
    scores = (torch.randint(levels, (997,), generator=generator) + labels * levels / 3).round()
    assert area_under_curve(scores, labels) == pytest.approx(roc_auc_score(labels, scores), abs=EXACT)


def test_area_under_curve_needs_both_classes() -> None:
    with pytest.raises(ValueError, match="both classes"):
        area_under_curve(torch.rand(5), torch.ones(5, dtype=torch.int64))


@pytest.mark.parametrize("classes", [2, 5])
def test_separation_is_scikit_learns(classes: int) -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.cat([torch.arange(classes), torch.randint(classes, (400,), generator=generator) ** 2 % classes])
    logits = torch.randn(len(labels), classes, generator=generator, dtype=torch.float64)
    logits[torch.arange(len(labels)), labels] += 1
    shares = logits.softmax(1)
    expected = roc_auc_score(labels, shares[:, 1] if classes == 2 else shares, multi_class="ovr", average="macro")
    assert separation(logits, labels) == pytest.approx(expected, abs=EXACT)


def test_dice_is_scikit_learns_f1_over_all_pixels() -> None:
    generator = torch.Generator().manual_seed(0)
    predicted, labels = torch.randint(3, (2, 6, 9, 11), generator=generator)
    labels[labels == 2] *= torch.randint(2, labels[labels == 2].shape, generator=generator)  # unequal classes
    expected = f1_score(labels.flatten(), predicted.flatten(), average=None)
    np.testing.assert_allclose(dice(predicted, labels, 3), expected, atol=EXACT)


def test_dice_of_a_class_that_is_nowhere_is_1() -> None:
    assert dice(torch.zeros(1, 2, 2).long(), torch.zeros(1, 2, 2).long(), 2) == [1, 1]


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("seed", range(4))
def test_iou_and_pixel_error_are_scikit_learns(classes: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    predicted, labels = torch.randint(classes, (2, 4, 9, 11), generator=generator)
    labels[labels == 1] *= torch.randint(2, labels[labels == 1].shape, generator=generator)  # unequal classes
    counts = confusion(predicted, labels, classes)
    expected = jaccard_score(labels.flatten(), predicted.flatten(), average=None)
    np.testing.assert_allclose(iou_of(counts), expected, atol=EXACT)
    wrong = 1 - accuracy_score(labels.flatten(), predicted.flatten())
    assert pixel_error_of(counts) == pytest.approx(wrong, abs=EXACT)


@pytest.mark.parametrize(
    ("predicted", "labels", "iou", "error"),
    [
        ([0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1], 0),  # classes that are nowhere
        ([0, 0, 1, 0], [0, 0, 0, 0], [0.75, 0, 1], 0.25),  # predicted alone
        ([0, 0, 0, 0], [0, 0, 0, 2], [0.75, 1, 0], 0.25),  # labelled alone
        ([1, 1, 2, 2], [1, 2, 2, 2], [1, 0.5, 2 / 3], 0.25),
    ],
)
def test_iou_of_a_class_that_is_empty(predicted: list[int], labels: list[int], iou: list[float], error: float) -> None:
    counts = confusion(torch.tensor(predicted), torch.tensor(labels), 3)
    assert iou_of(counts) == pytest.approx(iou)
    assert pixel_error_of(counts) == error
