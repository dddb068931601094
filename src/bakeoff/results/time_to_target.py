"""How soon an optimizer reaches a target, and how that compares over many problems."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from bakeoff.base.record import SUBSET, Run
from bakeoff.results.model import Profile

FARTHEST = 4.0  # times the fastest, up to which a profile counts


def target(finals: Sequence[Run], metric: str) -> float | None:
    """Return the median of the runs' final metric on the validation subset; None where the median run diverged.

    On the subset, for it is what the curves were measured on: a run that sets the target reaches it.
    """
    value = float(np.median([-math.inf if run.diverged else run.metrics[f"{SUBSET}/{metric}"] for run in finals]))
    return value if math.isfinite(value) else None


def steps(run: Run, metric: str, goal: float) -> float:
    """Return the first measured step whose metric on the validation subset is at the goal; else infinity."""
    return next((row["step"] for row in run.history if row[f"{SUBSET}/{metric}"] >= goal), math.inf)


def typical(times: ArrayLike) -> float:
    """Return the time at which half of the runs have arrived: the median, the lower one of an even number.

    Of an even number of runs whose last metrics are all different, exactly half end above their median. The mean of the
    two in the middle would be infinite even for those that have set the target.
    """
    ordered = np.sort(np.asarray(times, dtype=float))
    return float(ordered[(ordered.size - 1) // 2])


def profile(times: Mapping[str, Mapping[str, float]]) -> Profile | None:
    """Return each competitor's times as multiples of the fastest one's, problem by problem.

    Of the problems that somebody solved, and the competitors that all of those have; None without a problem or with
    fewer than two competitors. `score` is the mean height of the share of problems under a multiple tau, for tau from 1
    to FARTHEST: 1 for a competitor that is the fastest everywhere.

    Args:
        times: by problem and competitor; infinite where the target was missed.

    Source: Dolan & More 2002, Mathematical Programming 91; the score as in Dahl et al. 2023, arXiv:2306.07179.
    """
    solved = {problem: found for problem, found in times.items() if any(map(math.isfinite, found.values()))}
    names = [name for name in next(iter(solved.values()), {}) if all(name in found for found in solved.values())]
    solved = {problem: found for problem, found in solved.items() if any(math.isfinite(found[name]) for name in names)}
    if len(names) < 2 or not solved:
        return None
    fastest = {problem: min(found[name] for name in names) for problem, found in solved.items()}
    ratios = {name: [found[name] / fastest[problem] for problem, found in solved.items()] for name in names}
    scores = {name: float(np.mean([max(FARTHEST - r, 0) for r in of]) / (FARTHEST - 1)) for name, of in ratios.items()}
    return Profile(
        problems=tuple(solved),
        ratios={name: tuple(r if math.isfinite(r) else None for r in of) for name, of in ratios.items()},
        score=scores,
    )
