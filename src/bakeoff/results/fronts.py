"""Studies of two objectives: the Pareto front of all methods' trials, and how much of it each method has found.

Methods are compared by the hypervolume of their own fronts: the area that a front dominates, up to the worst value of
each objective over the trials of all methods, as a share of the rectangle from there to the best values. Each method
has searched once, so that nothing is tested.

Source: Zitzler & Thiele 1999, IEEE Transactions on Evolutionary Computation 3(4).
"""

import math
from collections.abc import Mapping
from typing import Any

from bakeoff.base.record import Record, Run
from bakeoff.results import importance
from bakeoff.results.model import Estimate, FrontComparison, FrontSearch, FrontTrial, Values
from bakeoff.results.settings import ComparisonSettings
from bakeoff.results.significance import student
from bakeoff.results.study_runs import StudyRuns
from bakeoff.tuning.measures import metric, pair, sign
from bakeoff.tuning.pareto import Pair, front, hypervolume, ideal, worst


def of_two(records: Mapping[str, Record]) -> bool:
    """Return whether the records are of a study of two objectives."""
    return any(len(objectives(StudyRuns.of(record).head)) > 1 for record in records.values())


def objectives(study: Run) -> list[Any]:
    """Return the names of the objectives, which the model checks."""
    return list(study.parameters["study.objective"].split(", "))


def compare(records: Mapping[str, Record], settings: ComparisonSettings) -> FrontComparison:
    """Return the methods of a study, that of the largest hypervolume first, and the front of all their trials."""
    found = {method: StudyRuns.of(record) for method, record in records.items()}
    study = next(iter(found.values())).head
    first, second = objectives(study)
    of_params = next(iter(records.values())).settings[f"tuning.studies.{study.parameters['study']}"]
    space = importance.dimensions(study.parameters["study.space"].split(", "), of_params)
    measured = {name for record in records.values() for run in record.runs for name in run.metrics}
    tested: Any = next(
        (name for name in (first, second, "dice") if name != "loss" and f"test/{name}" in measured), "accuracy"
    )
    ended = [(method, run) for method, runs in found.items() for run in runs.trials if run.diverged is None]
    values = [pair((first, second), run.metrics) for _, run in ended]
    reference, best = (worst(values), ideal(values)) if values else ((0.0, 0.0), (0.0, 0.0))
    both = (first, second)
    searches = [search(method, runs, both, reference, best) for method, runs in found.items()]
    return FrontComparison(
        data=study.parameters["data"],
        model=study.parameters["model"],
        optimizer=study.parameters.get("study.optimizers", study.parameters["optimizer"]),
        objectives=both,
        tested=tested,
        evaluation=study.parameters.get("study.evaluation"),
        hyperparameters=tuple(space),
        reference=as_they_are(both, reference) if values else None,
        front=tuple(
            on_front(*ended[place], found[ended[place][0]], both, tested, space, settings) for place in front(values)
        ),
        searches=tuple(sorted(searches, key=lambda one: -one.hypervolume)),
    )


def as_they_are(names: tuple[str, str], values: Pair) -> Values:
    """Return two values of which less is better as the objectives themselves; numbers of weights are whole."""
    one, other = (
        sign(name) * value if metric(name).startswith("val/") else int(value)
        for name, value in zip(names, values, strict=True)
    )
    return one, other


def search(method: str, runs: StudyRuns, names: tuple[str, str], reference: Pair, best: Pair) -> FrontSearch:
    """Return the results of a method.

    Args:
        reference, best: the worst and the best values over the trials of all methods.
    """
    values = [pair(names, run.metrics) for run in runs.trials if run.diverged is None]
    rectangle = math.prod(high - low for high, low in zip(reference, best, strict=True))
    return FrontSearch(
        method=method,
        trials=len(runs.trials),
        trials_diverged=len(runs.trials) - len(values),
        random_start=runs.random_start,
        hypervolume=hypervolume(values, reference) / rectangle if rectangle else 0.0,
        points=tuple(as_they_are(names, value) for value in values),
        front=tuple(as_they_are(names, values[place]) for place in front(values)),
    )


def on_front(
    method: str,
    trial: Run,
    runs: StudyRuns,
    names: tuple[str, str],
    tested: str,
    space: Mapping[str, Mapping[str, Any]],
    settings: ComparisonSettings,
) -> FrontTrial:
    """Return a trial with the results of its confirming trainings."""
    name = runs.short(trial)
    again = [run for run in runs.confirmed if run.parameters["study.trial"] == name]

    def over(column: str) -> Estimate:
        found = [run.metrics[column] for run in again if run.diverged is None]
        mean = sum(found) / len(found) if found else None
        return Estimate(mean=mean, interval=student(found, settings.confidence))

    return FrontTrial(
        name=f"{method}-{name}",
        values=importance.trial(space, trial.parameters, None).values,
        searched=as_they_are(names, pair(names, trial.metrics)),
        confirmations=len(again),
        diverged=sum(run.diverged is not None for run in again),
        confirmed=(over(metric(names[0])), over(metric(names[1]))),
        test=over(f"test/{tested}"),
    )
