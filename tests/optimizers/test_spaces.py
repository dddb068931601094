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
from bakeoff.optimizers.settings import Scale, SearchSpace
from bakeoff.optimizers.spaces import edge, points

SCALES = {
    "learning_rate": Scale.LOG,
    "epsilon": Scale.LOG,
    "beta": Scale.LOG_COMPLEMENT,
    "beta1": Scale.LOG_COMPLEMENT,
}
SPACE = {"learning_rate": (1e-4, 1e-1), "beta1": (0.5, 0.99), "epsilon": (1e-10, 1e-2)}


def logarithm(name: str, value: float) -> float:
    """Where a value lies on its scale, the logarithm written out."""
    return math.log10(1 - value) if SCALES[name] is Scale.LOG_COMPLEMENT else math.log10(value)


def shares(space: dict[str, tuple[float, float]], found: list[dict[str, float]]) -> Any:
    """Where between the ends of its scale each value lies: 0 at the lower one, 1 at the higher."""
    ends = {name: [logarithm(name, bound) for bound in bounds] for name, bounds in space.items()}
    return np.array(
        [[(logarithm(name, point[name]) - low) / (high - low) for name, (low, high) in ends.items()] for point in found]
    )


@pytest.mark.parametrize("count", [1, 2, 5, 8, 13, 64])
def test_there_are_as_many_points_as_asked_for_each_inside(count: int) -> None:
    found = points(SPACE, SCALES, count, seed=3)
    assert len(found) == count
    for point in found:
        assert point.keys() == SPACE.keys()
        assert all(low <= point[name] <= high for name, (low, high) in SPACE.items())


@pytest.mark.parametrize("seed", range(5))
def test_the_points_are_a_net_of_sobol(seed: int) -> None:
    """Of 64 in the plane each box of 2^-k by 2^-(6 - k) holds one, for every k: random points have no chance."""
    plane = {name: SPACE[name] for name in ("learning_rate", "beta1")}
    cube = shares(plane, points(plane, SCALES, 64, seed))
    for k in range(7):
        boxes = np.floor(cube * [2**k, 2 ** (6 - k)]).astype(int)
        assert len(np.unique(boxes, axis=0)) == 64


@pytest.mark.parametrize("count", [2, 8, 32])
def test_each_part_of_each_scale_holds_one_point(count: int) -> None:
    parts = np.floor(shares(SPACE, points(SPACE, SCALES, count, seed=1)) * count).astype(int)
    assert all(sorted(column) == list(range(count)) for column in parts.T.tolist())


def test_points_are_those_of_any_larger_count_and_another_seed_has_others() -> None:
    assert points(SPACE, SCALES, 5, seed=0) == points(SPACE, SCALES, 24, seed=0)[:5]
    assert points(SPACE, SCALES, 5, seed=0) != points(SPACE, SCALES, 5, seed=1)


def test_no_space_has_one_place() -> None:
    assert points({}, SCALES, 3, seed=0) == [{}, {}, {}]


def test_a_bound_of_zero_is_a_place_for_a_beta() -> None:
    assert all(0 <= point["beta"] <= 0.9 for point in points({"beta": (0.0, 0.9)}, SCALES, 32, seed=0))


@pytest.mark.parametrize(
    ("rate", "end"),
    [(1.1e-4, "lower"), (1.9e-4, "lower"), (2.1e-4, None), (0.04, None), (0.06, "upper"), (0.1, "upper")],
)
def test_a_rate_in_the_outer_tenth_of_its_decades_is_at_the_edge(rate: float, end: str | None) -> None:
    """Of three decades a tenth is a factor of 2."""
    said = edge(SPACE, {"learning_rate": rate, "beta1": 0.99, "epsilon": 1e-2})
    assert said is None if end is None else said is not None and f"{rate:.3g} lies at the {end} edge" in said


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_decay_rates_are_searched_by_their_complement_and_all_other_numbers_by_their_logarithm(name: str) -> None:
    scaled = {
        hyperparameter: Scale.LOG_COMPLEMENT if Lt(1) in field.metadata else Scale.LOG
        for hyperparameter, field in OPTIMIZERS[name].settings.model_fields.items()
        if field.annotation is float
    }
    assert OPTIMIZERS[name].scales == scaled


def test_each_space_of_params_yaml_holds_the_constants_of_params_yaml() -> None:
    params = check(Path(__file__).parents[2] / "params.yaml")
    for optimizer, section in params.optimizers:
        for name, (low, high) in section.search.items():
            assert low <= getattr(section.defaults, name) <= high, optimizer


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
RATE = {"learning_rate": (1e-3, 1.0)}


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({}, "muon: search.learning_rate is missing; the learning rate of every optimizer is searched"),
        ({"beta": (0.1, 0.9)}, "muon: search.learning_rate is missing"),
        (RATE | {"betta": (0.1, 0.9)}, "muon: search.betta is not a setting; did you mean 'beta'?"),
        (
            RATE | {"steps": (1.0, 5.0)},
            "search.steps: 'steps' has no scale for a search; remove it (there is: learning_rate",
        ),
        (RATE | {"coefficients": (1.0, 5.0)}, "'coefficients' has no scale for a search; remove it"),
        (RATE | {"beta": (0.5, 1.0)}, "search.beta has the bound 1, and should be less than 1"),
        ({"learning_rate": (0.0, 1.0)}, "search.learning_rate: invalid lower bound 0: the scale is logarithmic"),
        ({"learning_rate": (1.0, 1e31)}, "has the bound 1e+31, and should be at most 1e+30"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused(search: Any, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        validate({"muon": {"defaults": MUON, "search": search}}, "muon", OPTIMIZERS["muon"].section)


def test_a_space_that_can_be_searched_is_not_refused() -> None:
    search = RATE | {"beta": (0.0, 0.99), "adam_epsilon": (1e-12, 1e-4)}
    section = validate({"muon": {"defaults": MUON, "search": search}}, "muon", OPTIMIZERS["muon"].section)
    assert section.search == search and section.defaults.beta == MUON["beta"]


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"learning_rate": 0.01}, "sgd.learning_rate is not a setting (there is: defaults, search)"),
        ({"defaults": {"learning_rate": 0.01}}, "sgd.search is missing"),
        ({"search": {"learning_rate": [0.1, 1.0]}}, "sgd.defaults is missing"),
        ({"defaults": {"rate": 0.01}, "search": {"learning_rate": [0.1, 1.0]}}, "sgd.defaults.learning_rate is"),
        ({"defaults": {}, "search": {}, "serch": {}}, "sgd.serch is not a setting; did you mean 'search'?"),
    ],
)
def test_a_section_without_its_two_parts_is_refused(section: Any, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        validate({"sgd": section}, "sgd", OPTIMIZERS["sgd"].section)


class Section(Settings):
    sgd: SearchSpace


def read(given: Any) -> dict[str, tuple[float, float]]:
    """As a part of the whole file, and as a stage reads it: alike."""
    space = validate({"sgd": given}, "", Section).sgd
    assert space == validate({"sgd": given}, "sgd", SearchSpace)
    return space


def test_a_list_in_yaml_is_a_pair_here() -> None:
    assert read({"beta1": [0.5, 0.99]}) == {"beta1": (0.5, 0.99)}


@pytest.mark.parametrize("bounds", [[1.0, 1.0], [2.0, 1.0], [-1.0, 1.0]])
def test_bounds_that_do_not_rise_are_refused(bounds: list[float]) -> None:
    with pytest.raises(
        BadInput, match=r"learning_rate: invalid bounds .*: expected \[low, high\] with 0 <= low < high"
    ):
        read({"learning_rate": bounds})


@pytest.mark.parametrize("bounds", [["1e-3", 1.0], [1.0], 1.0])
@pytest.mark.parametrize(("key", "kind"), [("", Section), ("sgd", SearchSpace)])
def test_what_is_no_pair_of_numbers_is_refused(bounds: Any, key: str, kind: type) -> None:
    with pytest.raises(BadInput, match=r"sgd\.learning_rate"):
        validate({"sgd": {"learning_rate": bounds}}, key, kind)
