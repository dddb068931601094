"""The trials of a study as points of its space, and how much of the objective's variance each hyperparameter explains.

The shares are those of functional ANOVA: a random forest predicts the objective over the space, and the share of a
hyperparameter is the variance of the prediction's mean given its value, over the variance of the prediction. What the
shares lack to 1 belongs to several hyperparameters together.

The forest needs points that cover the space. A method that looks at results draws most of its points where they are
good, so its trials are used only where the others are too few. Trials that diverged have no value and are left out.
A single huge loss would be most of the variance, so losses far above the others count as the largest that is not.

Source: Hutter, Hoos & Leyton-Brown 2014, ICML (fANOVA), by Optuna's evaluator.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from bakeoff.results.model import Axis, Importance, SearchTrial, rounded

INDEPENDENT = ("grid", "random", "sobol")  # methods whose points do not depend on results
LEAST_INDEPENDENT = 16  # trials of these, before those of the others are left out
LEAST = 12  # trials of which shares are computed
TREES, SEED = 256, 0  # of the forest
FAR = 3.0  # interquartile ranges above the upper quartile, from where on a loss is a far outlier (Tukey 1977)


def dimensions(names: Sequence[str], study: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the searched hyperparameters and their dimensions in params.yaml.

    Args:
        names: in the order of params.yaml; with several optimizers without the choice among them, which comes first.
        study: its section of params.yaml.
    """
    space = {name: study["space"][name] for name in names}
    optimizer = study.get("optimizer", "")  # a study of word vectors has none
    return space if isinstance(optimizer, str) else {"optimizer": {"choices": optimizer}, **space}


def axis(name: str, dimension: Mapping[str, Any]) -> Axis:
    if "choices" in dimension:
        return Axis(name=name, scale="choices", choices=tuple(map(text, dimension["choices"])), ends=None)
    ends = (float(dimension["low"]), float(dimension["high"]))
    return Axis(name=name, scale=dimension["scale"], choices=(), ends=ends)


def trial(
    space: Mapping[str, Mapping[str, Any]], parameters: Mapping[str, Any], objective: float | None
) -> SearchTrial:
    """Return a trial; a hyperparameter that is not searched under the others' values is None.

    Args:
        parameters: of its training, which may have a fixed value for such a hyperparameter.
    """
    point: dict[str, Any] = {}
    for name, dimension in space.items():
        condition = dimension.get("when", {}).items()
        # A search takes values for equal if their JSON is: 1, true and 'true' are three.
        if name in parameters and all(
            key in point and json.dumps(point[key]) == json.dumps(wanted) for key, wanted in condition
        ):
            point[name] = parameters[name]
    values = (
        None if name not in point else text(point[name]) if "choices" in dimension else float(point[name])
        for name, dimension in space.items()
    )
    return SearchTrial(values=tuple(values), objective=objective)


def text(value: Any) -> str:
    """Return a choice as text; a word as it is, and all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def unit(axis: Axis, value: float | str) -> float:
    """Return the position of a value on its axis, from 0 to 1; for a choice, the middle of its part."""
    if axis.ends is None:
        return (axis.choices.index(str(value)) + 0.5) / len(axis.choices)
    low, high = axis.ends
    value = min(max(float(value), low), high)  # rounding may lead out of the range
    match axis.scale:
        case "log":
            return math.log(value / low) / math.log(high / low)
        case "one_minus":
            return math.log((1 - value) / (1 - low)) / math.log((1 - high) / (1 - low))
        case _:
            return (value - low) / (high - low)


def importance(
    space: Sequence[Axis], trials: Mapping[str, Sequence[SearchTrial]], *, loss: bool, halved: bool
) -> Importance:
    """Return the share of each hyperparameter.

    Args:
        trials: by method, those with all epochs.
        loss: whether the objective is one, and has no upper limit.
        halved: whether others ended early, so that the points with all epochs are chosen by results under any method.
    """
    independent = {} if halved else {method: found for method, found in trials.items() if method in INDEPENDENT}
    used = independent if len(distinct(independent)) >= LEAST_INDEPENDENT else trials
    limit = fence([value for point in distinct(trials) if (value := point.objective) is not None]) if loss else None
    points = [point if limit is None else cut(point, limit) for point in distinct(used)]
    common = [k for k in range(len(space)) if all(point.values[k] is not None for point in points)]
    varied = len({point.objective for point in points}) > 1 and len({point.values for point in points}) > 1
    shares = fanova(space, common, points) if len(points) >= LEAST and varied and common else {}
    return Importance(
        methods=tuple(used),
        independent=not halved and independent.keys() >= used.keys(),
        trials=len(points),
        limit=limit,
        shares=shares,
        conditional=tuple(axis.name for k, axis in enumerate(space) if k not in common),
    )


def distinct(trials: Mapping[str, Sequence[SearchTrial]]) -> list[SearchTrial]:
    """Return the trials that ended, each once: methods that begin with the same random points train the same."""
    ended = (trial for found in trials.values() for trial in found if trial.objective is not None)
    return list({trial.values: trial for trial in ended}.values())


def fence(losses: Sequence[float]) -> float | None:
    """Return the loss from where on losses are far outliers; None if there are none."""
    if not losses:
        return None
    lower, upper = map(float, np.quantile(losses, [0.25, 0.75]))
    limit = rounded(upper + FAR * (upper - lower))
    return limit if lower < upper and max(losses) > limit else None


def cut(point: SearchTrial, limit: float) -> SearchTrial:
    """Return the trial with a loss of at most the limit."""
    return point.model_copy(update={"objective": min(point.objective or 0.0, limit)})


def fanova(space: Sequence[Axis], common: Sequence[int], points: Sequence[SearchTrial]) -> dict[str, float]:
    """Return the share of each of the axes that all points have, in their order.

    Args:
        common: the places of these axes.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it announces each study on stderr
    distributions: dict[str, BaseDistribution] = {
        space[k].name: CategoricalDistribution(space[k].choices) if space[k].choices else FloatDistribution(0.0, 1.0)
        for k in common
    }
    study = optuna.create_study()
    for point in points:
        known = {k: value for k in common if (value := point.values[k]) is not None}
        placed = {space[k].name: value if space[k].choices else unit(space[k], value) for k, value in known.items()}
        study.add_trial(optuna.trial.create_trial(params=placed, distributions=distributions, value=point.objective))
    # By the evaluator itself: get_param_importances would scale the shares to a sum of 1.
    found = optuna.importance.FanovaImportanceEvaluator(n_trees=TREES, seed=SEED).evaluate(study)
    return {space[k].name: found[space[k].name] for k in common}
