"""The second ruleset: one setting of an optimizer for all problems, chosen without the problem that it is on."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from simulated_contest import SETTINGS, all_diverged, contests

from bakeoff.base.record import Run
from bakeoff.results.compare import compare
from bakeoff.results.model import Comparison, OneSetting
from bakeoff.results.one_setting import Problem, choose
from bakeoff.results.one_setting import compare as compare_settings
from bakeoff.results.runs_by_role import Roles
from bakeoff.results.time_to_target import of_family

RATES = (0.1, 0.2, 0.3)


def trial(rate: float, score: float | None, number: int = 1, **more: object) -> Run:
    """A trial of two epochs; without a score it diverged in the second."""
    parameters = {"optimizer": "sgd", "optimizer.learning_rate": rate, "optimizer.state": 0, "point": number} | more
    history = [{"step": 10 * n, "val_subset/accuracy": n * (score or 0.0) / 2} for n in (1, 2)]
    if score is None:
        return Run("t", parameters, {}, history[:1], 15)
    return Run("t", parameters, {"val/accuracy": score, "val_subset/accuracy": score}, history)


def cell(scores: Sequence[float | None], rates: Sequence[float] = RATES, **more: object) -> Roles:
    trials = [trial(rate, score, n, **more) for n, (rate, score) in enumerate(zip(rates, scores, strict=True), 1)]
    return Roles(trials[0], trials, [], [], [], {"learning_rate": (0.01, 1.0)}, {})


def problem(cells: Mapping[str, Roles], goal: float | None = None) -> Problem:
    finals = {"sgd": [trial(0.1, goal)]} if goal is not None else {}
    return Problem("accuracy", cells, of_family(finals, "sgd", "accuracy") if finals else None)


def rates_of(found: OneSetting, optimizer: str) -> list[float]:
    return [of.point["learning_rate"] for of in found.optimizers[optimizer].left_out]


BY_HAND: dict[str, tuple[list[list[float | None]], list[float], float]] = {
    # Scores of the three points on each problem; the rate taken for each problem; the rate over all.
    "each problem is left out": ([[0.9, 0.5, 0.1], [0.1, 0.5, 0.9], [0.1, 0.5, 0.9]], [0.3, 0.1, 0.1], 0.3),
    "all agree": ([[0.1, 0.9, 0.5]] * 4, [0.2] * 4, 0.2),
    "of equals the first": ([[0.5, 0.5, 0.5]] * 3, [0.1] * 3, 0.1),
    "two problems choose for each other": ([[0.1, 0.9, 0.2], [0.2, 0.1, 0.9]], [0.3, 0.2], 0.3),
    "a diverged trial ranks last": ([[None, 0.2, 0.1], [None, 0.2, 0.1], [0.9, 0.2, 0.1]], [0.2, 0.2, 0.2], 0.2),
    "diverged trials share the last rank": ([[None, None, 0.1]] * 3, [0.3] * 3, 0.3),
    "every trial diverged": ([[None, None, None]] * 2, [0.1] * 2, 0.1),
}


@pytest.mark.parametrize(("scores", "taken", "overall"), BY_HAND.values(), ids=BY_HAND.keys())
def test_the_point_is_the_best_by_mean_rank_on_the_other_problems(
    scores: list[list[float | None]], taken: list[float], overall: float
) -> None:
    found = compare_settings({str(n): problem({"sgd": cell(row)}) for n, row in enumerate(scores)}, 0.95)
    assert found is not None
    assert rates_of(found, "sgd") == taken
    assert found.optimizers["sgd"].point == {"learning_rate": overall}
    for place, (row, rate) in enumerate(zip(scores, taken, strict=True)):
        of = found.optimizers["sgd"].left_out[place]
        assert of.score == row[RATES.index(rate)]
        ended = [score for score in row if score is not None]
        assert of.best == max(ended, default=None)
        assert of.cost == (None if of.score is None else pytest.approx(max(ended) - of.score))


def test_trials_are_matched_by_their_hyperparameters_never_by_their_number() -> None:
    one = problem({"sgd": cell([0.1, 0.2, 0.9], (0.1, 0.2, 0.3))})
    other = problem({"sgd": cell([0.9, 0.2, 0.1], (0.3, 0.2, 0.1))})
    found = compare_settings({"one": one, "other": other}, 0.95)
    assert found is not None
    assert rates_of(found, "sgd") == [0.3, 0.3]
    assert [of.score for of in found.optimizers["sgd"].left_out] == [0.9, 0.9]


def test_points_that_a_problem_lacks_take_no_part() -> None:
    one = problem({"sgd": cell([0.9, 0.1, 0.2], (0.05, 0.2, 0.3))})
    other = problem({"sgd": cell([0.1, 0.2, 0.9], (0.2, 0.3, 0.4))})
    found = compare_settings({"one": one, "other": other}, 0.95)
    assert found is not None
    assert (found.optimizers["sgd"].points, rates_of(found, "sgd")) == (2, [0.3, 0.3])


@pytest.mark.parametrize("more", [{"optimizer.beta": 0.5}, {"optimizer.epsilon": 1e-3}])
def test_points_that_differ_in_any_hyperparameter_are_not_the_same(more: dict[str, object]) -> None:
    one, other = problem({"sgd": cell([0.1, 0.2, 0.3])}), problem({"sgd": cell([0.1, 0.2, 0.3], **more)})
    assert compare_settings({"one": one, "other": other}, 0.95) is None
    assert choose("sgd", [one, other]) is None


@pytest.mark.parametrize("more", [{"optimizer.state": 2}, {"seed": 7}, {"network.hidden": 9}])
def test_what_is_not_of_the_optimizer_does_not_tell_points_apart(more: dict[str, object]) -> None:
    one, other = problem({"sgd": cell([0.1, 0.2, 0.3])}), problem({"sgd": cell([0.1, 0.2, 0.3], **more)})
    assert compare_settings({"one": one, "other": other}, 0.95) is not None


@pytest.mark.parametrize("count", [0, 1])
def test_without_other_problems_there_is_nothing_to_choose_by(count: int) -> None:
    assert compare_settings({str(n): problem({"sgd": cell([0.1, 0.2, 0.3])}) for n in range(count)}, 0.95) is None


def test_an_optimizer_that_does_not_run_everywhere_takes_no_part() -> None:
    both, one = {"sgd": cell([0.1, 0.2, 0.3]), "adam": cell([0.3, 0.2, 0.1])}, {"sgd": cell([0.1, 0.2, 0.3])}
    found = compare_settings({"a": problem(both), "b": problem(one), "c": problem(one)}, 0.95)
    assert found is not None and list(found.optimizers) == ["sgd"] and found.ranks is None


def test_ranks_and_profile_are_of_the_trials_at_the_setting() -> None:
    """On each problem adam's trial at .1 has .8, and sgd's at .3 has .6; the target is reached in the second epoch."""
    cells = {"sgd": cell([0.1, 0.2, 0.6]), "adam": cell([0.8, 0.2, 0.1])}
    found = compare_settings({name: problem(cells, 0.7) for name in "abc"}, 0.95)
    assert found is not None and found.ranks is not None and found.profile is not None
    assert (found.ranks.mean, found.ranks.seeds) == ({"adam": 1.0, "sgd": 2.0}, 1)
    assert found.profile.ratios == {"adam": (1.0,) * 3, "sgd": (None,) * 3}
    assert [of.relaxation for of in found.relaxed_profiles] == [0.05, 0.1]


@pytest.mark.parametrize(("goal", "solved"), [(0.62, [0.05, 0.1]), (0.65, [0.1]), (0.7, [])])
def test_a_relaxed_target_is_reached_by_those_that_nearly_reach_the_target(goal: float, solved: list[float]) -> None:
    cells = {"sgd": cell([0.1, 0.2, 0.6]), "adam": cell([0.6, 0.2, 0.1])}
    found = compare_settings({name: problem(cells, goal) for name in "ab"}, 0.95)
    assert found is not None and found.profile is None
    assert [of.relaxation for of in found.relaxed_profiles] == solved


def whole() -> Comparison:
    return compare(contests(["images", "scans"], ["sgd", "adam"], shared=True), {}, {}, [], [], SETTINGS)


def test_a_comparison_has_both_rulesets_and_is_read_as_it_was_written() -> None:
    found = whole()
    assert found.one_setting is not None and found.ranks is not None
    assert (
        found.one_setting.problems
        == found.ranks.problems
        == (
            "images: cnn",
            "images: mlp",
            "images: softmax",
            "scans: unet",
        )
    )
    assert {name: setting.points for name, setting in found.one_setting.optimizers.items()} == {"adam": 8, "sgd": 8}
    assert Comparison.parsed(found.dumped()) == found


def test_the_order_of_the_cells_changes_nothing() -> None:
    records = contests(["images", "scans"], ["sgd", "adam"], shared=True)
    turned = {name: replace(of, cells=dict(reversed(of.cells.items()))) for name, of in reversed(records.items())}
    assert compare(turned, {}, {}, [], [], SETTINGS).one_setting == whole().one_setting


def test_where_every_trial_diverged_nothing_is_ranked() -> None:
    records = all_diverged(contests(["images", "scans"], ["sgd", "adam"], shared=True), "trial")
    found = compare(records, {}, {}, [], [], SETTINGS).one_setting
    assert found is not None and found.ranks is None
    assert all(of.score is None and of.cost is None for at in found.optimizers.values() for of in at.left_out)
    assert not any(math.isnan(at.mean_rank) for at in found.optimizers.values())


def test_cells_with_points_of_their_own_have_no_common_setting() -> None:
    assert compare(contests(["images", "scans"], ["sgd", "adam"]), {}, {}, [], [], SETTINGS).one_setting is None
