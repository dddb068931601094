import itertools
import math

import numpy as np
import pytest
from scipy import stats

from bakeoff.results.mean_ranks import cliques, contest, critical_difference, friedman, ranked

# Demsar 2006, table 5: the critical values of Nemenyi's test.
TABLE = {
    0.95: dict(zip(range(2, 11), (1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164), strict=True)),
    0.90: dict(zip(range(2, 11), (1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920), strict=True)),
}


def test_the_best_has_rank_one_ties_share_and_the_lost_come_last() -> None:
    assert ranked([[0.9, 0.7, 0.8], [0.5, 0.5, 0.1], [math.nan, 0.1, math.nan]]).tolist() == [
        [1, 3, 2],
        [1.5, 1.5, 3],
        [2.5, 1, 2.5],
    ]


@pytest.mark.parametrize("digits", [6, 1], ids=["no ties", "ties"])
def test_friedman_is_that_of_scipy(digits: int) -> None:
    scores = np.random.default_rng(0).normal([0.5, 0.2, 0, 0], size=(12, 4)).round(digits)
    chi, p = friedman(ranked(scores))
    assert chi == pytest.approx(stats.friedmanchisquare(*scores.T).statistic, rel=1e-9)
    f = 11 * chi / (12 * 3 - chi)
    assert p == pytest.approx(stats.f.sf(f, 3, 33), rel=1e-9)


def test_friedman_on_the_example_of_demsar() -> None:
    """Table 6 of Demsar 2006: mean ranks 3.143, 2.000, 2.893, 1.964 over 14 data sets; chi-square 9.28, F 3.69."""
    auc = np.array(
        [
            [0.763, 0.768, 0.771, 0.798],
            [0.599, 0.591, 0.590, 0.569],
            [0.954, 0.971, 0.968, 0.967],
            [0.628, 0.661, 0.654, 0.657],
            [0.882, 0.888, 0.886, 0.898],
            [0.936, 0.931, 0.916, 0.931],
            [0.661, 0.668, 0.609, 0.685],
            [0.583, 0.583, 0.563, 0.625],
            [0.775, 0.838, 0.866, 0.875],
            [1.000, 1.000, 1.000, 1.000],
            [0.940, 0.962, 0.965, 0.962],
            [0.619, 0.666, 0.614, 0.669],
            [0.972, 0.981, 0.9751, 0.975],
            [0.957, 0.978, 0.946, 0.970],
        ]
    )
    ranks = ranked(auc)
    assert ranks.mean(axis=0) == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    # The paper's figure makes no correction for the ties; 12 n / (k (k + 1)) in place of their own spread.
    uncorrected = 12 * 14 / 20 * ((ranks.mean(axis=0) - 2.5) ** 2).sum()
    assert uncorrected == pytest.approx(9.28, abs=5e-3)
    chi, p = friedman(ranks)
    assert chi == pytest.approx(stats.friedmanchisquare(*auc.T).statistic)
    assert 0.01 < p < 0.025
    assert critical_difference(14, 4, 0.90) == pytest.approx(1.12, abs=5e-3)  # the paper's, at 90 %


def test_what_all_blocks_agree_on_is_no_chance_and_what_none_tells_is() -> None:
    assert friedman(ranked([[3, 2, 1]] * 10))[1] < 1e-4
    assert friedman(ranked([[1, 1, 1]] * 10)) == (0.0, 1.0)
    assert friedman(ranked([[3, 2, 1]]))[1] > 0.05


@pytest.mark.parametrize("confidence", TABLE)
def test_the_critical_difference_is_that_of_the_table(confidence: float) -> None:
    for k, q in TABLE[confidence].items():
        # Three decimals stand in the table.
        assert critical_difference(20, k, confidence) == pytest.approx(q * math.sqrt(k * (k + 1) / 120), rel=5e-4)


def test_of_equal_competitors_hardly_ever_two_are_told_apart() -> None:
    """Nemenyi's promise: 95 of 100 contests of equals part nobody, whichever of the 15 pairs one looks at."""
    n, k = 30, 6
    ranks = np.random.default_rng(0).random((4000, n, k)).argsort(axis=2).argsort(axis=2) + 1
    spread = np.ptp(ranks.mean(axis=1), axis=1)
    # The standard error of a share of 4000 near .05 is .0034; ranks are discrete, which makes it err on the safe side.
    assert 0.03 < np.mean(spread > critical_difference(n, k, 0.95)) < 0.05 + 3 * 0.0034


def test_groups_are_as_large_as_can_be_and_none_lies_in_another() -> None:
    ranks = {"a": 1.0, "b": 1.5, "c": 2.6, "d": 2.9, "e": 5.0}
    assert cliques(ranks, 1.6) == [["a", "b", "c"], ["b", "c", "d"]]
    assert cliques(ranks, 0.1) == []
    assert cliques(ranks, math.inf) == [["a", "b", "c", "d", "e"]]
    for group in cliques(ranks, 1.6):
        assert all(abs(ranks[x] - ranks[y]) <= 1.6 for x, y in itertools.combinations(group, 2))


def test_a_contest_weighs_problems_alike_and_leaves_out_who_was_not_everywhere() -> None:
    scores = {
        "one": {"a": [3.0] * 10, "b": [2.0] * 10, "c": [1.0] * 10},
        "two": {"a": [1.0, 1.0], "b": [2.0, 2.0], "d": [9.0, 9.0]},
    }
    found = contest(scores, 0.95)
    assert found is not None
    assert found.mean == {"a": 1.5, "b": 1.5}  # ten seeds of the one do not outvote two of the other
    assert found.seeds == 2
    assert found.left_out == ("c", "d")
    assert found.p == 1.0
    assert found.groups == (("a", "b"),)


def test_seeds_sharpen_what_is_said_of_these_problems_and_nothing_that_is_said_of_others() -> None:
    draw = np.random.default_rng(0)
    scores = {
        problem: {name: (draw.normal(level, 1.0, size=20)).tolist() for name, level in (("a", 1.0), ("b", 0.0))}
        for problem in ("one", "two", "three")
    }
    found = contest(scores, 0.95)
    assert found is not None
    assert found.groups == () and found.p < 0.05
    assert found.over_problems.difference == pytest.approx(critical_difference(3, 2, 0.95), rel=1e-5)
    assert found.over_problems.difference > 1 > found.difference


def test_a_single_optimizer_has_no_rank() -> None:
    assert contest({"one": {"a": [1.0]}}, 0.95) is None
    assert contest({}, 0.95) is None


@pytest.mark.parametrize("problems", [["one"], ["one", "two"]])
@pytest.mark.parametrize("seeds", [1, 3])
def test_where_every_run_diverged_nobody_has_a_rank(problems: list[str], seeds: int) -> None:
    lost = {problem: {name: [math.nan] * seeds for name in ("a", "b", "c")} for problem in problems}
    assert contest(lost, 0.95) is None
    ended = contest(lost | {"three": {name: [1.0] * seeds for name in ("a", "b", "c")}}, 0.95)
    assert ended is not None and len(ended.problems) == len(problems) + 1
