"""The leader of each task, its margin, and the cells that are statistically tied with it.

The rules, fixed before any run:

- Cells (a model under an optimizer) are ranked by the mean of the task's metric on validation data over the seeds.
- What counts are the final runs: from fresh seeds, at the hyperparameters that the cell's search has picked before.
- A diverged run has no metric and is never dropped: a cell with a smaller share of them stands before one with a
  larger, whatever their means, and its mean is over the runs that ended.
- Every cell is compared with the leader by a paired t-test over the seeds both ended; the p-values of one family are
  adjusted by Holm's method. Cells with adjusted p above 1 - confidence, and no more diverged runs, are tied with it.
  Cells may have different numbers of seeds: pairs are made of those that both have.
- The test set takes no part in any of this: it was read once by each run, and is shown beside.
- What tuning has gained is the paired difference, on test data, from the runs at the default hyperparameters.
- The target of a model is the median of its leading optimizer's final runs on the validation subset, on which the
  curves were measured.
- The methods of tuning are ranked alike, by the validation loss of their best trial trained again on fresh seeds.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.record import Record, Run
from bakeoff.base.values import Metric
from bakeoff.results import mean_ranks, time_to_target
from bakeoff.results.model import (
    Arrival,
    Baseline,
    Budget,
    CellName,
    CellResult,
    Comparison,
    EmbeddingComparison,
    Estimate,
    Family,
    FamilyCell,
    RecipeResult,
    Scores,
    Study,
    Summary,
    Target,
    TaskComparison,
    TaskKind,
    Training,
    TuningComparison,
    VectorRun,
    Winner,
)
from bakeoff.results.runs_by_role import Roles
from bakeoff.results.settings import ComparisonSettings
from bakeoff.results.significance import bootstrap, detectable, holm, paired, student

OF_METRICS, OF_LOSSES = (0.0, 1.0), (0.0, math.inf)  # no interval reaches beyond what the quantity can be

Values = NDArray[np.float64]
Records = Mapping[tuple[str, str], Record]  # by model and optimizer, in the order in which params.yaml lists them
Contests = Mapping[tuple[str, str], Roles]
Name = TypeVar("Name", tuple[str, str], str)


@dataclass(frozen=True)
class TaskRecords:
    """The records of a task's contest.

    Attributes:
        metric: decides the contest.
        cells: by model and optimizer.
    """

    kind: TaskKind
    metric: Metric
    cells: Records


@dataclass(frozen=True)
class Cell(Generic[Name]):
    """A competitor: one number a seed, NaN where the run diverged.

    Attributes:
        name: model and optimizer; of a search its method.
        score: on validation data; higher is better.
        test: what is shown beside it.
    """

    name: Name
    seeds: tuple[int, ...]
    score: Values
    test: Values

    @property
    def diverged(self) -> list[int]:
        return [seed for seed, score in zip(self.seeds, self.score, strict=True) if math.isnan(score)]

    @property
    def lost(self) -> float:
        """Share of its runs that diverged."""
        return len(self.diverged) / len(self.seeds)

    @property
    def mean(self) -> float:
        """Over the runs that ended; minus infinity if none did."""
        return -math.inf if self.best_seed is None else float(np.nanmean(self.score))

    @property
    def best_seed(self) -> int | None:
        return None if np.isnan(self.score).all() else self.seeds[int(np.nanargmax(self.score))]


@dataclass(frozen=True)
class Place(Generic[Name]):
    """A cell's place in a family of comparisons.

    Attributes:
        difference: its score minus the leader's, over the seeds both ended.
        p: of the paired test; None for the leader, and where the number of diverged runs decides alone.
        adjusted: the same for the family as a whole.
    """

    cell: Cell[Name]
    difference: Values
    p: float | None
    adjusted: float | None
    tied: bool


def standings(cells: Iterable[Cell[Name]], confidence: float) -> list[Place[Name]]:
    """Return one family of comparisons, the leader first.

    Raises:
        ValueError: a cell has no seed in common with the leader, so that nothing can be paired.
    """
    ranked = sorted(cells, key=lambda cell: (cell.lost, -cell.mean))
    leader = ranked[0]
    for cell in ranked:
        if not set(cell.seeds) & set(leader.seeds):
            raise ValueError(f"{cell.name}: seeds {cell.seeds}; {leader.name} has {leader.seeds}: not paired")
    differences = [pairs(cell.seeds, cell.score, leader.seeds, leader.score) for cell in ranked]
    rivals = [i for i, cell in enumerate(ranked) if i and rival(cell, leader)]
    p = {i: paired(differences[i]) for i in rivals}
    adjusted = dict(zip(rivals, holm(list(p.values())).tolist(), strict=True))
    tied = {i for i in rivals if adjusted[i] > 1 - confidence}
    return [Place(cell, differences[i], p.get(i), adjusted.get(i), i in tied) for i, cell in enumerate(ranked)]


def pairs(seeds: Sequence[int], values: Values, other_seeds: Sequence[int], others: Values) -> Values:
    """Return values minus the others, over the seeds that both have and both ended."""
    by_seed = dict(zip(other_seeds, others.tolist(), strict=True))
    of_both = [(value, by_seed[seed]) for seed, value in zip(seeds, values.tolist(), strict=True) if seed in by_seed]
    differences: Values = np.array([value - other for value, other in of_both], dtype=float)
    return differences[~np.isnan(differences)]


def rival(cell: Cell[Name], leader: Cell[Name]) -> bool:
    """Whether means decide between the two: of neither a larger share diverged, and some ended."""
    return cell.lost == leader.lost and leader.best_seed is not None


def compare(
    tasks: Mapping[str, TaskRecords],
    embeddings: Mapping[str, Mapping[str, Record]],
    studies: Mapping[str, Record],
    baselines: Iterable[Record],
    recipes: Iterable[Record],
    settings: ComparisonSettings,
) -> Comparison:
    """Return all comparisons, as they are read back from comparison.json.

    Args:
        embeddings: by the name of the corpus and by architecture.
        studies: by method of search.
        baselines: each has a single run, which names its task.
        recipes: the runs name their task; they stand beside the cells and are compared with none.
    """
    contests = {
        name: {identity: Roles.of(record) for identity, record in records.cells.items()}
        for name, records in tasks.items()
    }
    fitted = [run for record in baselines for run in record.runs]
    trained = [record.runs for record in recipes]
    compared = {
        name: task(
            tasks[name],
            cells,
            [run for run in fitted if run.parameters["task"] == name],
            [runs for runs in trained if runs[0].parameters["task"] == name],
            settings,
        )
        for name, cells in contests.items()
    }
    made = Comparison(
        confidence=settings.confidence,
        tasks=compared,
        ranks=mean_ranks.contest(scores_by_problem(tasks, contests), settings.confidence),
        profile=time_to_target.profile(times(compared)),
        embeddings={corpus: vectors(records) for corpus, records in embeddings.items() if records},
        tuning=tuning(studies, settings) if studies else None,
    )
    return Comparison.parsed(made.dumped())


def task(
    records: TaskRecords,
    contests: Contests,
    baselines: Sequence[Run],
    recipes: Sequence[Sequence[Run]],
    settings: ComparisonSettings,
) -> TaskComparison:
    """Return the comparison of one task: all cells as one family, and each model's optimizers as one of their own.

    Where means are equal, the order in which params.yaml lists the cells decides.
    """
    metric = records.metric
    cells = {name: cell(roles.finals, name, metric) for name, roles in contests.items()}
    overall = standings(cells.values(), settings.confidence)
    leader = overall[0].cell
    heads = {model: roles.head.parameters for (model, _), roles in contests.items()}
    first = next(iter(heads.values()))
    return TaskComparison(
        kind=records.kind,
        metric=metric,
        data=first["data"],
        parameters={model: parameters["network.parameters"] for model, parameters in heads.items()},
        validation_subset=first["validation_subset"],
        training=training(first),
        budget=Budget(**next(iter(contests.values())).budget),
        spaces={optimizer: space(roles) for (_, optimizer), roles in contests.items()},
        state={optimizer: roles.head.parameters["optimizer.state"] for (_, optimizer), roles in contests.items()},
        winner=None if leader.best_seed is None else Winner(**named(leader), seed=leader.best_seed),
        tied_with=tuple(CellName(**named(place.cell)) for place in overall if place.tied),
        detectable=reach(overall, settings),
        cells=tuple(
            cell_result(place, rank, contests[place.cell.name], metric, settings)
            for rank, place in enumerate(overall, start=1)
        ),
        models={model: family(model, cells, contests, metric, settings) for model in heads},
        baselines=tuple(baseline(run, metric) for run in baselines),
        recipes=tuple(recipe(runs, metric, settings) for runs in recipes),
    )


def training(parameters: Mapping[str, Any]) -> Training:
    """Return the settings of training among a run's parameters."""
    settings = {
        name.removeprefix("training."): tuple(value) if isinstance(value, list) else value
        for name, value in parameters.items()
        if name.startswith("training.")
    }
    return Training.model_validate(settings)


def space(roles: Roles) -> dict[str, tuple[float, float]]:
    """Return the lowest and highest value of each hyperparameter that a cell's search varies."""
    return {name: (low, high) for name, (low, high) in roles.space.items()}


def named(cell: Cell[tuple[str, str]]) -> dict[str, Any]:
    """Return the fields of a cell's name."""
    model, optimizer = cell.name
    return {"model": model, "optimizer": optimizer}


def cell_result(
    place: Place[tuple[str, str]], rank: int, roles: Roles, metric: Metric, settings: ComparisonSettings
) -> CellResult:
    """Return a cell with its scores, its default runs, its search, and the number of its runs."""
    tuned, default = (column(runs, f"test/{metric}") for runs in (roles.finals, roles.defaults))
    default_seeds = [run.parameters["seed"] for run in roles.defaults]
    return CellResult(
        **named(place.cell),
        **placed(place, rank),
        difference=estimate(place.difference, settings),
        validation=summary(place.cell.score, OF_METRICS, settings),
        test=summary(place.cell.test, OF_METRICS, settings),
        default=Scores(
            validation=summary(column(roles.defaults, f"val/{metric}"), OF_METRICS, settings),
            test=summary(default, OF_METRICS, settings),
        ),
        gain=estimate(pairs(place.cell.seeds, tuned, default_seeds, default), settings),
        search=roles.search(metric),
        runs=roles.counts(),
    )


def family(
    model: str,
    cells: Mapping[tuple[str, str], Cell[tuple[str, str]]],
    contests: Contests,
    metric: Metric,
    settings: ComparisonSettings,
) -> Family:
    """Return the comparison of the optimizers of one model."""
    ranked = standings([found for (of, _), found in cells.items() if of == model], settings.confidence)
    leader = None if ranked[0].cell.best_seed is None else ranked[0].cell.name[1]
    finals = {optimizer: roles.finals for (of, optimizer), roles in contests.items() if of == model}
    return Family(
        leader=leader,
        tied_with=tuple(place.cell.name[1] for place in ranked if place.tied),
        detectable=reach(ranked, settings),
        cells=tuple(
            FamilyCell(**named(place.cell), **placed(place, rank), difference=estimate(place.difference, settings))
            for rank, place in enumerate(ranked, start=1)
        ),
        target=to_target(finals, leader, metric),
    )


def to_target(finals: Mapping[str, Sequence[Run]], leader: str | None, metric: Metric) -> Target | None:
    """Return the steps until each optimizer's runs reach what half of the leader's runs end at."""
    goal = None if leader is None else time_to_target.target(finals[leader], metric)
    if leader is None or goal is None:
        return None
    steps = {optimizer: [time_to_target.steps(run, metric, goal) for run in runs] for optimizer, runs in finals.items()}
    return Target(value=goal, of=leader, steps={optimizer: arrival(values) for optimizer, values in steps.items()})


def arrival(steps: Sequence[float]) -> Arrival:
    """Return the steps of one optimizer's runs; infinite ones as None."""
    median = time_to_target.typical(steps)
    return Arrival(
        values=tuple(int(value) if math.isfinite(value) else None for value in steps),
        median=median if math.isfinite(median) else None,
        share=fmean(math.isfinite(value) for value in steps),
    )


def times(tasks: Mapping[str, TaskComparison]) -> dict[str, dict[str, float]]:
    """Return the median steps to the target by problem (`images: cnn`) and optimizer, infinite where there are none."""
    return {
        f"{name}: {model}": {
            optimizer: math.inf if found.median is None else found.median
            for optimizer, found in family.target.steps.items()
        }
        for name, task in tasks.items()
        for model, family in sorted(task.models.items())
        if family.target
    }


def scores_by_problem(
    tasks: Mapping[str, TaskRecords], contests: Mapping[str, Contests]
) -> dict[str, dict[str, list[float]]]:
    """Return the final runs' validation metric by problem, optimizer and seed; NaN where a run diverged."""
    scores: dict[str, dict[str, list[float]]] = {}
    for name, cells in contests.items():
        for (model, optimizer), roles in cells.items():
            of_runs = column(roles.finals, f"val/{tasks[name].metric}").tolist()
            scores.setdefault(f"{name}: {model}", {})[optimizer] = of_runs
    return dict(sorted(scores.items()))


def recipe(runs: Sequence[Run], metric: Metric, settings: ComparisonSettings) -> RecipeResult:
    """Return the runs of a recipe as a row beside the cells."""
    first = runs[0].parameters
    refit = first["refit"]
    return RecipeResult(
        model=first["model"],
        optimizer=first["optimizer"],
        diverged=tuple(run.parameters["seed"] for run in runs if run.diverged is not None),
        runs=len(runs),
        refit=refit,
        # The validation score of a network that learnt from the validation data is no estimate of anything.
        validation=None if refit else summary(column(runs, f"val/{metric}"), OF_METRICS, settings),
        test=summary(column(runs, f"test/{metric}"), OF_METRICS, settings),
    )


def baseline(run: Run, metric: Metric) -> Baseline:
    """Return a baseline as a row beside the cells."""
    validation, test = (run.metrics[f"{split}/{metric}"] for split in ("val", "test"))
    return Baseline(model=run.parameters["model"], validation=validation, test=test)


def cell(runs: Sequence[Run], name: tuple[str, str], metric: Metric) -> Cell[tuple[str, str]]:
    """Return the final runs of one record as a competitor."""
    seeds = tuple(run.parameters["seed"] for run in runs)
    score, test = (column(runs, f"{split}/{metric}") for split in ("val", "test"))
    return Cell(name, seeds, score, test)


def column(runs: Sequence[Run], metric: str) -> Values:
    """Return one number a run, NaN where it diverged."""
    return np.array([math.nan if run.diverged else run.metrics[metric] for run in runs], dtype=float)


def placed(place: Place[Name], rank: int) -> dict[str, Any]:
    """Return the fields of a standing, without the difference."""
    return {
        "seeds": place.cell.seeds,
        "rank": rank,
        "tied": place.tied,
        "diverged": tuple(place.cell.diverged),
        "p": place.p,
        "adjusted_p": place.adjusted,
    }


def summary(values: Values, limits: tuple[float, float], settings: ComparisonSettings) -> Summary:
    """Return mean, standard deviation and intervals over the seeds that ended."""
    ended = values[~np.isnan(values)]
    return Summary(
        mean=float(ended.mean()) if ended.size else None,
        deviation=float(ended.std(ddof=1)) if ended.size > 1 else None,
        values=tuple(None if math.isnan(value) else value for value in values.tolist()),
        interval=clipped(student(ended, settings.confidence), limits),
        bootstrap=clipped(bootstrap(ended, settings.confidence, settings.resamples, settings.seed), limits),
    )


def clipped(interval: tuple[float, float] | None, limits: tuple[float, float]) -> tuple[float, float] | None:
    """Return the part of an interval between the limits."""
    if interval is None:
        return None
    low, high = np.clip(interval, *limits).tolist()
    return low, high


def estimate(differences: Values, settings: ComparisonSettings) -> Estimate:
    """Return the mean difference; the interval is for this one difference, not for the family."""
    return Estimate(
        mean=float(differences.mean()) if differences.size else None,
        interval=student(differences, settings.confidence),
    )


def reach(ranked: Sequence[Place[Name]], settings: ComparisonSettings) -> float | None:
    """Return the smallest difference that this family detects between its members; None if it tests none."""
    return detectable([place.difference for place in ranked if place.p is not None], settings.confidence)


def vectors(records: Mapping[str, Record]) -> EmbeddingComparison:
    """Return the final metrics of one corpus' trainings of word vectors, by architecture."""
    (data,) = {run.parameters["data"] for record in records.values() for run in record.runs}
    return EmbeddingComparison(
        data=data,
        architectures={
            architecture: tuple(
                VectorRun(seed=run.parameters["seed"], metrics=dict(run.metrics)) for run in record.runs
            )
            for architecture, record in records.items()
        },
    )


def tuning(records: Mapping[str, Record], settings: ComparisonSettings) -> TuningComparison:
    """Return the methods, ranked by the validation loss of the best trial of each, trained again from fresh seeds."""
    searches = {method: searched(method, record.runs) for method, record in records.items()}
    ranked = standings([search.confirmed for search in searches.values()], settings.confidence)
    leader = ranked[0].cell
    head = searches[leader.name].head
    return TuningComparison(
        data=head.parameters["data"],
        metric="loss",
        winner=None if leader.best_seed is None else leader.name,
        tied_with=tuple(place.cell.name for place in ranked if place.tied),
        detectable=reach(ranked, settings),
        cells=tuple(study(place, rank, searches[place.cell.name], settings) for rank, place in enumerate(ranked, 1)),
    )


@dataclass(frozen=True)
class Searched:
    """The runs of one method of search.

    Attributes:
        head: the study as a whole.
        confirmed: the runs of the best trial from fresh seeds.
    """

    head: Run
    trials: Sequence[Run]
    confirmed: Cell[str]


def searched(method: str, runs: Sequence[Run]) -> Searched:
    """Return the runs of a study by what they were for."""
    head = next(run for run in runs if run.parent is None)
    seed = head.parameters["seed"]  # of all trials; the confirmations have others
    fresh = [run for run in runs if run.parent == head.name and run.parameters["seed"] != seed]
    trials = [run for run in runs if run.parent == head.name and run.parameters["seed"] == seed]
    seeds = tuple(run.parameters["seed"] for run in fresh)
    return Searched(head, trials, Cell(method, seeds, -column(fresh, "val/loss"), column(fresh, "test/accuracy")))


def study(place: Place[str], rank: int, search: Searched, settings: ComparisonSettings) -> Study:
    """Return a method with the scores of its best trial and the course of its search."""
    # The searched hyperparameters are those that differ between a search's trials.
    first = search.trials[0].parameters
    varied = [name for name in first if any(trial.parameters[name] != first[name] for trial in search.trials)]
    return Study(
        method=place.cell.name,
        **placed(place, rank),
        difference=estimate(-place.difference, settings),
        validation=summary(-place.cell.score, OF_LOSSES, settings),
        test=summary(place.cell.test, OF_METRICS, settings),
        best={name: search.head.parameters[name] for name in varied},
        best_so_far=tuple((int(row["epoch"]), row["best/val/loss"]) for row in search.head.history),
        trials=len(search.trials),
        trials_diverged=sum(trial.diverged is not None for trial in search.trials),
    )
