"""V_Rand and V_Info against sums over all pairs of pixels, and against scikit-learn's mutual information."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.metrics import normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from bakeoff.explanation.membranes import THRESHOLDS, Separations, counts, info, rand, segments


def labelled(seed: int, numbers: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, numbers, (7, 8))


def split(proposed: NDArray[np.int64], truth: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """Return the segments of the pixels of true cells; border of the proposal has numbers of its own."""
    s = [int(a) if a else 1000 + place for place, a in enumerate(proposed.ravel())]
    pairs = [(a, int(b)) for a, b in zip(s, truth.ravel(), strict=True) if b]
    return [a for a, _ in pairs], [b for _, b in pairs]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("numbers", [2, 3, 6])
def test_scores_are_their_definitions(seed: int, numbers: int) -> None:
    proposed, truth = labelled(seed, numbers), labelled(seed + 100, 4)
    s, t = split(proposed, truth)
    places = range(len(s))
    # The probability that two pixels, drawn with replacement, are in one segment: of both, of the proposal, of truth.
    both = sum(s[a] == s[b] and t[a] == t[b] for a in places for b in places)
    first = sum(s[a] == s[b] for a in places for b in places)
    second = sum(t[a] == t[b] for a in places for b in places)
    found = counts(proposed, truth)
    assert rand(*found) == pytest.approx(2 * both / (first + second), rel=1e-12)
    assert info(*found) == pytest.approx(normalized_mutual_info_score(t, s, average_method="arithmetic"), rel=1e-9)


def test_equal_segmentations_have_the_score_1_and_a_merge_costs_more_than_a_shifted_border() -> None:
    truth = np.zeros((20, 30), bool)
    truth[:, 10] = truth[:, 20] = True
    shifted, merged = np.roll(truth, 1, axis=1), truth.copy()
    merged[5:8, 10] = False
    scores = []
    for border in (truth, shifted, merged):
        found = counts(segments(~border), segments(~truth))
        scores.append((rand(*found), info(*found)))
    assert scores[0] == pytest.approx((1.0, 1.0))
    assert scores[2][0] < 0.8 < 0.9 < scores[1][0] < 1 and scores[2][1] < scores[1][1] < 1


@pytest.mark.parametrize("width", [1, 2, 5])
def test_a_border_of_any_width_is_thinned_to_a_line(width: int) -> None:
    cells = np.ones((9, 20), bool)
    cells[:, 8 : 8 + width] = False
    found = segments(cells)
    assert set(np.unique(found)) == {0, 1, 2}
    assert ((found == 0).sum(axis=1) == 1).all() and (found[cells] > 0).all()
    assert (found[:, :8] == 1).all() and (found[:, 8 + width :] == 2).all()


def test_cells_that_touch_at_a_corner_are_two() -> None:
    cells = np.array([[True, False], [False, True]])
    found = segments(cells)
    assert found[0, 0] != found[1, 1]


@pytest.mark.parametrize(("proposed", "truth"), [(False, False), (True, False), (False, True)])
def test_images_of_cell_alone_or_border_alone_have_scores(proposed: bool, truth: bool) -> None:
    """Without a border the whole image is one cell, without a cell there is nothing to compare."""
    found = Separations()
    found.add(np.full((6, 6), float(proposed)), np.full((6, 6), truth))
    scores = found.separation("membrane")
    expected = 1.0 if truth or not proposed else 2 / (36 + 1)
    for score in (scores.rand, scores.pooled_rand):
        assert score.middle == score.best == pytest.approx(expected)
    for score in (scores.info, scores.pooled_info):
        assert 0 <= score.middle <= 1


def test_the_threshold_with_the_best_mean_is_chosen() -> None:
    truth = np.zeros((20, 31), bool)
    truth[:, 15] = True
    probabilities = np.where(truth, 0.35, 0.15)
    found = Separations()
    for _ in range(2):
        found.add(probabilities, truth)
    scores: Any = found.separation("membrane")
    assert (scores.rand.best, scores.info.best) == pytest.approx((1.0, 1.0)) and scores.rand.middle < 0.9
    assert scores.rand.threshold == scores.info.threshold == 0.2 and 0.2 in THRESHOLDS


@pytest.mark.parametrize("column", [29, 31, 34])
def test_a_line_anywhere_in_the_true_border_separates_the_cells(column: int) -> None:
    """Pixels of the true border do not count, as in the challenge."""
    truth = np.zeros((64, 64), bool)
    truth[:, 29:35] = True
    proposed = np.zeros((64, 64))
    proposed[:, column] = 1.0
    found = Separations()
    found.add(proposed, truth)
    scores = found.separation("membrane")
    assert scores.rand.middle == scores.info.middle == scores.pooled_rand.middle == scores.pooled_info.middle == 1.0


def test_pooled_scores_are_those_of_one_segmentation_of_all_sections() -> None:
    rng, found = np.random.default_rng(0), Separations()
    numbered: list[tuple[list[int], list[int]]] = []
    for number, size in enumerate(((20, 30), (6, 40), (31, 9))):
        truth, probabilities = rng.random(size) < 0.3, rng.random(size)
        found.add(probabilities, truth)
        s, t = split(segments(probabilities < 0.5), ndimage.label(~truth)[0])
        numbered.append(([10**6 * number + a for a in s], [10**6 * number + b for b in t]))
    s, t = ([one for part in numbered for one in part[which]] for which in (0, 1))
    scores = found.separation("membrane")
    table = contingency_matrix(t, s).astype(float)
    expected = 2 * (table**2).sum() / ((table.sum(axis=0) ** 2).sum() + (table.sum(axis=1) ** 2).sum())
    assert scores.pooled_rand.middle == pytest.approx(expected, rel=1e-12)
    assert scores.pooled_info.middle == pytest.approx(
        normalized_mutual_info_score(t, s, average_method="arithmetic"), rel=1e-9
    )
    assert abs(scores.pooled_rand.middle - scores.rand.middle) > 0.01
    assert abs(scores.pooled_info.middle - scores.info.middle) > 0.01


def test_a_large_section_outweighs_a_small_one_in_pooled_v_rand_alone() -> None:
    found = Separations()
    truth = np.zeros((40, 41), bool)
    truth[:, 20] = True
    found.add(truth.astype(float), truth)
    small = np.zeros((4, 9), bool)
    small[:, 4] = True
    found.add(np.zeros(small.shape), small)  # two cells of 16 pixels, merged
    scores = found.separation("membrane")
    assert scores.rand.middle == pytest.approx((1 + 2 / 3) / 2)
    cells, merged = 2 * 800**2, 32**2
    assert scores.pooled_rand.middle == pytest.approx(2 * (cells + 2 * 16**2) / (2 * cells + merged + 2 * 16**2))
