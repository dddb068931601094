import math

import pytest

from bakeoff.base.record import Run
from bakeoff.base.values import Metric
from bakeoff.results.time_to_target import (
    of_family,
    profile,
    reached,
    relaxed,
    relaxed_profiles,
    steps,
    target,
    typical,
)


def trained(*metrics: float, diverged: bool = False) -> Run:
    """A run with this accuracy on the validation subset after each ten steps; on all validation data it is another."""
    history = [{"epoch": n / 4, "step": 10 * n, "val_subset/accuracy": m} for n, m in enumerate(metrics, start=1)]
    final = {"val/accuracy": 0.99, "val_subset/accuracy": metrics[-1]}
    return Run("r", {}, {} if diverged else final, history, 99 if diverged else None)


def test_the_target_is_the_median_of_what_the_runs_end_at() -> None:
    assert target([trained(0.99, 0.5), trained(0.7), trained(0.9)], "accuracy") == 0.7
    assert target([trained(0.7), trained(0.9)], "accuracy") == pytest.approx(0.8)


def test_a_run_that_diverged_is_below_every_other() -> None:
    lost = trained(0.99, diverged=True)
    assert target([lost, trained(0.7), trained(0.9)], "accuracy") == 0.7
    assert target([lost, lost, trained(0.9)], "accuracy") is None


def test_steps_count_to_the_first_measured_step_at_the_target() -> None:
    assert steps(trained(0.5, 0.8, 0.7, 0.9), "accuracy", 0.8) == 20
    assert steps(trained(0.5, 0.8, 0.7, 0.9), "accuracy", 0.85) == 40
    assert steps(trained(0.5, 0.8), "accuracy", 0.81) == math.inf
    assert steps(trained(0.5, 0.8, diverged=True), "accuracy", 0.8) == 20  # there before it was lost


@pytest.mark.parametrize("runs", [4, 5])
def test_who_sets_the_target_arrives_there(runs: int) -> None:
    finals = [trained(0.1, 0.5 + 0.01 * n) for n in range(runs)]
    goal = target(finals, "accuracy")
    assert goal is not None
    assert typical([steps(run, "accuracy", goal) for run in finals]) == 20


def test_half_of_the_runs_must_reach_the_target_for_a_typical_time() -> None:
    assert typical([30, 10, 20]) == 20
    assert typical([40, 10, 30, 20]) == 20
    assert typical([10, 20, math.inf]) == 20
    assert typical([10, math.inf]) == 10
    assert typical([10, math.inf, math.inf]) == math.inf
    assert typical([math.inf, math.inf, 10]) == math.inf


def test_a_profile_by_hand() -> None:
    times = {
        "one": {"a": 10.0, "b": 20.0, "c": math.inf},
        "two": {"a": 30.0, "b": 10.0, "c": math.inf},
        "three": {"a": 50.0, "b": math.inf, "c": 50.0},
        "nobody": {"a": math.inf, "b": math.inf, "c": math.inf},
        # Only a competitor that is missing elsewhere solves it: left out with it.
        "stranger": {"a": math.inf, "b": math.inf, "c": math.inf, "d": 1.0},
    }
    found = profile(times)
    assert found is not None
    assert found.problems == ("one", "two", "three")
    assert found.ratios == {"a": (1, 3, 1), "b": (2, 1, None), "c": (None, None, 1)}
    # rho of a: 2/3 on [1, 3], 1 on [3, 4]; of b: 1/3 on [1, 2], 2/3 on [2, 4]; of c: 1/3.
    wanted = {"a": (2 * 2 / 3 + 1) / 3, "b": (1 / 3 + 2 * 2 / 3) / 3, "c": 1 / 3}
    assert found.score == pytest.approx(wanted, rel=1e-5)


def test_no_profile_where_nobody_arrives() -> None:
    assert profile({"one": {"a": math.inf, "b": math.inf}}) is None
    assert profile({}) is None


@pytest.mark.parametrize("others", [{}, {"two": {"a": 20.0}}, {"two": {"a": 20.0, "b": 10.0}}])
def test_no_profile_of_a_single_competitor(others: dict[str, dict[str, float]]) -> None:
    assert profile({"one": {"a": 10.0}, **others}) is None


@pytest.mark.parametrize(
    ("metric", "goal", "relaxation", "easier"),
    [
        ("accuracy", 0.9, 0.05, 0.855),
        ("accuracy", 0.9, 0.1, 0.81),
        ("dice", 0.8, 0.05, 0.76),
        ("dice", 0.8, 0.1, 0.72),
        ("auc", 0.75, 0.05, 0.7375),  # 5 % of .25: of the whole .75 it would be .7125, 15 % of what can be learnt
        ("auc", 0.75, 0.1, 0.725),
        ("auc", 0.5, 0.1, 0.5),
        ("auc", 0.4, 0.1, 0.4),  # worse than chance: a relaxed target is never harder
        ("accuracy", 0.0, 0.1, 0.0),
        ("accuracy", 0.9, 0.0, 0.9),
    ],
)
def test_a_target_is_relaxed_by_a_share_of_its_distance_from_the_start_of_the_scale(
    metric: Metric, goal: float, relaxation: float, easier: float
) -> None:
    assert relaxed(goal, metric, relaxation) == pytest.approx(easier)


def test_relaxed_targets_are_beside_the_target() -> None:
    """The target is .8; relaxed by 5 % it is .76, by 10 % .72."""
    finals = {"adam": [trained(0.77, 0.8)] * 3, "sgd": [trained(0.73, 0.75)] * 3, "lion": [trained(0.1, 0.7)] * 3}
    found = of_family(finals, "adam", "accuracy")
    assert found is not None and found.value == 0.8
    assert {name: of.median for name, of in found.steps.items()} == {"adam": 20, "sgd": None, "lion": None}
    assert [(of.relaxation, of.value) for of in found.relaxed] == [(0.05, 0.76), (0.1, 0.72)]
    medians = [{name: of.median for name, of in at.steps.items()} for at in found.relaxed]
    assert medians == [{"adam": 10, "sgd": None, "lion": None}, {"adam": 10, "sgd": 10, "lion": None}]
    assert reached(found, 0.0) is found.steps and reached(found, 0.1) is found.relaxed[1].steps


def test_without_a_leader_there_is_no_target() -> None:
    assert of_family({"adam": [trained(0.9)]}, None, "accuracy") is None
    assert of_family({"adam": [trained(0.9, diverged=True)]}, "adam", "accuracy") is None


def test_profiles_by_relaxed_targets_are_those_that_somebody_solves() -> None:
    missed, met = {"p": {"a": math.inf, "b": math.inf}}, {"p": {"a": 20.0, "b": 10.0}}
    (found,) = relaxed_profiles({0.05: missed, 0.1: met})
    assert found.relaxation == 0.1 and found.ratios == {"a": (2.0,), "b": (1.0,)}
