"""The simulation behind the split of a cell's trainings."""

import numpy as np
import pytest

from benchmarks.budget_split import Problem, half_width, simulate


def problem(spread: float = 0.1, between: float = 0.0) -> Problem:
    return Problem(
        spread, 0.0, between, best=np.array([0.9, 0.8]), scale=np.array([0.5, 0.5]), shape=np.array([1.0, 1.0])
    )


def regret(split: tuple[int, int, int, int], spread: float = 0.1) -> float:
    return simulate(np.random.default_rng(1), problem(spread), split, contests=4000).regret


def test_without_noise_the_pick_is_the_best_trial() -> None:
    """Its mean is on average half a stratum below the best point: 0.5 / (2 x 8) here, in spreads."""
    assert regret((8, 2, 1, 5), spread=1e-9) * 1e-9 == pytest.approx(0.5 / 16, rel=0.02)


def test_trials_and_reruns_lower_the_regret() -> None:
    assert regret((12, 2, 2, 8)) < regret((8, 2, 2, 8)) < regret((4, 2, 2, 8))
    assert regret((8, 3, 6, 8)) < regret((8, 3, 1, 8)) < regret((8, 1, 0, 8))


def test_more_final_runs_find_the_best_optimizer_more_often() -> None:
    few, many = (
        simulate(np.random.default_rng(1), problem(), (8, 2, 2, finals), contests=4000).top for finals in (2, 20)
    )
    assert few < many


@pytest.mark.parametrize(("seeds", "between"), [(3, 0.0), (8, 0.5), (20, 0.9)])
def test_the_half_width_is_that_of_simulated_intervals(seeds: int, between: float) -> None:
    draw = np.random.default_rng(3)
    shared = np.sqrt(between) * draw.standard_normal((20_000, seeds))
    one, other = (shared + np.sqrt(1 - between) * draw.standard_normal((20_000, seeds)) for _ in range(2))
    deviations = (one - other).std(axis=1, ddof=1)
    quantile = {3: 4.3027, 8: 2.3646, 20: 2.0930}[seeds]  # Student's t, 97.5 %
    assert half_width(seeds, between) == pytest.approx((quantile * deviations / np.sqrt(seeds)).mean(), rel=0.02)
