"""Recommendations: certainty, cost and the next change, each rule on results made for it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML
from scipy import stats
from simulated_contest import SETTINGS, all_diverged, contests, recipe
from simulated_contest import baseline as fitted

from bakeoff.commands import cli
from bakeoff.report.decision import MOST_SEEDS, RULES, Evidence, cheaper, next_change, references
from bakeoff.report.sections.decision import decision, section
from bakeoff.results.compare import compare
from bakeoff.results.curves import Band, CurvePoint
from bakeoff.results.model import (
    Baseline,
    CellName,
    CellResult,
    NoWinner,
    RecipeResult,
    Reference,
    RunCount,
    Search,
    Summary,
    TaskComparison,
    Winner,
)
from bakeoff.results.power import level, seeds_to_show
from bakeoff.results.step_costs import Costs

ROOT = Path(__file__).parents[2]
OPTIMIZERS = ("sgd", "momentum", "adam", "rmsprop")
FOUND = compare(contests(["penguins"], OPTIMIZERS), {}, {}, [], [], SETTINGS).tasks["penguins"]
FREE = Costs("model name Abacus", {})


def summary(values: Sequence[float | None]) -> Summary:
    ended = [value for value in values if value is not None]
    mean = sum(ended) / len(ended) if ended else None
    deviation = (sum((v - mean) ** 2 for v in ended) / (len(ended) - 1)) ** 0.5 if mean and len(ended) > 1 else None
    return Summary(mean=mean, interval=None, bootstrap=None, deviation=deviation, values=tuple(values))


def cell(rank: int, optimizer: str, *values: float | None, **change: Any) -> CellResult:
    """A cell that no rule applies to, but for what is changed."""
    base = FOUND.cells[0]
    none = RunCount(runs=8, diverged=0)
    trials = tuple((10.0**-n, 0.5) for n in range(8))
    pick = {"learning_rate": 0.01}
    changed = {
        "optimizer": optimizer,
        "rank": rank,
        "tied": rank > 1,
        "seeds": tuple(range(len(values))),
        "diverged": tuple(seed for seed, value in enumerate(values) if value is None),
        "validation": summary(values),
        "test": summary([value and value - 0.02 for value in values]),
        "search": Search(trials=trials, best=0.5, median=0.5, pick=pick, default_rate=None, edge=None),
        "runs": base.runs.model_copy(update={"trial": none}),
    }
    return base.model_copy(update=changed | change)


LEADER, SECOND = cell(1, "adam", 0.90, 0.92, 0.94), cell(2, "sgd", 0.94, 0.90, 0.919)


def no_winner(cells: Sequence[CellResult]) -> NoWinner | None:
    """Why the first of these cells does not win, where that is for no special reason."""
    if cells[0].validation.mean is None:
        return "all diverged"
    if cells[0].no_better_than is not None:
        return "no better than the reference"
    if len(cells) == 1:
        return "alone"
    return "tied" if any(of.tied for of in cells) else None


def task(*cells: CellResult, **change: Any) -> TaskComparison:
    lead = cells[0]
    lost = lead.validation.mean is None
    changed = {
        "cells": cells,
        "no_winner": no_winner(cells),
        "winner": None if lost else Winner(model=lead.model, optimizer=lead.optimizer, seed=0),
        "spaces": {name: {"learning_rate": (1e-4, 1.0)} for name in OPTIMIZERS},
        "tied_with": tuple(CellName(model=of.model, optimizer=of.optimizer) for of in cells if of.tied),
        "baselines": (),
        "recipes": (),
        "references": (),
    }
    return FOUND.model_copy(update=changed | change)


def known(
    found: TaskComparison,
    *,
    costs: Costs = FREE,
    curve: Sequence[CurvePoint] = (),
) -> Evidence:
    return Evidence("penguins", found, costs, curve, 0.95)


def reference(
    test: float, validation: float | None = None, half: float | None = None, epochs: int = 40
) -> RecipeResult:
    interval = None if half is None else (test - half, test + half)
    scores = Summary(mean=test, interval=interval, bootstrap=None, deviation=None, values=(test,))
    of_validation = None if validation is None else summary([validation])
    return RecipeResult(
        model="mlp",
        optimizer="adamw",
        diverged=(),
        runs=3,
        epochs=epochs,
        refit=validation is None,
        validation=of_validation,
        test=scores,
    )


def points(*metrics: float, steps: int = 100) -> list[CurvePoint]:
    """A curve measured at as many moments as a training measures: after ceil(n steps / moments) steps."""
    none = Band(0.0, 0.0, 0.0)
    return [
        CurvePoint(
            "penguins", "mlp", "adam", -(-n * steps // len(metrics)), n, 3, 0, none, Band(metric, metric, metric)
        )
        for n, metric in enumerate(metrics, 1)
    ]


IN_BUDGET = "in the table of `budgets` that `budget` names"
POOR = LEADER.model_copy(update={"no_better_than": "the majority class"})
PLAIN = task(LEADER, SECOND)
LOST = cell(1, "adam", None, None)
EDGE = "learning_rate 0.9 lies at the upper edge of its space, 0.0001 to 1; widen it"


def edged(rate: float) -> CellResult:
    search = LEADER.search.model_copy(update={"edge": EDGE, "pick": {"learning_rate": rate}})
    return LEADER.model_copy(update={"search": search})


def diverging(base: CellResult, lost: Sequence[int]) -> CellResult:
    """The same cell, with some of its trials diverged; they are at the rates 1, 0.1, ..., 1e-7."""
    trials = tuple((10.0**-n, None if n in lost else 0.5) for n in range(8))
    runs = base.runs.model_copy(update={"trial": RunCount(runs=8, diverged=len(lost))})
    return base.model_copy(update={"search": base.search.model_copy(update={"trials": trials}), "runs": runs})


def picking(base: CellResult, rate: float, **change: Any) -> CellResult:
    """The same cell, with another picked rate."""
    search = base.search.model_copy(update={"pick": {"learning_rate": rate}})
    return base.model_copy(update={"search": search} | change)


CLEAR = cell(2, "sgd", 0.89, 0.90, 0.93)  # by .01 to .02: four seeds would show it
CHANGES: dict[str, tuple[Evidence, str]] = {
    "every final run diverged": (known(task(LOST)), "lower learning rates"),
    "a recipe with a better validation score": (
        known(task(LEADER, SECOND, recipes=(reference(0.9, 0.95),))),
        "more epochs: the recipe of mlp trains for 40 epochs, the contest for 8. Bring `tasks.penguins.training` "
        "nearer to `recipes/penguins/mlp.yaml`.",
    ),
    "a recipe that is no longer": (
        known(task(LEADER, SECOND, recipes=(reference(0.9, 0.95, epochs=8),))),
        "the settings of the recipe of mlp",
    ),
    "a baseline that is better": (
        known(task(LEADER, SECOND, baselines=(Baseline(model="boosting", validation=0.93, test=0.8),))),
        "more epochs (`tasks.penguins.training.epochs`, now 8) or a larger network: no network is as good as the "
        "baseline boosting.",
    ),
    "intensities that are better": (
        known(task(LEADER, SECOND, references=(Reference(name="the intensity baseline", validation=0.95, test=0.95),))),
        "more epochs (`tasks.penguins.training.epochs`, now 8) or a larger network",
    ),
    "the pick at the upper edge": (
        known(task(edged(0.9), SECOND)),
        "Move the upper end of `optimizers.adam.search.learning_rate` from 1 to 10.",
    ),
    "the pick at the lower edge": (
        known(task(edged(1.2e-4), SECOND)),
        "Move the lower end of `optimizers.adam.search.learning_rate` from 0.0001 to 1e-05.",
    ),
    "diverged trials at the upper end": (
        known(task(diverging(LEADER, [0, 1]), SECOND)),
        "a narrower search space: 2 of the 8 trials of mlp under adam diverged, all at 0.1 and above. Lower the upper "
        "end of `optimizers.adam.search.learning_rate` to 0.1; all tasks share it, so check their picks.",
    ),
    "diverged trials here and there": (
        known(task(diverging(picking(LEADER, 1e-6), [0, 5]), SECOND)),
        "2 of the 8 trials of mlp under adam diverged. Lower the upper end",
    ),
    "diverged trials of another cell": (
        known(task(LEADER, diverging(picking(SECOND, 0.001), [0, 1, 2]))),
        "3 of the 8 trials of mlp under sgd diverged",
    ),
    "as many of two cells: the better one": (
        known(task(diverging(LEADER, [0, 1]), diverging(SECOND, [0, 1]))),
        "2 of the 8 trials of mlp under adam diverged",
    ),
    "diverged trials where another optimizer picked their rate": (
        known(task(diverging(LEADER, [0, 1]), picking(SECOND, 0.5))),
        "2 of the 8 trials of mlp under adam diverged",
    ),
    "diverged trials of two cells, where the first may not be narrowed": (
        known(task(diverging(LEADER, [0, 1, 5]), diverging(SECOND, [0, 1]))),
        "2 of the 8 trials of mlp under sgd diverged",
    ),
    "diverged trials at a rate that another cell picked": (
        known(task(diverging(LEADER, [0, 1]), picking(SECOND, 0.1, model="cnn", optimizer="adam"))),
        "a narrower space would exclude a learning rate that a cell picked",
    ),
    "diverged trials at a rate below the pick": (
        known(task(diverging(LEADER, [0, 5]), SECOND)),
        "a narrower space would exclude a learning rate that a cell picked",
    ),
    "every trial diverged": (known(task(diverging(LEADER, range(8)), SECOND)), "8 of the 8 trials of mlp under adam"),
    "still rising": (
        known(PLAIN, curve=points(0.5, 0.7, 0.8, 0.92)),
        "more epochs (`tasks.penguins.training.epochs`, now 8): the leader's accuracy on the validation subset "
        "still rose by 0.12 in the last 25% of the steps, more than one standard error (0.012) of its mean on all "
        "validation data.",
    ),
    "still rising, of three points": (known(PLAIN, curve=points(0.5, 0.7, 0.92)), "in the last 33% of the steps"),
    "still rising, of twelve points": (
        known(PLAIN, curve=points(*[0.8] * 8, 0.85, 0.88, 0.9, 0.92, steps=330)),
        "rose by 0.07 in the last 25% of the steps",
    ),
    "a tie that more seeds would split": (
        known(task(LEADER, CLEAR)),
        f"more final seeds (`contest.finals.mlp` {IN_BUDGET}): with",
    ),
    "a tie that more seeds of two models would split": (
        known(task(LEADER, CLEAR.model_copy(update={"model": "cnn"}))),
        f"more final seeds (`contest.finals.mlp`, `contest.finals.cnn` {IN_BUDGET}): with",
    ),
    "a tie that more seeds would split, of two cells": (
        known(task(LEADER, CLEAR)),
        "with about 4 in place of 3 seeds, differences as large as the measured ones would be significant for 1",
    ),
    "nothing to change": (
        known(task(LEADER)),
        f"a larger search (`contest.trials` {IN_BUDGET}, now 8): the leader's learning rate is inside its search space "
        "and few trials of any cell diverged.",
    ),
    "a flat curve": (
        known(task(LEADER), curve=points(0.9, 0.91, 0.915, 0.92)),
        "space, few trials of any cell diverged and the leader's curve is flat at the end.",
    ),
    "a curve that falls": (
        known(task(LEADER), curve=points(0.5, 0.7, 0.93, 0.7)),
        "the leader's curve falls at the end.",
    ),
    "a tie that no seeds would split": (
        known(PLAIN),
        "few trials of any cell diverged and 50 seeds would not be enough to separate half of the tied cells.",
    ),
    "a tie of single seeds, of which nothing is known": (
        known(task(cell(1, "adam", 0.9), cell(2, "sgd", 0.9)), curve=points(0.5, 0.9)),
        "inside its search space and few trials of any cell diverged.",
    ),
    "a tie and a flat curve": (
        known(PLAIN, curve=points(0.9, 0.91, 0.915, 0.92)),
        "the leader's learning rate is inside its search space, few trials of any cell diverged, the leader's curve is "
        "flat at the end and 50 seeds would not be enough to separate half of the tied cells.",
    ),
    "no better than a reference": (
        known(task(POOR, CLEAR)),
        "more epochs (`tasks.penguins.training.epochs`, now 8) or a larger network: the leader is no better than the "
        "majority class.",
    ),
    "no better than a reference, but a recipe is": (
        known(task(POOR, SECOND, recipes=(reference(0.9, 0.95),))),
        "more epochs: the recipe of mlp trains for 40 epochs",
    ),
    "no better than a reference that scores more": (
        known(task(POOR, SECOND, references=(Reference(name="the majority class", validation=0.95, test=0.95),))),
        "the leader is no better than the majority class.",
    ),
}


@pytest.mark.parametrize(("evidence", "change"), CHANGES.values(), ids=CHANGES.keys())
def test_the_next_change_is_that_of_the_rule(evidence: Evidence, change: str) -> None:
    assert change in next_change(evidence)


@pytest.mark.parametrize(
    "evidence",
    [
        known(task(diverging(LEADER, [0]), SECOND)),  # one of eight is no quarter
        known(PLAIN, curve=points(0.9, 0.91, 0.915, 0.92)),  # within a standard error
        known(PLAIN, curve=points(0.5, 0.7, 0.93, 0.92)),  # falls
        # Twelve moments of 330 steps: the ninth is step 248, which is the first after 0.75 * 330, and all of the rise.
        known(PLAIN, curve=points(*[0.8] * 8, *[0.92] * 4, steps=330)),
        known(PLAIN, curve=points(0.92)),  # one point says nothing of a rise
        known(PLAIN, curve=points(0.5, 0.92, steps=2)[1:]),
        known(task(LEADER, SECOND, recipes=(reference(0.91, 0.91),))),  # worse on validation data
        known(task(LEADER, SECOND, recipes=(reference(0.99, half=0.01),))),  # test data decide nothing
        known(task(LEADER, SECOND, recipes=(reference(0.91),))),  # a single run has no interval
        known(task(LEADER, SECOND, baselines=(Baseline(model="boosting", validation=0.91, test=0.99),))),
        known(task(LEADER, SECOND, references=(Reference(name="the intensity baseline", validation=0.5, test=0.99),))),
    ],
)
def test_no_rule_applies_by_less(evidence: Evidence) -> None:
    assert next_change(evidence).startswith("a larger search")


def test_the_first_rule_that_applies_decides() -> None:
    """Each task has what the rules after the first ask for too."""
    best = diverging(edged(0.9), [0])
    worse = diverging(CLEAR, [0, 1])
    course = points(0.5, 0.7, 0.8, 0.92)
    better = (Baseline(model="boosting", validation=0.99, test=0.99),)
    poor = best.model_copy(update={"no_better_than": "the majority class"})
    asked = [
        known(task(LOST, baselines=better), curve=course),
        known(task(poor, worse, baselines=better), curve=course),
        known(task(best, worse, baselines=better), curve=course),
        known(task(best, worse), curve=course),
        known(task(LEADER, worse), curve=course),
        known(task(LEADER, worse)),
        known(task(LEADER, diverging(SECOND, [0, 1]))),
        known(task(LEADER)),
    ]
    assert len(asked) == len(RULES)
    for rule, evidence in zip(RULES, asked, strict=True):
        assert next_change(evidence) == rule(evidence)


@pytest.mark.parametrize(
    ("differences", "cells", "needed"),
    [
        # The mean is 1 and the standard deviation 1, so that the first n with t <= sqrt n is sought, where t is the
        # quantile of n - 1 degrees of freedom at 1 - .05 / (k (k - 1)). By scipy.stats.t.ppf:
        # k = 2, at .975: t(5) 2.571 > sqrt 6 = 2.449; t(6) 2.447 <= sqrt 7 = 2.646.
        ([0.0, 1.0, 2.0], 2, 7),
        # k = 3, at .99167: t(8) 3.016 > sqrt 9 = 3; t(9) 2.933 <= sqrt 10 = 3.162.
        ([0.0, 1.0, 2.0], 3, 10),
        # k = 6, at .99833: t(12) 3.649 > sqrt 13 = 3.606; t(13) 3.584 <= sqrt 14 = 3.742.
        ([0.0, 1.0, 2.0], 6, 14),
        ([1.0, 1.0], 2, 3),  # no spread: one more than there are
        ([0.0, -1.0, -2.0], 2, None),  # one-sided: more seeds do not show that the leader is better
        ([-1.0, 1.0], 2, None),
        ([0.0, 0.0], 2, None),
        ([1.0], 2, None),
        ([], 4, None),
    ],
)
def test_the_seeds_that_a_difference_needs_by_hand(differences: list[float], cells: int, needed: int | None) -> None:
    assert seeds_to_show(np.array(differences), level(cells, 0.95), MOST_SEEDS) == needed


@pytest.mark.parametrize("cells", [2, 3, 6, 18])
@pytest.mark.parametrize("seed", range(5))
def test_a_t_test_of_so_many_seeds_like_those_measured_is_significant(cells: int, seed: int) -> None:
    """The contest's test, of n differences with the same mean and deviation: significant from n on, and not before."""
    differences = np.random.default_rng([cells, seed]).normal(1.0, 1.0, size=3)
    at = level(cells, 0.95)
    needed = seeds_to_show(differences, at, 10_000)
    assert (needed is None) == (differences.mean() <= 0)
    for seeds in (needed, needed - 1) if needed else ():
        like = np.arange(seeds, dtype=float)
        like = (like - like.mean()) / like.std(ddof=1) * differences.std(ddof=1) + differences.mean()
        p = stats.ttest_1samp(like, 0, alternative="greater").pvalue
        assert (p <= at) == (seeds == needed) or needed == 4  # 4 is the first that is tried


def test_half_of_the_tie_decides_how_many_seeds() -> None:
    hopeless = cell(3, "momentum", 0.94, 0.92, 0.899)
    one, two = known(task(LEADER, CLEAR)), known(task(LEADER, CLEAR, hopeless))
    assert "significant for 1 tied cell" in next_change(one)
    assert "significant for 1 tied cell" in next_change(two)
    assert next_change(known(task(LEADER, CLEAR, hopeless, hopeless))).startswith("a larger search")


SEVEN = {"adam": 0.010, "sgd": 0.007, "momentum": 0.006, "rmsprop": 0.0096}


def priced(*cells: CellResult, **seconds: float) -> Evidence:
    return known(task(*cells), costs=Costs("model name Abacus", {"penguins": {"mlp": seconds}}))


@pytest.mark.parametrize(
    ("cells", "seconds", "name"),
    [
        ([LEADER, SECOND], SEVEN, "sgd"),
        ([LEADER, SECOND, cell(3, "momentum", 0.94, 0.90, 0.919)], SEVEN, "momentum"),
        ([LEADER, cell(2, "sgd", 0.89, 0.90, 0.919)], SEVEN, None),  # more than a standard error behind
        ([LEADER, cell(2, "sgd", 0.94, 0.90, 0.919, tied=False)], SEVEN, None),
        ([LEADER, cell(2, "rmsprop", 0.94, 0.90, 0.919)], SEVEN, None),  # 4 % less is no difference
        ([LEADER, SECOND], {"adam": 0.01}, None),
        ([LEADER, SECOND], {"sgd": 0.01}, None),
        ([cell(1, "adam", 0.9), SECOND], SEVEN, None),  # one seed has no standard error
        ([LOST], SEVEN, None),
        (
            [LEADER, SECOND, cell(3, "momentum", 0.94, 0.90, 0.919)],
            {"adam": 0.02, "sgd": 0.01, "momentum": 0.01},
            "sgd",
        ),
    ],
)
def test_a_cell_that_costs_less_is_within_one_standard_error(
    cells: list[CellResult], seconds: dict[str, float], name: str | None
) -> None:
    found = cheaper(priced(*cells, **seconds))
    assert (found.optimizer if found else None) == name


def test_the_page_says_what_to_use_how_sure_that_is_and_what_it_costs() -> None:
    evidence = known(
        PLAIN,
        costs=Costs("model name Abacus", {"penguins": {"mlp": SEVEN}}),
        curve=points(0.9, 0.91, 0.915, 0.92, steps=880),
    )
    said = decision(evidence)
    for part in (
        "### penguins\n\n**Use mlp under adam**, learning_rate 0.01.",
        "**Score**: accuracy 0.92 on validation and 0.9 on test data, mean over 3 seeds",
        "**Certainty**: no single winner: statistically tied with 1 of 1 other cells: mlp under sgd.",
        "**Cost**: 0.01 s per step, 8.8 s for the 880 steps of a training on one core of Abacus; 1,000 parameters; 2 ",
        "mlp under sgd is within one standard error and costs 30% less per step.",
        "`models/penguins/mlp-adam.safetensors`, described by `models/penguins/mlp-adam.json`.",
        "`bakeoff predict penguins INPUT --to OUT` applies it to new data.",
        "`bakeoff explain penguins --to FOLDER` shows its errors and its calibration.",
        "`dvc repro train_penguins@mlp-adam`",
        "**Try next**: a larger search",
    ):
        assert part in said, part


TIED = "no single winner: statistically tied with 1 of 1 other cells: mlp under sgd"
TIED_OF_TWO = TIED.replace("1 of 1", "1 of 2")
MAJORITY = (Reference(name="the majority class", validation=0.89, test=0.5),)
POOR_SECOND = SECOND.model_copy(update={"no_better_than": "the majority class"})
SHAKY = cell(3, "lion", 0.1, 0.5, 0.9, tied=False, unstable=True)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (task(LEADER), "it is the only cell."),
        (task(LEADER, cell(2, "sgd", 0.5, 0.5, 0.5, tied=False)), "it wins against 1 other cell."),
        (task(LEADER, SECOND), f"{TIED}."),
        (task(cell(1, "adam", 0.9, None, 0.9), SECOND), f"{TIED}. 1 final run of the leader diverged."),
        (task(LEADER, SECOND, SHAKY), f"{TIED_OF_TWO}. Too unstable to rank: mlp under lion."),
        (
            task(LEADER, POOR_SECOND, references=MAJORITY),
            f"{TIED}. No better than the majority class (0.89): mlp under sgd.",
        ),
        (
            task(LEADER, POOR_SECOND, SHAKY, references=MAJORITY),
            f"{TIED_OF_TWO}. Too unstable to rank: mlp under lion. No better than the majority class (0.89): mlp under "
            "sgd.",
        ),
        (
            task(POOR, references=MAJORITY),
            "No winner. mlp under adam has the best mean, but is no better than the majority class, so it does "
            "not win. No better than the majority class (0.89): mlp under adam.",
        ),
        (
            task(POOR, POOR_SECOND, references=MAJORITY),
            "No winner. mlp under adam has the best mean, but is no better than the majority class, so it does "
            "not win. It is statistically tied with all others (3 seeds): mlp under sgd. No better than the majority "
            "class (0.89): mlp under adam, sgd.",
        ),
        (
            task(LEADER, SECOND, no_winner="too few seeds"),
            "No winner. mlp under adam has the best mean, but does not win: it shares fewer than 3 seeds with a cell "
            "that it is compared with. It is statistically tied with all others (3 seeds): mlp under sgd.",
        ),
        (
            task(LEADER.model_copy(update={"unstable": True}), no_winner="unstable"),
            "No winner. mlp under adam has the best mean, but is too unstable to rank, so it does not win. Too "
            "unstable to rank: mlp under adam.",
        ),
    ],
)
def test_how_sure_a_leader_is(found: TaskComparison, said: str) -> None:
    assert f"- **Certainty**: {said}" in decision(known(found)).splitlines()


CHANCE = Reference(name="chance", validation=0.95, test=0.4)
USABLE = Baseline(model="boosting", validation=0.96, test=0.3)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            task(LEADER, references=(CHANCE,)),
            "**Nothing better than chance was found** (accuracy 0.95 on validation and 0.4 on test data); the leader "
            "is **mlp under adam**, learning_rate 0.01.",
        ),
        (
            task(LOST, references=(CHANCE,)),
            "**Nothing better than chance was found** (accuracy 0.95 on validation and 0.4 on test data); every final "
            "run diverged.",
        ),
        (task(LEADER, references=(CHANCE,), baselines=(USABLE,)), "**Use the baseline boosting**"),
        (task(LOST, references=(CHANCE,), baselines=(USABLE,)), "**Use the baseline boosting**"),
        (
            task(LEADER, references=(CHANCE,), baselines=(Baseline(model="logistic", validation=0.93, test=0.93),)),
            "**Nothing better than chance was found**",
        ),
        (task(LEADER, references=(CHANCE,), recipes=(reference(0.2, 0.97),)), "**Use the recipe of mlp**"),
        (task(LEADER, references=(Reference(name="chance", validation=0.5, test=0.99),)), "**Use mlp under adam**"),
    ],
)
def test_a_reference_is_never_what_to_use(found: TaskComparison, said: str) -> None:
    opening = decision(known(found)).splitlines()[2]
    assert opening.startswith(said)
    assert "Use chance" not in opening


def test_the_validation_score_decides_between_two_that_beat_the_leader() -> None:
    better = (
        Baseline(model="boosting", validation=0.97, test=0.5),
        Baseline(model="logistic", validation=0.95, test=0.99),
    )
    assert [of.title for of in references(known(task(LEADER, baselines=better)))] == [
        "the baseline boosting",
        "the baseline logistic",
    ]


@pytest.mark.parametrize(
    ("recipes", "baselines", "use", "also"),
    [
        (
            (reference(0.95, half=0.01),),
            (),
            "**Use mlp under adam**",
            "the recipe of mlp, accuracy 0.950 ± 0.010 on test data (trained on",
        ),
        ((reference(0.5, 0.95),), (), "**Use the recipe of mlp**: accuracy 0.95 on validation", None),
        (
            (reference(0.91, half=0.02),),
            (),
            "**Use mlp under adam**",
            "the recipe of mlp, accuracy 0.910 ± 0.020 on test data (",
        ),
        ((), (Baseline(model="boosting", validation=0.99, test=0.5),), "**Use the baseline boosting**", None),
        (
            (),
            (Baseline(model="boosting", validation=0.5, test=0.99),),
            "**Use mlp under adam**",
            "the baseline boosting on test data, but not on validation data (",
        ),
        (
            (reference(0.95, half=0.01),),
            (Baseline(model="boosting", validation=0.5, test=0.99),),
            "**Use mlp under adam**",
            "the baseline boosting on test data, but not",
        ),
        (
            (reference(0.5, 0.5),),
            (Baseline(model="logistic", validation=0.5, test=0.5),),
            "**Use mlp under adam**",
            None,
        ),
    ],
)
def test_a_recipe_or_baseline_that_beats_the_leader_is_first_or_named(
    recipes: tuple[RecipeResult, ...], baselines: tuple[Baseline, ...], use: str, also: str | None
) -> None:
    said = decision(known(task(LEADER, SECOND, recipes=recipes, baselines=baselines)))
    assert use in said
    assert (f"**Also better**: {also}" in said) if also else "Also better" not in said
    assert "mlp under adam**, learning_rate 0.01" in said  # the leader of the contest is always there


def test_where_every_run_diverged_nothing_is_recommended_but_what_is_left() -> None:
    lost = known(task(LOST))
    assert "Nothing can be recommended: every final run diverged." in decision(lost)
    left = known(task(LOST, baselines=(Baseline(model="logistic", validation=0.5, test=0.5),)))
    assert "**Use the baseline logistic**" in decision(left) and "None" not in decision(left)
    assert [of.title for of in references(left)] == ["the baseline logistic"]


@pytest.mark.parametrize("lost", [(), ("final",), ("default",), ("trial",), ("final", "default", "trial", "rerun")])
@pytest.mark.parametrize("name", ["images", "table", "scans", "cifar", "penguins"])
def test_each_task_has_a_decision_whatever_its_results_are(name: str, lost: tuple[str, ...]) -> None:
    records = all_diverged(contests([name], ["sgd", "adam", "lion"]), *lost)
    recipes = [recipe()] if name == "images" else []
    found = compare(records, {}, {}, [fitted("boosting", 0.9, name)], recipes, SETTINGS)
    said = section([Evidence(name, found.tasks[name], FREE, (), 0.95)])
    assert said.count("**Try next**: ") == 1 and said.count(f"### {name}\n") == 1
    assert "None" not in said and "nan" not in said and "inf" not in said


def test_each_command_and_file_that_is_named_exists() -> None:
    graph = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    tasks = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))["tasks"]
    for name, settings in tasks.items():
        model, optimizer = settings["models"][0], settings["optimizers"][0]
        lead = cell(1, optimizer, 0.9, 0.92).model_copy(update={"model": model})
        recipes = tuple(reference(0.9, 0.95).model_copy(update={"model": of}) for of in settings["recipes"][:1])
        said = decision(Evidence(name, task(lead, recipes=recipes), FREE, (), 0.95))
        stages = re.findall(r"`dvc repro ([\w-]+)@([\w-]+)`", said)
        assert len(stages) == 1 + len(recipes)
        for stage, item in stages:
            names = dict(zip(graph[stage]["matrix"], item.split("-"), strict=True))
            outs = [str(out) for out in graph[stage]["outs"]]
            for key, value in names.items():
                outs = [out.replace(f"${{item.{key}}}", value) for out in outs]
            assert any(f"`{out}`" in said for out in outs)
    for command in set(re.findall(r"`bakeoff (\w+)`", said)):
        assert callable(getattr(cli, command))
