"""A table of trainings as a problem: right at its levels, linear between them, and never below its least value."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from bakeoff.base.settings import BadInput
from bakeoff.tuner_contest.table_shape import shape
from bakeoff.tuner_contest.training_table import (
    Checks,
    TrainingTable,
    check_places,
    level_places,
    read,
    table_of,
    written,
)
from bakeoff.tuning.settings import Choice, Range
from bakeoff.tuning.space import Space
from bakeoff.tuning.trained import Trained

SPACE = Space(
    {
        "rate": Range(low=1e-3, high=1.0, scale="log"),
        "kind": Choice(choices=("a", "b")),
        "width": Range(low=2, high=8, scale="linear"),
    },
    frozenset({"width"}),
)
LEVELS = {"rate": 4, "width": 3}


def table(seed: int = 0) -> TrainingTable:
    values = np.random.default_rng(seed).random(4 * 2 * 3)
    return table_of(SPACE, LEVELS, values.tolist())


def test_the_levels_of_a_range_have_both_ends_and_a_choice_has_all_its_values() -> None:
    points = [SPACE.point(place) for place in level_places(SPACE, LEVELS)]
    assert len(points) == 24
    assert sorted({point["rate"] for point in points}) == pytest.approx([1e-3, 1e-2, 1e-1, 1.0])
    assert {point["kind"] for point in points} == {"a", "b"}
    assert {point["width"] for point in points} == {2, 5, 8}


def test_a_level_has_the_value_of_its_training() -> None:
    made = table()
    for place, value in zip(level_places(SPACE, LEVELS), made.values.ravel(), strict=True):
        assert made.at(place) == pytest.approx(value, rel=1e-12)


def test_between_the_levels_values_are_linear_in_the_coordinates() -> None:
    made = table()
    by_scipy = [
        RegularGridInterpolator((np.linspace(0, 1, 4), np.linspace(0, 1, 3)), made.values[:, kind]) for kind in (0, 1)
    ]
    for rate, kind, width in check_places(SPACE, 200, seed=4):
        assert made.at((rate, kind, width)) == pytest.approx(by_scipy[kind >= 0.5]([rate, width])[0], rel=1e-9)


def test_no_place_has_less_than_the_minimum_that_regrets_count_from() -> None:
    problem = table().problem("own")
    assert problem.least == table().values.min()
    drawn = [problem.space.point(place) for place in check_places(problem.space, 500, seed=1)]
    assert min(map(problem.value, drawn)) >= problem.least
    best = np.unravel_index(table().values.argmin(), table().values.shape)
    at = {"x0": best[0] / 3, "x1": int(best[1]), "x2": best[2] / 2}
    assert problem.value(at) == pytest.approx(problem.least)


def test_a_place_diverges_where_the_nearest_training_did_and_no_other_takes_part_of_one() -> None:
    made = TrainingTable(np.array([1.0, 2.0, math.inf]), (0,))
    assert made.at([0.6]) == pytest.approx(2.0)
    assert made.at([0.74]) == pytest.approx(2.0)
    assert made.at([0.76]) == math.inf
    assert made.at([1.0]) == math.inf


def test_a_diverged_training_counts_as_the_worst_of_the_others() -> None:
    problem = TrainingTable(np.array([1.0, 2.0, 4.0, math.inf, math.inf]), (0,)).problem("own")
    assert (problem.least, problem.median, problem.worst) == (1.0, 4.0, 4.0)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (
            [math.inf] * 4,
            "0 of 4 trainings ended, the others diverged, and a table needs 2 or more; take another study",
        ),
        ([1.0, math.inf, math.inf, math.inf], "1 of 4 trainings ended"),
        (
            [0.5, 0.5, 0.5, 0.7],
            "half of the 4 trainings that ended or more have the least value, so no search is better",
        ),
    ],
)
def test_a_table_that_cannot_tell_searches_apart_is_refused(values: list[float], says: str) -> None:
    with pytest.raises(BadInput, match=f"^params.yaml: tuner_contest.tables.own: {says}"):
        TrainingTable(np.array(values), (0,)).problem("own")


def test_a_file_comes_back_as_it_was_with_its_checks(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    places = [*level_places(SPACE, LEVELS), *check_places(SPACE, 5, seed=2)]
    trained = [Trained({"val/accuracy": float(rng.random())}, None) for _ in places]
    trained[3] = Trained({}, 17)
    points = [SPACE.point(place) for place in places]
    values = [one.value("accuracy") for one in trained]
    made = table_of(SPACE, LEVELS, values[:24])
    text = written(
        list(SPACE.dimensions),
        "accuracy",
        zip(points[:24], trained[:24], strict=True),
        zip(points[24:], trained[24:], map(made.at, places[24:]), strict=True),
    )
    path = tmp_path / "table.csv"
    path.write_text(text)
    again, checks = read(path, "accuracy", *shape(SPACE.dimensions, LEVELS))
    assert again.values.tolist() == made.values.tolist()
    assert again.choices == (0, 2, 0)
    assert checks == Checks(tuple(values[24:]), tuple(map(made.at, places[24:])))
    with pytest.raises(BadInput, match=r"has 24 trainings at levels, and should have 36"):
        read(path, "accuracy", (4, 3, 3), (0, 3, 0))


def test_checks_say_how_far_the_interpolation_is_from_real_trainings() -> None:
    checks = Checks((1.0, 2.0, math.inf, 4.0), (1.5, 2.0, 3.0, 3.0))
    assert checks.errors == pytest.approx((0.5, 0.9))
    assert checks.misjudged == 1
    assert Checks((1.0, 2.0, 3.0), (10.0, 20.0, 30.0)).correlation == pytest.approx(1.0)
    assert Checks((1.0, 1.0), (1.0, 2.0)).correlation is None
    assert Checks((math.inf,), (1.0,)).errors is None
