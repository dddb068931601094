"""Windowed metrics against what every row and every pair of the window says."""

import numpy as np
import pytest
import torch

from bakeoff.online import reference
from bakeoff.online.window import Window, see
from bakeoff.training.metrics import area_under_curve

LEVELS = [2, 5, 10**6]  # of scores: most tied, some tied, hardly any


def stream(count: int, levels: int, classes: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    draw = np.random.default_rng(levels + classes)
    curves = 1 if classes == 2 else classes
    scores = draw.integers(levels, size=(count, curves)).astype(float)
    labels = draw.integers(classes, size=count)
    labels[count // 2 : count // 2 + 15] = 0  # a window may lack a class
    return scores, labels, draw.integers(2, size=count), draw.exponential(size=count)


@pytest.mark.parametrize("levels", LEVELS)
def test_the_area_is_that_of_every_pair_after_every_row(levels: int) -> None:
    length, (scores, labels, hits, costs) = 12, stream(120, levels)
    window = Window.empty(2, length, [1])
    missing = 0
    for i in range(120):
        see(window, *(part[i : i + 1] for part in (scores, labels, hits, costs)), 0.9)
        there = slice(max(0, i + 1 - length), i + 1)
        expected = reference.area(scores[there, 0].tolist(), (labels[there] == 1).tolist())
        assert window.area == pytest.approx(expected, abs=1e-15), i
        missing += window.area is None
        assert ("window/auc" in window.measure()) == (window.area is not None)
    assert missing


def test_the_area_of_many_classes_is_the_mean_of_each_against_the_others() -> None:
    length, (scores, labels, hits, costs) = 60, stream(200, 7, classes=3)
    window = Window.empty(3, length, [1])
    see(window, scores, labels, hits, costs, 0.9)
    areas = [reference.area(scores[-length:, k].tolist(), (labels[-length:] == k).tolist()) for k in range(3)]
    assert window.area == pytest.approx(np.mean([area for area in areas if area is not None]), abs=1e-15)


def test_a_long_stream_leaves_the_same_window_as_its_end() -> None:
    length, (scores, labels, hits, costs) = 500, stream(20_000, 300)
    window = Window.empty(2, length, [1])
    for start in range(0, 20_000, 7_000):
        see(window, *(part[start : start + 7_000] for part in (scores, labels, hits, costs)), 0.99)
    assert window.area == area_under_curve(torch.from_numpy(scores[-500:, 0]), torch.from_numpy(labels[-500:]))
    measured = window.measure()
    assert measured["window/accuracy"] == hits[-500:].mean()
    assert measured["window/loss"] == pytest.approx(costs[-500:].mean(), rel=1e-14)  # the order of the sum


def test_fading_weighs_each_row_against_the_next() -> None:
    _, labels, hits, costs = stream(40, 3)
    window = Window.empty(2, 5, [1])
    see(window, np.zeros((40, 1)), labels, hits, costs, 0.8)
    weights = 0.8 ** np.arange(39, -1, -1)
    assert window.measure()["faded/accuracy"] == pytest.approx((weights * hits).sum() / weights.sum())
    assert window.measure()["faded/loss"] == pytest.approx((weights * costs).sum() / weights.sum())


def test_means_of_k_costs_lie_one_after_the_other() -> None:
    scores, labels, hits, costs = stream(1003, 3)
    window = Window.empty(2, 5, [1, 10, 400, 600])
    for start in range(0, 1003, 37):
        see(window, *(part[start : start + 37] for part in (scores, labels, hits, costs)), 0.8)
    expected = {1: costs.std(ddof=1), 10: costs[:1000].reshape(100, 10).mean(axis=1).std(ddof=1)}
    expected[400] = costs[:800].reshape(2, 400).mean(axis=1).std(ddof=1)
    assert window.deviations() == pytest.approx({f"loss.mean{k}/deviation": value for k, value in expected.items()})


def test_a_copy_is_left_alone() -> None:
    window = Window.empty(2, 5, [1])
    before = window.copy()
    see(window, *(part[:3] for part in stream(3, 3)), 0.8)
    assert before.counts[0] == 0 and window.counts[0] == 3
