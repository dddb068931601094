import itertools

import numpy as np
import pytest
from scipy import stats

from bakeoff.results.significance import bootstrap, holm, student

VALUES = [0.981, 0.975, 0.986, 0.979, 0.970]


def test_student_is_the_t_interval_of_scipy() -> None:
    reference = stats.ttest_1samp(VALUES, 0).confidence_interval(0.9)
    assert student(VALUES, 0.9) == pytest.approx((reference.low, reference.high), rel=1e-12)


def test_one_value_has_no_interval() -> None:
    assert student([0.5], 0.95) is None
    assert bootstrap([0.5], 0.95, 1000, 0) is None


def test_the_bootstrap_is_near_the_interval_over_every_resample() -> None:
    means = [np.mean(draw) for draw in itertools.product(VALUES, repeat=len(VALUES))]  # 5^5 resamples, all of them
    exact = np.quantile(means, [0.05, 0.95])
    # A quantile of 100,000 draws is off by some 0.2 % of the draws; the means lie a few 1e-5 apart there.
    assert bootstrap(VALUES, 0.9, 100_000, 0) == pytest.approx(exact, abs=1e-4)


def test_the_bootstrap_repeats_by_its_seed_alone() -> None:
    assert bootstrap(VALUES, 0.9, 1000, 1) == bootstrap(VALUES, 0.9, 1000, 1) != bootstrap(VALUES, 0.9, 1000, 2)


@pytest.mark.parametrize(("seeds", "boot"), [(3, 0.75), (20, 0.93)])
def test_how_often_the_intervals_cover_the_mean(seeds: int, boot: float) -> None:
    """Student's keeps its promise from few seeds on; the bootstrap's falls short, as its docstring says."""
    draws = np.random.default_rng(0).normal(0.9, 0.01, size=(2000, seeds))

    def coverage(intervals: list[tuple[float, float] | None]) -> float:
        return float(np.mean([low <= 0.9 <= high for low, high in filter(None, intervals)]))

    # Four standard errors of a share of 2000: 4 sqrt(p (1 - p) / 2000) is .02 at .95 and .04 at .75.
    assert coverage([student(draw, 0.95) for draw in draws]) == pytest.approx(0.95, abs=0.02)
    assert coverage([bootstrap(draw, 0.95, 1000, 0) for draw in draws]) == pytest.approx(boot, abs=0.04)


def test_holm_by_hand() -> None:
    # Sorted .005 .01 .03 .04 times 4 3 2 1 gives .02 .03 .06 .04; no p may fall below the one before it.
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    assert holm([]).tolist() == []


def test_holm_takes_the_last_axis_as_the_family() -> None:
    p = np.random.default_rng(0).uniform(size=(3, 4, 6))
    for at in np.ndindex(3, 4):
        assert holm(p)[at].tolist() == holm(p[at]).tolist()


def test_holm_is_between_no_correction_and_bonferroni() -> None:
    p = np.random.default_rng(0).uniform(size=9) ** 3
    assert (holm(p) >= p).all()
    assert (holm(p) <= np.minimum(p * 9, 1)).all()
