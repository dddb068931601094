"""One setting of an optimizer for all problems, chosen without the problem that it is compared on.

The trials of an optimizer are at the same points of its space on every problem, so this ruleset costs no training: of
each problem that is left out, the point with the best mean rank over the other problems is taken, and the trial at that
point counts. All trials are from one seed. Trials are matched by their hyperparameters.

Source: the ruleset without tuning per workload of Dahl et al. 2023, arXiv:2306.07179.
Differs: there a submission names its one setting; here it is chosen on the other problems.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.record import Run
from bakeoff.base.values import Metric
from bakeoff.results import mean_ranks, time_to_target
from bakeoff.results.model import OneSetting, Setting, SettingOnProblem, Target
from bakeoff.results.runs_by_role import Roles, scores

PREFIX, STATE = "optimizer.", "optimizer.state"  # of parameters; the state is none that was chosen

Point = tuple[tuple[str, object], ...]  # hyperparameters by name, in order
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """A network on a task.

    Attributes:
        cells: by optimizer.
        target: in time to target; None if there is none.
    """

    metric: Metric
    cells: Mapping[str, Roles]
    target: Target | None


@dataclass(frozen=True)
class Chosen:
    """An optimizer at its one setting, and its trial at that point on each problem, in order."""

    setting: Setting
    trials: Sequence[Run]


def compare(problems: Mapping[str, Problem], confidence: float) -> OneSetting | None:
    """Return the optimizers under one setting; None with fewer than two problems, or without points that all share."""
    shared = shared_optimizers(problems) if len(problems) > 1 else []
    chosen = {name: found for name in shared if (found := choose(name, list(problems.values())))}
    if not chosen:
        return None
    of_trials = {
        problem: {name: found.setting.left_out[place].score for name, found in chosen.items()}
        for place, problem in enumerate(problems)
    }
    relaxed = {share: times(problems, chosen, share) for share in time_to_target.RELAXATIONS}
    return OneSetting(
        problems=tuple(problems),
        optimizers={name: found.setting for name, found in chosen.items()},
        ranks=mean_ranks.contest(
            {
                problem: {name: [math.nan if score is None else score] for name, score in found.items()}
                for problem, found in of_trials.items()
            },
            confidence,
        ),
        profile=time_to_target.profile(times(problems, chosen, 0.0)),
        relaxed_profiles=time_to_target.relaxed_profiles(relaxed),
    )


def shared_optimizers(problems: Mapping[str, Problem]) -> list[str]:
    """Return the optimizers that run on every problem."""
    first, *others = problems.values()
    return [name for name in sorted(first.cells) if all(name in other.cells for other in others)]


def choose(optimizer: str, problems: Sequence[Problem]) -> Chosen | None:
    """Return the optimizer at one setting; None if no point was tried on every problem.

    Of points with the same mean rank the first is taken.
    """
    cells = [problem.cells[optimizer] for problem in problems]
    trials = [{point(run): run for run in cell.trials} for cell in cells]
    points = [found for found in trials[0] if all(found in others for others in trials)]
    if not points:
        return None
    names = list(cells[0].space)
    tried = [[found[at] for at in points] for found in trials]
    known = np.array([scores(runs, problem.metric) for runs, problem in zip(tried, problems, strict=True)])
    ranks = mean_ranks.ranked(known)
    picks = [int(np.delete(ranks, place, axis=0).mean(axis=0).argmin()) for place in range(len(problems))]
    overall = ranks.mean(axis=0)
    best = int(overall.argmin())
    setting = Setting(
        points=len(points),
        point=searched(points[best], names),
        mean_rank=float(overall[best]),
        left_out=tuple(
            SettingOnProblem(point=searched(points[pick], names), score=finite(row[pick]), best=finite(row.max()))
            for pick, row in zip(picks, known, strict=True)
        ),
    )
    return Chosen(setting, [runs[pick] for runs, pick in zip(tried, picks, strict=True)])


def point(run: Run) -> Point:
    """Return the hyperparameters of a run."""
    return tuple(
        (name.removeprefix(PREFIX), value)
        for name, value in sorted(run.parameters.items())
        if name.startswith(PREFIX) and name != STATE
    )


def searched(found: Point, names: Sequence[str]) -> dict[str, float]:
    """Return the hyperparameters of a point that the search varies."""
    return {name: value for name, value in found if name in names and isinstance(value, float | int)}


def finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def times(
    problems: Mapping[str, Problem], chosen: Mapping[str, Chosen], relaxation: float
) -> dict[str, dict[str, float]]:
    """Return the steps to the target, relaxed by a share, by problem and optimizer."""
    return {
        name: {
            optimizer: time_to_target.steps(
                found.trials[place],
                problem.metric,
                time_to_target.relaxed(problem.target.value, problem.metric, relaxation),
            )
            for optimizer, found in chosen.items()
        }
        for place, (name, problem) in enumerate(problems.items())
        if problem.target
    }
