import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from annotated_types import Lt

from bakeoff.base.settings import BadInput, Settings, validate
from bakeoff.harness.params import check
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.optimizers.settings import AVERAGES, SpaceSettings, check_spaces
from bakeoff.optimizers.spaces import edge, points

SPACE = {"learning_rate": (1e-4, 1e-1), "beta1": (0.5, 0.99), "epsilon": (1e-10, 1e-2)}


def shares(space: dict[str, tuple[float, float]], found: list[dict[str, float]]) -> Any:
    """Where on its scale each value lies, by the logarithm written out."""
    rows = []
    for point in found:
        scaled = {
            name: math.log10(1 - value) if name in AVERAGES else math.log10(value) for name, value in point.items()
        }
        ends = {
            name: [math.log10(1 - bound) if name in AVERAGES else math.log10(bound) for bound in bounds]
            for name, bounds in space.items()
        }
        rows.append([(scaled[name] - ends[name][0]) / (ends[name][1] - ends[name][0]) for name in space])
    return np.array(rows)


@pytest.mark.parametrize("count", [1, 2, 5, 8, 13, 64])
def test_there_are_as_many_points_as_asked_for_each_inside(count: int) -> None:
    found = points(SPACE, count, seed=3)
    assert len(found) == count
    for point in found:
        assert point.keys() == SPACE.keys()
        assert all(low <= point[name] <= high for name, (low, high) in SPACE.items())


@pytest.mark.parametrize("seed", range(5))
def test_the_points_are_a_net_of_sobol(seed: int) -> None:
    """Of 64 in the plane each box of 2^-k by 2^-(6 - k) holds one, for every k: random points have no chance."""
    plane = {name: SPACE[name] for name in ("learning_rate", "beta1")}
    cube = shares(plane, points(plane, 64, seed))
    for k in range(7):
        boxes = np.floor(cube * [2**k, 2 ** (6 - k)]).astype(int)
        assert len(np.unique(boxes, axis=0)) == 64


@pytest.mark.parametrize("count", [2, 8, 32])
def test_each_part_of_each_scale_holds_one_point(count: int) -> None:
    parts = np.floor(shares(SPACE, points(SPACE, count, seed=1)) * count).astype(int)
    assert all(sorted(column) == list(range(count)) for column in parts.T.tolist())


def test_points_are_those_of_any_larger_count_and_another_seed_has_others() -> None:
    assert points(SPACE, 5, seed=0) == points(SPACE, 24, seed=0)[:5]
    assert points(SPACE, 5, seed=0) != points(SPACE, 5, seed=1)


def test_no_space_has_one_place() -> None:
    assert points({}, 3, seed=0) == [{}, {}, {}]


def test_a_bound_of_zero_is_a_place_for_a_beta() -> None:
    assert all(0 <= point["beta"] <= 0.9 for point in points({"beta": (0.0, 0.9)}, 32, seed=0))


@pytest.mark.parametrize(
    ("rate", "end"),
    [(1.1e-4, "lower"), (1.9e-4, "lower"), (2.1e-4, None), (0.04, None), (0.06, "upper"), (0.1, "upper")],
)
def test_a_rate_in_the_outer_tenth_of_its_decades_is_at_the_edge(rate: float, end: str | None) -> None:
    """Of three decades a tenth is a factor of 2."""
    said = edge(SPACE, {"learning_rate": rate, "beta1": 0.99, "epsilon": 1e-2})
    assert said is None if end is None else said is not None and f"{rate:.3g} lies at the {end} edge" in said


def test_averages_are_the_constants_that_stay_below_one() -> None:
    decays = {
        name
        for spec in OPTIMIZERS.values()
        for name, field in spec.settings.model_fields.items()
        if Lt(1) in field.metadata
    }
    assert decays == set(AVERAGES)


def test_each_space_of_params_yaml_holds_the_constants_of_params_yaml() -> None:
    params = check(Path(__file__).parents[2] / "params.yaml")
    for optimizer, space in params.spaces.items():
        hyperparameters = getattr(params.optimizers, optimizer)
        assert all(low <= getattr(hyperparameters, name) <= high for name, (low, high) in space.items()), optimizer


MUON = {
    "learning_rate": 0.02,
    "beta": 0.95,
    "steps": 5,
    "coefficients": (3.4445, -4.775, 2.0315),
    "epsilon": 1e-7,
    "adam_rate": 0.015,
    "adam_beta1": 0.9,
    "adam_beta2": 0.95,
    "adam_epsilon": 1e-10,
}
MUONS: Any = [("muon", OPTIMIZERS["muon"].settings.model_validate(MUON))]
RATE = {"learning_rate": (1e-3, 1.0)}


@pytest.mark.parametrize(
    ("spaces", "message"),
    [
        ({}, "spaces.muon.learning_rate is missing; every optimizer's rate is searched"),
        ({"muon": {"beta": (0.1, 0.9)}}, "spaces.muon.learning_rate is missing"),
        ({"muon": RATE | {"betta": (0.1, 0.9)}}, "spaces.muon.betta is not a setting; did you mean 'beta'?"),
        ({"muon": RATE | {"steps": (1.0, 5.0)}}, "spaces.muon.steps: 5 is no number with a fraction"),
        ({"muon": RATE | {"coefficients": (1.0, 5.0)}}, "is no number with a fraction, and cannot be searched"),
        ({"muon": RATE | {"beta": (0.5, 1.0)}}, "spaces.muon.beta has the bound 1, and should be less than 1"),
        ({"muon": {"learning_rate": (0.0, 1.0)}}, "learning_rate begins at 0, and is searched by its logarithm"),
        (
            {"muon": {"learning_rate": (1.0, 1e31)}},
            "has the bound 1e+31, and should be at most 1e+30",
        ),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused(spaces: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        check_spaces(MUONS, spaces)


def test_a_space_that_can_be_searched_is_not_refused() -> None:
    check_spaces(MUONS, {"muon": RATE | {"beta": (0.0, 0.99), "adam_epsilon": (1e-12, 1e-4)}})


class Section(Settings):
    sgd: SpaceSettings


def read(given: Any) -> dict[str, tuple[float, float]]:
    """As a part of the whole file, and as a stage reads it: alike."""
    space = validate({"sgd": given}, "", Section).sgd
    assert space == validate({"sgd": given}, "sgd", SpaceSettings)
    return space


def test_a_list_in_yaml_is_a_pair_here() -> None:
    assert read({"beta1": [0.5, 0.99]}) == {"beta1": (0.5, 0.99)}


@pytest.mark.parametrize("bounds", [[1.0, 1.0], [2.0, 1.0], [-1.0, 1.0]])
def test_bounds_that_do_not_rise_are_refused(bounds: list[float]) -> None:
    with pytest.raises(BadInput, match=r"learning_rate: is .*should be \[low, high\] with 0 <= low < high"):
        read({"learning_rate": bounds})


@pytest.mark.parametrize("bounds", [["1e-3", 1.0], [1.0], 1.0])
@pytest.mark.parametrize(("key", "kind"), [("", Section), ("sgd", SpaceSettings)])
def test_what_is_no_pair_of_numbers_is_refused(bounds: Any, key: str, kind: type) -> None:
    with pytest.raises(BadInput, match=r"sgd\.learning_rate"):
        validate({"sgd": {"learning_rate": bounds}}, key, kind)
