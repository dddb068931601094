import math

import numpy as np
import pytest
import torch

from bakeoff.results.test_set_error import binomial, error, hanley_mcneil, largest_explained
from bakeoff.training.metrics import area_under_curve


def test_the_binomial_error_is_that_of_draws() -> None:
    draws = np.random.default_rng(0).binomial(1000, 0.974, size=20_000) / 1000
    # The relative error of a deviation from 20,000 draws is 1 / sqrt(40,000), half a percent; three of them.
    assert binomial(0.974, 1000) == pytest.approx(draws.std(), rel=0.015)


def test_the_mean_over_seeds_has_no_larger_error_than_one_run() -> None:
    """Images that are easy for one seed are so for others: the mean of ten runs on a new draw of 1000 images."""
    draw = np.random.default_rng(0)
    ease = draw.beta(20, 1, size=(2000, 1000))  # of each image the share of seeds that get it right
    means = draw.binomial(10, ease).mean(axis=1) / 10
    assert 0.3 * binomial(20 / 21, 1000) < means.std() < binomial(20 / 21, 1000)


def test_hanley_and_mcneil_by_their_own_example() -> None:
    """Table 2 of their paper: an area of .893 from 51 abnormal and 58 normal images has a standard error of .032."""
    assert hanley_mcneil(0.893, 51, 58) == pytest.approx(0.0325, abs=1e-4)


def test_their_error_is_that_of_draws_with_exponential_tails() -> None:
    draw = np.random.default_rng(0)
    labels = torch.tensor([1] * 60 + [0] * 240)
    areas = [
        area_under_curve(torch.from_numpy(np.concatenate([draw.exponential(3, 60), draw.exponential(1, 240)])), labels)
        for _ in range(2000)
    ]
    assert np.mean(areas) == pytest.approx(0.75, abs=0.005)
    # The relative error of a deviation from 2000 draws is 1.6 %; three of them.
    assert hanley_mcneil(0.75, 60, 240) == pytest.approx(np.std(areas), rel=0.05)


def test_no_error_is_made_up_where_no_formula_is_sound() -> None:
    assert error("dice", 0.8, [100, 100]) is None
    assert error("auc", 0.8, [100, 100, 100]) is None
    assert largest_explained("dice", 0.8, 0.7, [100, 100], 0.95) is None
    assert error("accuracy", 0.8, [30, 30, 40]) == binomial(0.8, 100)
    assert error("auc", 0.8, [70, 30]) == hanley_mcneil(0.8, 30, 70)


def test_what_the_draw_explains_holds_for_two_that_err_alike_or_not() -> None:
    """On 1000 redrawn images, two equal methods differ by less than `largest_explained` in 95 of 100 cases, in nearly
    every one where most of their errors are common.
    """
    draw = np.random.default_rng(0)
    limit = largest_explained("accuracy", 0.95, 0.95, [500, 500], 0.95)
    assert limit == pytest.approx(1.959964 * math.sqrt(2 * 0.95 * 0.05 / 1000))
    for common, low, high in ((0.0, 0.03, 0.07), (0.9, 0.0, 0.001)):
        # Each image is hard for both with a chance; otherwise each errs by itself.
        both = draw.random((4000, 1000)) < common * 0.05
        own = draw.random((2, 4000, 1000)) < (1 - common) * 0.05 / (1 - common * 0.05)
        a, b = ((~(both | one)).mean(axis=1) for one in own)
        assert low <= np.mean(np.abs(a - b) > limit) <= high
