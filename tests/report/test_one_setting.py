"""What the page says of the second ruleset and of relaxed targets."""

import re

import pytest
from simulated_contest import SETTINGS, all_diverged, contests

from bakeoff.report.sections import one_setting
from bakeoff.report.sections.contest import overall, targets
from bakeoff.results.compare import compare
from bakeoff.results.model import Comparison, Setting, SettingOnProblem
from bakeoff.results.step_costs import Costs

COSTS = Costs("Abacus", {})
TASKS = ("images", "scans")


def compared(*lost: str) -> Comparison:
    return compare(all_diverged(contests(TASKS, ["sgd", "adam"], shared=True), *lost), {}, {}, [], [], SETTINGS)


COMPARED = compared()
PAGE = overall(COMPARED, COSTS)


def test_the_page_has_both_rulesets_with_ranks_and_profiles() -> None:
    assert "### One setting for all problems" in PAGE
    for figure in ("ranks.png", one_setting.RANKS, one_setting.PROFILE, one_setting.RELAXED):
        assert f"(figures/{figure})" in PAGE
    assert "None" not in PAGE and "nan" not in PAGE


def test_each_score_stands_beside_what_it_costs() -> None:
    found = COMPARED.one_setting
    assert found is not None
    (row,) = [line for line in PAGE.splitlines() if line.startswith("| sgd |") and "(" in line]
    scores = re.findall(r"([\d.]+) \(([\d.e-]+)\)", row)
    assert len(scores) == len(found.problems)
    for (score, cost), of in zip(scores, found.optimizers["sgd"].left_out, strict=True):
        assert float(score) == pytest.approx(of.score, rel=1e-3)
        assert float(cost) == pytest.approx(of.cost, rel=0.1, abs=1e-9)


def test_it_is_said_that_a_trial_is_one_seed_and_what_follows() -> None:
    assert "The score of a trial is from one seed" in PAGE and "is biased upwards" in PAGE
    assert "| median standard deviation over seeds (tuned) |" in PAGE


def at(score: float | None, best: float | None) -> SettingOnProblem:
    return SettingOnProblem(point={"learning_rate": 0.1}, score=score, best=best)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (at(0.9, 0.95), "0.9 (0.05)"),
        (at(0.95, 0.95), "0.95 (0)"),
        (at(None, 0.95), "diverged"),
        (at(None, None), "diverged"),
    ],
)
def test_a_diverged_trial_is_called_so(found: SettingOnProblem, text: str) -> None:
    assert one_setting.score(found) == text


def test_settings_are_listed_by_what_they_cost_at_worst_those_that_diverged_last() -> None:
    def setting(*found: SettingOnProblem) -> Setting:
        return Setting(points=8, point={"learning_rate": 0.1}, mean_rank=2.0, left_out=found)

    made = COMPARED.one_setting
    assert made is not None
    optimizers = {
        "a": setting(at(None, 0.9), at(0.9, 0.9)),
        "b": setting(at(0.5, 0.9), at(0.9, 0.9)),
        "c": setting(at(0.8, 0.9), at(0.8, 0.9)),
    }
    lines = one_setting.settings_table(made.model_copy(update={"optimizers": optimizers})).splitlines()[2:]
    assert lines == [
        "| c | learning_rate 0.1 | 2 | 0 of 2 | 0.1 | 0.1 |  |",
        "| b | learning_rate 0.1 | 2 | 1 of 2 | 0.2 | 0.4 |  |",
        "| a | learning_rate 0.1 | 2 | 1 of 2 | 0 | 0 | 1 diverged |",
    ]


def test_where_every_trial_diverged_the_page_says_so_without_ranks() -> None:
    page = overall(compared("trial"), COSTS)
    assert "### One setting for all problems" in page and "diverged | diverged" in page
    assert f"(figures/{one_setting.RANKS})" not in page and "With one setting, " not in page


def test_without_common_points_there_is_no_section() -> None:
    page = overall(compare(contests(TASKS, ["sgd", "adam"]), {}, {}, [], [], SETTINGS), COSTS)
    assert "One setting" not in page and one_setting.RANKS not in page


@pytest.mark.parametrize(("p", "text"), [(0.4, "no optimizer leads"), (0.0001, "p < 0.001"), (0.03, "p = 0.03")])
def test_ranks_of_one_setting_are_told_with_their_test(p: float, text: str) -> None:
    assert COMPARED.one_setting is not None and COMPARED.one_setting.ranks is not None
    assert text in one_setting.ranking(COMPARED.one_setting.ranks.model_copy(update={"p": p}), 0.95)


def test_relaxed_targets_stand_beside_the_target() -> None:
    assert "| optimizer | the target: steps | relaxed by 5%: steps | relaxed by 10%: steps |" in PAGE
    task = COMPARED.tasks["images"]
    _, exact, words, relaxed = targets("images", task, COSTS)
    assert words.startswith("Steps to relaxed targets")
    assert len(exact.splitlines()) == len(relaxed.splitlines()) == 2 + 2
    target = task.models["cnn"].target
    assert target is not None
    assert f"cnn: {target.relaxed[0].value:.4g} (5%)" in relaxed.splitlines()[0]
    values = target.relaxed[0].steps["adam"].values
    reaching = sum(value is not None for value in values)
    assert f"; {reaching} of {len(values)} |" in next(line for line in relaxed.splitlines() if "| adam |" in line)
