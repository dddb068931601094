import math
from typing import Any

import pytest

from bakeoff.base.settings import BadInput, validate
from bakeoff.tuning.settings import Choice, ChoiceWhen, Dimension, Range, RangeWhen, Scale
from bakeoff.tuning.space import Space, same, slope, value

LINEAR = Range(low=-1.0, high=3.0, scale="linear")
LOG = Range(low=1e-4, high=1.0, scale="log")


def test_the_cube_runs_from_low_to_high() -> None:
    assert [value(LINEAR, unit) for unit in (0.0, 0.25, 1.0)] == [-1.0, 0.0, 3.0]
    assert [value(LOG, unit) for unit in (0.0, 0.25, 0.5, 1.0)] == pytest.approx([1e-4, 1e-3, 1e-2, 1.0], rel=1e-12)


@pytest.mark.parametrize(("low", "high", "scale"), [(1e-4, 0.99, "log"), (0.3, 0.7, "log"), (0.001, 0.01, "linear")])
def test_rounding_never_leads_out_of_the_box(low: float, high: float, scale: Scale) -> None:
    """Boxes whose upper end, computed without care, is a unit in the last place too high."""
    assert value(Range(low=low, high=high, scale=scale), 1.0) == high


@pytest.mark.parametrize("dimension", [LINEAR, LOG])
@pytest.mark.parametrize("unit", [0.1, 0.6])
def test_slope_is_the_derivative_of_the_value(dimension: Range, unit: float) -> None:
    step = 1e-5
    difference = (value(dimension, unit + step) - value(dimension, unit - step)) / (2 * step)
    # The error of a central difference is of the order of its step squared.
    assert slope(dimension, value(dimension, unit)) == pytest.approx(difference, rel=1e-8)


def test_gradient_in_the_cube_follows_the_chain_rule() -> None:
    space = Space({"rate": LOG, "beta": LINEAR})
    point = space.point((0.5, 0.5))
    assert point == pytest.approx({"rate": 1e-2, "beta": 1.0})
    # Of 5 log10(rate) + 7 beta: by the cube 5 * 4 decades and 7 * 4.
    gradient = {"rate": 5 / (point["rate"] * math.log(10)), "beta": 7.0}
    assert space.cube_gradient(point, gradient) == pytest.approx([20.0, 28.0])


def test_one_minus_is_even_in_the_logarithm_of_what_is_left_to_one() -> None:
    decay = Range(low=0.9, high=0.999, scale="one_minus")
    assert [value(decay, unit) for unit in (0.0, 0.5, 1.0)] == pytest.approx([0.9, 0.99, 0.999], rel=1e-12)


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize(("low", "high"), [(1, 2), (1, 5), (3, 40), (1, 1000)])
def test_whole_numbers_reach_both_ends_and_nothing_beyond(scale: Scale, low: int, high: int) -> None:
    space = Space({"width": Range(low=low, high=high, scale=scale)}, {"width"})
    found = [space.value("width", step / 4000) for step in range(4001)]
    assert all(type(number) is int for number in found)
    assert (found[0], found[-1]) == (low, high)
    assert found == sorted(found)
    if high <= 40:
        assert set(found) == set(range(low, high + 1))


def test_choices_share_the_cube_alike() -> None:
    space = Space({"a": Choice(choices=("x", [1, 2], None))})
    assert [space.value("a", unit) for unit in (0.0, 0.3, 0.4, 0.7, 1.0)] == ["x", "x", [1, 2], None, None]


def test_a_conditional_dimension_has_a_value_only_where_its_condition_holds() -> None:
    space = Space(
        {
            "kind": Choice(choices=("a", "b")),
            "inner": ChoiceWhen(choices=(1, 2), when={"kind": "b"}),
            "depth": RangeWhen(low=0.0, high=1.0, scale="linear", when={"kind": "b", "inner": 2}),
        }
    )
    assert space.point((0.1, 0.9, 0.5)) == {"kind": "a"}
    assert space.point((0.9, 0.1, 0.5)) == {"kind": "b", "inner": 1}
    assert space.point((0.9, 0.9, 0.5)) == {"kind": "b", "inner": 2, "depth": 0.5}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"low": 2.0, "high": 1.0, "scale": "log"}, "low is 2, and should be below high, 1"),
        ({"low": 1.0, "high": 1.0, "scale": "linear"}, "low is 1, and should be below high, 1"),
        ({"low": 0.0, "high": 1.0, "scale": "log"}, "low is 0, and should be above 0 on the scale log"),
        ({"low": 0.5, "high": 1.0, "scale": "one_minus"}, "high is 1, and should be below 1 on the scale one_minus"),
        ({"low": 0.0, "high": 1e31, "scale": "linear"}, "rate.high is 1e+31, and should be at most 1e+30"),
        ({"low": 0.0, "high": 1.0, "scale": "logarithmic"}, "rate.scale is 'logarithmic', and should be 'linear'"),
        ({"low": 0.0, "high": 1.0}, "rate.scale is missing"),
        ({"low": 0.0, "high": "1", "scale": "log"}, "rate.high is '1', and should be a number"),
        ({"lo": 0.0, "high": 1.0, "scale": "log"}, "rate.lo is not a setting"),
        ({"choices": []}, "choices is [], and should have at least 2 entries"),
        ({"choices": [3]}, "choices is [3], and should have at least 2 entries; add one, or put the value under fixed"),
        ({"choices": [3, 4, 3]}, "choices has 3 twice; list it once"),
        ({"choices": [[1], [1]]}, "choices has [1] twice"),
        ({"choices": 3}, "rate.choices is 3, and should be a list"),
        ({"choices": [1, 2], "low": 1.0}, "rate.low is not a setting"),
        ({"choices": [1, 2], "when": {}}, "rate.when is {}, and should have at least 1 entries"),
        ({"choices": [1, 2], "when": 3}, "rate.when is 3, and should be a section"),
        (3, "rate is 3, and should be a section"),
    ],
)
def test_a_dimension_that_makes_no_sense_is_refused(written: object, message: str) -> None:
    with pytest.raises(BadInput) as error:
        validate({"rate": written}, "rate", Dimension)
    assert message in str(error.value)


def test_one_and_true_are_different_choices() -> None:
    assert Choice(choices=(1, True, 1.5)).choices == (1, True, 1.5)


@pytest.mark.parametrize(
    ("one", "other", "equal"), [(64, 64.0, True), ([1.0], [1], True), (1, True, False), (1, "1", False)]
)
def test_values_are_the_same_if_they_are_the_same_setting(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) == equal
