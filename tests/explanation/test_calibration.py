"""Confusion, calibration and the most confident errors, against definitions written out."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from bakeoff.explanation.calibration import Tally
from bakeoff.explanation.explanation import mistakes, score


def drawn(seed: int, count: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.ones(classes), count).astype(np.float32)
    return probabilities, generator.integers(0, classes, count).astype(np.uint8)


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("count", [1, 7, 400])
def test_confusion_recall_and_precision_are_those_of_scikit_learn(count: int, classes: int) -> None:
    probabilities, labels = drawn(count, count, classes)
    tally, names, predicted = Tally(classes, 15), range(classes), probabilities.argmax(axis=1)
    tally.add(probabilities[: count // 2], labels[: count // 2])
    tally.add(probabilities[count // 2 :], labels[count // 2 :])
    np.testing.assert_array_equal(tally.confusion, confusion_matrix(labels, predicted, labels=names))
    nan = {"labels": names, "average": None, "zero_division": np.nan}
    for found, expected in (
        (tally.recall(), recall_score(labels, predicted, **nan)),
        (tally.precision(), precision_score(labels, predicted, **nan)),
    ):
        np.testing.assert_allclose([np.nan if one is None else one for one in found], expected)
    assert tally.accuracy == pytest.approx((predicted == labels).mean())


@pytest.mark.parametrize("bins", [1, 5, 15])
@pytest.mark.parametrize("classes", [2, 4])
def test_the_calibration_error_is_the_sum_of_guo_et_al(classes: int, bins: int) -> None:
    """Equation 3: over m, |B_m| / n times |acc(B_m) - conf(B_m)|; B_m has the confidences in ((m - 1) / M, m / M]."""
    probabilities, labels = drawn(bins, 300, classes)
    tally = Tally(classes, bins)
    tally.add(probabilities, labels)
    expected = 0.0
    for m in range(1, bins + 1):
        inside = [
            (float(row.max()), row.argmax() == label)
            for row, label in zip(probabilities, labels, strict=True)
            if (m - 1) / bins < float(row.max()) <= m / bins
        ]
        if inside:
            confidence, correct = np.mean([one[0] for one in inside]), np.mean([one[1] for one in inside])
            expected += len(inside) / len(labels) * abs(correct - confidence)
            assert tally.bins[m - 1].count == len(inside)
            assert tally.bins[m - 1].accuracy == pytest.approx(correct)
            assert tally.bins[m - 1].confidence == pytest.approx(confidence)
        else:
            assert tally.bins[m - 1].accuracy is None
    assert tally.calibration_error == pytest.approx(expected)


def test_a_confidence_on_a_limit_is_in_the_bin_below_it() -> None:
    tally = Tally(2, 2)
    tally.add(np.array([[0.5, 0.5], [1, 0], [0, 1]], np.float32), np.array([0, 0, 0], np.uint8))
    assert [one.count for one in tally.bins] == [1, 2]
    assert tally.calibration_error == pytest.approx((0.5 + 2 * 0.5) / 3)


def test_the_most_confident_errors_come_first_and_right_predictions_not_at_all() -> None:
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]], np.float32)
    labels = np.array([1, 0, 0, 1, 0], np.uint8)
    assert [one.example for one in mistakes(probabilities, labels, 9)] == [0, 1, 3, 4]
    assert [one.example for one in mistakes(probabilities, labels, 2)] == [0, 1]
    (first,) = mistakes(probabilities, labels, 1)
    assert (first.label, first.predicted) == (1, 0)
    assert (first.confidence, first.probability) == pytest.approx((0.9, 0.1))


@pytest.mark.parametrize("classes", [2, 3])
def test_the_area_is_that_of_scikit_learn(classes: int) -> None:
    from sklearn.metrics import roc_auc_score

    probabilities, labels = drawn(3, 200, classes)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    given = probabilities[:, 1] if classes == 2 else probabilities
    expected = roc_auc_score(labels, given, multi_class="ovr")
    assert score(probabilities, labels, "auc") == pytest.approx(expected, abs=1e-9)
