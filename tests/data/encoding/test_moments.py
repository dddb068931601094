import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from bakeoff.data.encoding.moments import Moments, decimals

NONE = Moments.of(np.empty(0))


def in_batches(values: np.ndarray, batch: int) -> Moments:
    return sum((Moments.of(values[start : start + batch]) for start in range(0, len(values), batch)), start=NONE)


@pytest.mark.parametrize("batch", [1, 7, 1000, 5000])
def test_moments_are_those_of_scikit_learn_and_numpy(batch: int) -> None:
    values = np.random.default_rng(0).exponential(3.0, 5000)
    found, scaler = in_batches(values, batch), StandardScaler().fit(values[:, np.newaxis])
    assert (found.n, found.least, found.greatest) == (5000, values.min(), values.max())
    # 5,000 sums that each round at 2^-53 err by less than 1e-12 of the result, however they are nested.
    assert found.mean == pytest.approx(scaler.mean_[0], rel=1e-12)
    assert found.deviation(ddof=0) == pytest.approx(scaler.scale_[0], rel=1e-12)
    assert found.deviation(ddof=1) == pytest.approx(values.std(ddof=1), rel=1e-12)


def test_a_large_offset_does_not_drown_the_variance() -> None:
    values = np.random.default_rng(0).standard_normal(10_000)
    shifted = values + 1e9
    exact = (shifted - 1e9).std()  # the subtraction is exact: both numbers are multiples of 2^-23
    naive = np.mean(shifted**2) - shifted.mean() ** 2
    assert abs(naive - exact**2) > 0.5  # the formula that must not be used
    # Means of batches are rounded at 2^-53 of 1e9, and err by 1e-7 deviations.
    assert in_batches(shifted, 100).deviation(ddof=0) == pytest.approx(exact, rel=1e-7)


def test_nothing_is_the_neutral_element() -> None:
    some = Moments.of(np.array([1.0, 2.0]))
    assert some + NONE == some == NONE + some
    assert NONE + NONE == NONE
    assert Moments.repeated(3.0, 0) == NONE


def test_a_repeated_number_is_as_if_it_stood_there() -> None:
    there = Moments.of(np.array([1.0, 4.0, 7.0, 7.0, 7.0]))
    merged = Moments.of(np.array([1.0, 4.0])) + Moments.repeated(7.0, 3)
    assert (merged.n, merged.least, merged.greatest) == (there.n, there.least, there.greatest)
    assert [merged.mean, merged.deviations] == pytest.approx([there.mean, there.deviations], rel=1e-15)


@pytest.mark.parametrize(
    ("values", "digits"),
    [
        ([1.0, -20.0, 0.0], 0),
        ([0.1, 0.2, 3.0], 1),
        ([0.1 + 0.2], None),  # not the number that is written 0.3
        ([1018.25, 0.5], 2),
        ([0.000001], 6),
        ([0.0000001], None),
        ([1e300, 0.5], 1),
    ],
)
def test_decimals_are_the_fewest_that_write_every_value(values: list[float], digits: int | None) -> None:
    assert decimals(np.array(values)) == digits


def test_decimals_of_batches_are_those_of_the_finest() -> None:
    batches = [Moments.of(np.array(values)) for values in ([1.0], [0.25], [0.5], [1 / 3])]
    assert (batches[0] + batches[1] + batches[2]).decimals == 2
    assert sum(batches, start=NONE).decimals is None
