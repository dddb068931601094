import math

import pytest

from bakeoff.base.settings import BadInput, validate
from bakeoff.tuning.settings import DimensionSettings, SpaceSettings
from bakeoff.tuning.space import Space, slope, value

LINEAR = DimensionSettings(low=-1.0, high=3.0, log=False)
LOG = DimensionSettings(low=1e-4, high=1.0, log=True)


def test_the_cube_runs_from_low_to_high() -> None:
    assert [value(LINEAR, unit) for unit in (0.0, 0.25, 1.0)] == [-1.0, 0.0, 3.0]
    assert [value(LOG, unit) for unit in (0.0, 0.25, 0.5, 1.0)] == pytest.approx([1e-4, 1e-3, 1e-2, 1.0], rel=1e-12)


@pytest.mark.parametrize(("low", "high", "log"), [(1e-4, 0.99, True), (0.3, 0.7, True), (0.001, 0.01, False)])
def test_rounding_never_leads_out_of_the_box(low: float, high: float, log: bool) -> None:
    """Boxes whose upper end, computed without care, is a unit in the last place too high."""
    assert value(DimensionSettings(low=low, high=high, log=log), 1.0) == high


@pytest.mark.parametrize("dimension", [LINEAR, LOG])
@pytest.mark.parametrize("unit", [0.1, 0.6])
def test_slope_is_the_derivative_of_the_value(dimension: DimensionSettings, unit: float) -> None:
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


BOX = {
    "learning_rate": {"low": 1e-3, "high": 1.0, "log": True},
    "beta": {"low": 0.5, "high": 0.9, "log": False},
    "weight_decay": {"low": 0.0, "high": 0.1, "log": False},
}


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("learning_rate", {"low": 2.0}, "low should be below high = 1.0"),
        ("learning_rate", {"low": 0.0}, "low is 0.0, and should be above 0 on a logarithmic scale"),
        ("learning_rate", {"low": 0.0, "log": False}, "learning_rate.low is 0.0, and should be above 0"),
        ("beta", {"high": 1.0}, "beta goes from 0.5 to 1.0, and should stay in [0, 1)"),
        ("weight_decay", {"low": -1.0}, "weight_decay.low is -1.0, and should be 0 or more"),
    ],
)
def test_a_box_that_makes_no_sense_is_refused(name: str, wrong: dict[str, object], message: str) -> None:
    assert validate({"space": BOX}, "space", SpaceSettings).beta.high == 0.9
    with pytest.raises(BadInput) as error:
        validate({"space": BOX | {name: BOX[name] | wrong}}, "space", SpaceSettings)
    assert message in str(error.value)
