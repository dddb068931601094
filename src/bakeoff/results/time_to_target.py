"""The time until an optimizer reaches a target, and performance profiles over problems."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np
from numpy.typing import ArrayLike

from bakeoff.base.record import SUBSET, Run
from bakeoff.base.values import Metric
from bakeoff.results.model import Arrival, Profile, RelaxedProfile, RelaxedTarget, Target, TaskComparison

FARTHEST = 4.0  # times the fastest, up to which a profile counts
RELAXATIONS = (0.05, 0.1)  # shares by which targets are relaxed, beside the target itself

# Where the scale of each metric begins. Half of an area under the ROC curve is what a constant prediction has on any
# data: a share of the whole area would relax a target of .75 by three times the share of what a model can learn.
FLOORS: Mapping[Metric, float] = {"accuracy": 0.0, "auc": 0.5, "dice": 0.0}

Times = Mapping[str, Mapping[str, float]]  # by problem and competitor; infinite where the target was missed


def target(finals: Sequence[Run], metric: str) -> float | None:
    """Return the median of the runs' final metric on the validation subset; None if the median run diverged.

    On the subset, for it is what the curves were measured on: a run that sets the target reaches it.
    """
    value = float(np.median([-math.inf if run.diverged else run.metrics[f"{SUBSET}/{metric}"] for run in finals]))
    return value if math.isfinite(value) else None


def relaxed(goal: float, metric: Metric, relaxation: float) -> float:
    """Return a target relaxed by a share of its distance from the floor of its metric; one below the floor stays."""
    return goal - relaxation * max(goal - FLOORS[metric], 0.0)


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


def of_family(finals: Mapping[str, Sequence[Run]], leader: str | None, metric: Metric) -> Target | None:
    """Return the steps until each optimizer's runs reach the median final metric of the leader, or a relaxed target."""
    goal = None if leader is None else target(finals[leader], metric)
    if leader is None or goal is None:
        return None

    def arrivals(value: float) -> dict[str, Arrival]:
        return {optimizer: arrival([steps(run, metric, value) for run in runs]) for optimizer, runs in finals.items()}

    nearer = [(share, relaxed(goal, metric, share)) for share in RELAXATIONS]
    return Target(
        value=goal,
        of=leader,
        steps=arrivals(goal),
        relaxed=tuple(RelaxedTarget(relaxation=share, value=value, steps=arrivals(value)) for share, value in nearer),
    )


def arrival(steps: Sequence[float]) -> Arrival:
    """Return the steps of one optimizer's runs; infinite ones as None."""
    median = typical(steps)
    return Arrival(
        values=tuple(int(value) if math.isfinite(value) else None for value in steps),
        median=median if math.isfinite(median) else None,
        share=fmean(math.isfinite(value) for value in steps),
    )


def reached(target: Target, relaxation: float) -> Mapping[str, Arrival]:
    """Return the steps to a target that is relaxed by a share; 0 for the target itself."""
    return {0.0: target.steps, **{found.relaxation: found.steps for found in target.relaxed}}[relaxation]


def times(tasks: Mapping[str, TaskComparison], relaxation: float = 0.0) -> dict[str, dict[str, float]]:
    """Return the median steps to the target by problem (`images: cnn`) and optimizer, infinite if there are none."""
    return {
        f"{name}: {model}": {
            optimizer: math.inf if found.median is None else found.median
            for optimizer, found in reached(family.target, relaxation).items()
        }
        for name, task in tasks.items()
        for model, family in sorted(task.models.items())
        if family.target
    }


def relaxed_profiles(times: Mapping[float, Times]) -> tuple[RelaxedProfile, ...]:
    """Return a performance profile for each relaxation of the targets by which somebody solves a problem.

    Args:
        times: by relaxation.
    """
    found = {relaxation: profile(of) for relaxation, of in times.items()}
    return tuple(RelaxedProfile(**dict(of), relaxation=relaxation) for relaxation, of in found.items() if of)


def profile(times: Times) -> Profile | None:
    """Return each competitor's times as multiples of the fastest one's, problem by problem.

    Of the problems that somebody solved, and the competitors that all of those have; None without a problem or with
    fewer than two competitors. `score` is the mean height of the share of problems under a multiple tau, for tau from 1
    to FARTHEST: 1 for a competitor that is the fastest everywhere.

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
