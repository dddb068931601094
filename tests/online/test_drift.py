"""Drifts, and how long a learner takes to get over one."""

import numpy as np
import pytest

from bakeoff.online.drift import Scenario, changes
from bakeoff.online.kernels import Rows
from bakeoff.online.settings import DriftSettings
from bakeoff.online.window import Window

WIDTHS = np.array([3, 5])  # of the categories of `rows`


def test_labels_swap_their_names_and_features_their_places(rows) -> None:
    before = rows(200, classes=3)
    after = changes(WIDTHS, 3, seed=1)
    assert after["none"](before) is before
    swapped = after["labels"](before)
    assert swapped.labels.tolist() == [(label + 1) % 3 for label in before.labels]
    assert swapped.numbers is before.numbers and swapped.codes is before.codes
    moved = after["features"](before)
    assert np.array_equal(moved.numbers, before.numbers[:, ::-1])
    assert np.array_equal(moved.labels, before.labels)
    for c, width in enumerate(WIDTHS):
        places = {(a, b) for a, b in zip(before.codes[:, c], moved.codes[:, c], strict=True)}
        assert len(places) == len({b for _, b in places}) == width
    again = changes(WIDTHS, 3, seed=1)["features"](before)
    assert np.array_equal(again.codes, moved.codes)
    assert not np.array_equal(changes(WIDTHS, 3, seed=2)["features"](before).codes, moved.codes)


def test_features_without_categories_still_move(rows) -> None:
    before = rows(5)
    bare = Rows(before.numbers, np.zeros((5, 0), np.int64), before.labels, before.learns)
    assert changes(np.array([], np.int64), 2, 0)["features"](bare).codes.shape == (5, 0)


def scenario(answers: np.ndarray) -> Scenario:  # type: ignore[type-arg]
    made = Scenario(None, Window.empty(2, 5, [1]))  # type: ignore[arg-type]
    made.answers = answers
    return made


@pytest.mark.parametrize("piece", [200, 7, 1])
@pytest.mark.parametrize(
    ("wrong", "recovered"),
    [
        pytest.param(range(30), 39, id="a window that is clean but for one of ten"),
        pytest.param(range(0), 10, id="never behind: after the first window"),
        pytest.param(range(200), None, id="always behind"),
        pytest.param([*range(30), *range(45, 75)], 84, id="not where it does not stay so"),
        pytest.param([*range(30), 50, 70], 39, id="single answers do not matter"),
    ],
)
def test_recovery_is_a_good_window_that_stays_good(piece: int, wrong, recovered: int | None) -> None:
    settings = DriftSettings(between=(0.1, 0.2), window=10, holds=40, within=0.1)
    right = np.ones(200, np.int64)
    answers = right.copy()
    answers[list(wrong)] = 0
    drifted = scenario(answers)
    for start in range(0, 200, piece):
        part = slice(start, start + piece)
        drifted.answers = answers[part]
        drifted.compare(scenario(right[part]), start, settings)
    assert drifted.recovered == recovered
    assert drifted.behind == len(list(wrong))
    assert len(drifted.gaps) <= 50
