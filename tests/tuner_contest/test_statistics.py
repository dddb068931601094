"""The statistics do what they say."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bakeoff.tuner_contest.statistics import Bootstrap, mean_ranks, median, ratio, win_rate

BOOTSTRAP = Bootstrap(confidence=0.95, resamples=1000)


def test_a_ratio_is_the_geometric_mean_over_problems_of_ratios_of_medians() -> None:
    regrets, others = np.array([[1.0, 2.0, 9.0], [0.3, 0.1, 0.2]]), np.array([[4.0, 1.0, 7.0], [0.1, 0.1, 5.0]])
    assert ratio(regrets, others) == pytest.approx(np.sqrt((2 / 4) * (0.2 / 0.1)))


def test_a_regret_of_zero_makes_no_ratio_infinite() -> None:
    assert ratio(np.array([[0.0]]), np.array([[1e-9]])) == 1.0


def test_a_win_rate_counts_all_pairs_of_repeats_of_a_problem_and_half_of_the_ties() -> None:
    regrets, others = np.array([[1.0, 3.0], [10.0, 10.0]]), np.array([[2.0, 3.0], [20.0, 20.0]])
    assert win_rate(regrets, others) == pytest.approx((1 + 1 + 0 + 0.5 + 4) / 8)


def test_an_interval_covers_the_true_median_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(60):
        found = BOOTSTRAP.estimate(median, rng.exponential(size=(1, 30)))
        assert found.low <= found.value <= found.high
        covered += found.low <= np.log(2) <= found.high
    assert covered >= 50  # of 60 at 95 %; fewer than 50 has a chance of 1e-4


def test_medians_of_columns_are_those_of_each_column_with_its_interval() -> None:
    regrets = np.random.default_rng(3).exponential(size=(30, 4))
    for column, found in zip(regrets.T, BOOTSTRAP.medians(regrets), strict=True):
        alone = BOOTSTRAP.estimate(median, column[None])
        assert found.value == alone.value
        assert (found.low, found.high) == pytest.approx((alone.low, alone.high), rel=0.25)


def test_problems_are_resampled_together() -> None:
    """Where each problem repeats the first one, eight of them say no more than one."""
    one = np.random.default_rng(2).exponential(size=(1, 30))
    eight = BOOTSTRAP.estimate(mean_of_medians, np.tile(one, (8, 1)))
    assert eight == pytest.approx(BOOTSTRAP.estimate(mean_of_medians, one))


def mean_of_medians(regrets: NDArray[np.float64]) -> float:
    return float(np.median(regrets, axis=1).mean())


def test_mean_ranks_are_within_repeats_and_have_nemenyis_difference() -> None:
    regrets = {
        "a": np.array([[1.0, 2.0], [0.1, 0.1]]),
        "b": np.array([[3.0, 4.0], [0.2, 0.1]]),
        "c": np.full((2, 2), 9.0),
    }
    ranks, difference = mean_ranks(regrets, 0.95)
    assert ranks == {"a": pytest.approx((1 + 1 + 1 + 1.5) / 4), "b": pytest.approx((2 + 2 + 2 + 1.5) / 4), "c": 3.0}
    assert difference == pytest.approx(2.343 * np.sqrt(3 * 4 / (6 * 4)), abs=1e-3)  # Demsar 2006, table 5a
