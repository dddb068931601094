import math

import numpy as np
import pytest
from scipy import stats

from bakeoff.results.multiple_comparisons import with_the_best
from bakeoff.results.power import detectable, detection, level, seeds_needed


@pytest.mark.parametrize("cells", [2, 3, 6, 18])
def test_the_level_is_bonferronis_over_all_ordered_pairs(cells: int) -> None:
    assert level(cells, 0.95) * cells * (cells - 1) == pytest.approx(0.05)


@pytest.mark.parametrize("effect", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("cells", [2, 6, 18])
def test_so_many_seeds_detect_the_difference_in_four_of_five_simulated_comparisons(effect: float, cells: int) -> None:
    at = level(cells, 0.95)
    seeds = seeds_needed(effect, at)
    draws = np.random.default_rng([cells, int(10 * effect)]).normal(effect, 1, size=(4000, seeds))
    shares = [
        float(np.mean(stats.ttest_1samp(draws[:, :n], 0, axis=1, alternative="greater").pvalue <= at))
        for n in (seeds, seeds - 1)
    ]
    error = math.sqrt(0.8 * 0.2 / 4000)  # .006
    assert shares[0] >= 0.8 - 3 * error and shares[1] <= 0.8 + 3 * error
    assert detection(effect, seeds, at) >= 0.8 > detection(effect, seeds - 1, at)
    assert shares[0] == pytest.approx(detection(effect, seeds, at), abs=4 * error)


def test_a_textbook_value() -> None:
    # Cohen 1988, table 2.4.1, one-sided .05 and power .80 of one sample: d' = .50 needs 27 (G*Power gives the same).
    assert seeds_needed(0.5, 0.05) == 27


def test_a_smaller_difference_and_a_larger_family_need_more_seeds() -> None:
    needed = [[seeds_needed(effect, level(cells, 0.95)) for effect in (0.5, 1.0, 2.0)] for cells in (2, 6, 18, 30)]
    assert needed[0] == [34, 10, 5]
    assert all(row == sorted(row, reverse=True) for row in needed)
    assert all(list(column) == sorted(column) for column in zip(*needed, strict=True))


def test_a_difference_just_beyond_the_detectable_one_is_detected() -> None:
    spread = np.array([-1.0, 0.2, 0.8])  # mean 0
    limit = detectable([spread] * 4, level(5, 0.95))
    assert limit is not None
    for shift, found in ((limit * 1.01, True), (limit * 0.99, False)):
        # Cell 0 is better than the others, which do not differ in anything but their seeds' order.
        scores = np.array([spread + shift, *[np.zeros(3)] * 4])
        assert bool(with_the_best(scores, 0.95).p[1] * 5 <= 0.05) is found


def test_nothing_is_detectable_without_spread() -> None:
    assert detectable([np.array([0.1])], 0.01) is None
    assert detectable([], 0.01) is None
