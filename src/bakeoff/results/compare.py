"""The leader of each task, its margin, and the cells that are statistically tied with it.

The rules, fixed before any run:

- Cells (a model under an optimizer) are ranked by the mean of the task's metric on validation data over the seeds.
- What counts are the final runs: from fresh seeds, at the hyperparameters that the cell's search has picked before.
- A diverged run has no metric and is never dropped: a cell with a smaller share of them stands before one with a
  larger, whatever their means, and its mean is over the runs that ended.
- Cells of which no more runs diverged than of the leader are compared, each with all others, over the seeds that both
  ended (`multiple_comparisons`). One that no other is significantly better than may be the best. It is statistically
  tied with the leader, unless its standard deviation over seeds is so large that it is called too unstable to rank.
- The leader wins if no other cell may be the best. It wins nothing if it has fewer than LEAST_SEEDS seeds in common
  with a cell that it is compared with, where it leads because more runs of others diverged, where it is too unstable
  to rank itself, or where it is not significantly better than a prediction that needs no network (`references`).
- The test set takes no part in any of this: it was read once by each run, and is shown beside.
- What tuning has gained is the paired difference, on test data, from the runs at the default hyperparameters.
- The target of a model is the median of its leading optimizer's final runs on the validation subset, on which the
  curves were measured.
- A second ruleset gives each optimizer one setting for all problems; it is compared by the trials.
- The methods of a study are ranked alike, by its objective: that of their best trial, trained again on fresh seeds.
- Those of a study of two objectives are not ranked by a test: their fronts are shown (`fronts`).
"""

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.record import Record, Run
from bakeoff.base.values import Metric
from bakeoff.results import fronts, importance, mean_ranks, one_setting, time_to_target
from bakeoff.results.model import (
    Baseline,
    Budget,
    CellName,
    CellResult,
    Comparison,
    EmbeddingComparison,
    Estimate,
    Family,
    FamilyCell,
    NoWinner,
    RecipeResult,
    Scores,
    SeedsNeeded,
    Study,
    Summary,
    TaskComparison,
    TaskKind,
    Training,
    TuningComparison,
    VectorRun,
    Winner,
    WordTest,
)
from bakeoff.results.multiple_comparisons import Comparisons, with_the_best
from bakeoff.results.power import EFFECTS, detectable, level, seeds_needed
from bakeoff.results.references import HeldOut, no_better_than
from bakeoff.results.runs_by_role import Roles
from bakeoff.results.settings import ComparisonSettings
from bakeoff.results.significance import bootstrap, student
from bakeoff.results.study_runs import StudyRuns

# Intervals are clipped to the range of the quantity.
OF_METRICS, OF_LOSSES, OF_CORRELATIONS = (0.0, 1.0), (0.0, math.inf), (-1.0, 1.0)
CORRELATIONS = ("wordsim", "simlex")
RANGES: Mapping[Metric, float] = {"accuracy": 1.0, "auc": 0.5, "dice": 1.0}  # from chance or nothing to perfect
EPOCHS = "training.epochs"
LEAST_SEEDS = 3  # in common with each rival, before a leader wins

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
        held_out: what the scores are measured against.
    """

    kind: TaskKind
    metric: Metric
    cells: Records
    held_out: HeldOut


@dataclass(frozen=True)
class Cell(Generic[Name]):
    """A competitor: one number a seed, NaN if the run diverged.

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
    def deviation(self) -> float:
        """The standard deviation over the runs that ended; 0 if fewer than two did."""
        ended = self.score[~np.isnan(self.score)]
        return float(ended.std(ddof=1)) if ended.size > 1 else 0.0

    @property
    def best_seed(self) -> int | None:
        return None if np.isnan(self.score).all() else self.seeds[int(np.nanargmax(self.score))]


@dataclass(frozen=True)
class Place(Generic[Name]):
    """A cell's place in a family of comparisons.

    Attributes:
        difference: its score minus the leader's, over the seeds both ended.
        p: that no other cell is better; None if the number of diverged runs decides alone, or nothing is compared.
        adjusted: the same for the family as a whole.
        behind: simultaneous limits of how far it is behind the best of those that are not too unstable to rank.
    """

    cell: Cell[Name]
    difference: Values
    p: float | None
    adjusted: float | None
    behind: tuple[float, float] | None
    may_be_best: bool
    tied: bool
    unstable: bool


def standings(cells: Iterable[Cell[Name]], confidence: float, stable: float, step: float = 0.0) -> list[Place[Name]]:
    """Return one family of comparisons, the leader first.

    Args:
        stable: the largest standard deviation over seeds of a cell that is not too unstable to rank.
        step: of the scores, where they are counted.

    Raises:
        ValueError: a cell has no seed in common with the leader, so that nothing can be paired.
    """
    ranked = sorted(cells, key=lambda cell: (cell.lost, -cell.mean))
    leader = ranked[0]
    for cell in ranked:
        if not set(cell.seeds) & set(leader.seeds):
            raise ValueError(f"{cell.name}: seeds {cell.seeds}; {leader.name} has {leader.seeds}: not paired")
    rivals = [cell for cell in ranked if rival(cell, leader)]
    ranks = [cell.deviation <= stable for cell in rivals]
    found = with_the_best(by_seed(rivals), confidence, ranks, step) if len(rivals) > 1 else None
    return [place(cell, rank, leader, found, confidence, stable) for rank, cell in enumerate(ranked)]


def place(
    cell: Cell[Name], rank: int, leader: Cell[Name], found: Comparisons | None, confidence: float, stable: float
) -> Place[Name]:
    """Return the place of the cell of this rank, from 0.

    Args:
        found: of the leader and its rivals, which have the first ranks; None if there are no rivals.
    """
    unstable = cell.deviation > stable
    difference = pairs(cell.seeds, cell.score, leader.seeds, leader.score)
    if not rival(cell, leader) or found is None:
        return Place(cell, difference, None, None, None, rival(cell, leader), tied=False, unstable=unstable)
    p, adjusted, low, high = (float(values[rank]) for values in (found.p, found.adjusted, found.low, found.high))
    may_be_best = adjusted > 1 - confidence
    return Place(
        cell,
        difference,
        p,
        adjusted,
        (low, high) if math.isfinite(high) else None,
        may_be_best,
        tied=may_be_best and rank > 0 and not unstable,
        unstable=unstable,
    )


def by_seed(cells: Sequence[Cell[Name]]) -> Values:
    """Return the scores of cells (k, S) by seed, NaN if a run diverged or there is none."""
    seeds = sorted({seed for cell in cells for seed in cell.seeds})
    scores = np.full((len(cells), len(seeds)), np.nan)
    for row, cell in zip(scores, cells, strict=True):
        row[[seeds.index(seed) for seed in cell.seeds]] = cell.score
    return scores


def no_winner(ranked: Sequence[Place[Name]], no_better_than: str | None) -> NoWinner | None:
    """Return why the leader of a family does not win; None if it does.

    Args:
        no_better_than: the name of a reference that the leader is not significantly better than.
    """
    leader, *others = ranked
    rivals = [place for place in others if place.p is not None]
    lost = [place for place in others if place.p is None]
    if leader.cell.best_seed is None:
        return "all diverged"
    if no_better_than is not None:
        return "no better than the reference"
    if not others:
        return "alone"
    if any(place.difference.size < LEAST_SEEDS for place in rivals):
        return "too few seeds"
    if not rivals or any(place.cell.mean >= leader.cell.mean for place in lost):
        return "diverged rivals"
    if leader.unstable:
        return "unstable"
    if any(place.may_be_best for place in rivals):
        return "tied" if any(place.tied for place in rivals) else "unstable"
    return None if leader.may_be_best else "worse over common seeds"


def decision(ranked: Sequence[Place[Name]], settings: ComparisonSettings, no_better_than: str | None) -> dict[str, Any]:
    """Return the fields of the decision on a family."""
    compared = [place for place in ranked if place.p is not None]
    at = level(len(compared), settings.confidence) if compared else None
    return {
        "no_winner": no_winner(ranked, no_better_than),
        "detectable": None if at is None else detectable([place.difference for place in compared[1:]], at),
        "seeds_needed": ()
        if at is None
        else tuple(SeedsNeeded(effect=effect, seeds=seeds_needed(effect, at)) for effect in EFFECTS),
    }


def pairs(seeds: Sequence[int], values: Values, other_seeds: Sequence[int], others: Values) -> Values:
    """Return values minus the others, over the seeds that both have and both ended."""
    by_seed = dict(zip(other_seeds, others.tolist(), strict=True))
    of_both = [(value, by_seed[seed]) for seed, value in zip(seeds, values.tolist(), strict=True) if seed in by_seed]
    differences: Values = np.array([value - other for value, other in of_both], dtype=float)
    return differences[~np.isnan(differences)]


def rival(cell: Cell[Name], leader: Cell[Name]) -> bool:
    """Return whether the two are compared by means: equal shares of their runs diverged, and some runs ended."""
    return cell.lost == leader.lost and leader.best_seed is not None


def compare(
    tasks: Mapping[str, TaskRecords],
    embeddings: Mapping[str, Mapping[str, Record]],
    studies: Mapping[str, Mapping[str, Record]],
    baselines: Iterable[Record],
    recipes: Iterable[Record],
    settings: ComparisonSettings,
) -> Comparison:
    """Return all comparisons, as they are read back from comparison.json.

    Args:
        embeddings: by the name of the corpus and by architecture.
        studies: by study and by method of search.
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
        profile=time_to_target.profile(time_to_target.times(compared)),
        relaxed_profiles=time_to_target.relaxed_profiles(
            {share: time_to_target.times(compared, share) for share in time_to_target.RELAXATIONS}
        ),
        one_setting=one_setting.compare(problems(compared, contests), settings.confidence),
        embeddings={corpus: vectors(records) for corpus, records in embeddings.items() if records},
        tuning={name: tuning(found, settings) for name, found in studies.items() if not fronts.of_two(found)},
        fronts={name: fronts.compare(found, settings) for name, found in studies.items() if fronts.of_two(found)},
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
    stable = settings.unstable_above * RANGES[metric]
    step = 1 / sum(records.held_out.labels) if metric == "accuracy" else 0.0
    overall = standings(cells.values(), settings.confidence, stable, step)
    leader = overall[0].cell
    missed = {
        name: no_better_than(found.score, metric, records.held_out, settings.confidence)
        for name, found in cells.items()
    }
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
        **decision(overall, settings, missed[leader.name]),
        cells=tuple(
            cell_result(place, rank, contests[place.cell.name], metric, missed[place.cell.name], settings)
            for rank, place in enumerate(overall, start=1)
        ),
        models={model: family(model, cells, contests, metric, missed, step, settings) for model in heads},
        references=records.held_out.references,
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
    place: Place[tuple[str, str]],
    rank: int,
    roles: Roles,
    metric: Metric,
    no_better_than: str | None,
    settings: ComparisonSettings,
) -> CellResult:
    """Return a cell with its scores, its default runs, its search, and the number of its runs."""
    tuned, default = (column(runs, f"test/{metric}") for runs in (roles.finals, roles.defaults))
    default_seeds = [run.parameters["seed"] for run in roles.defaults]
    return CellResult(
        **named(place.cell),
        **placed(place, rank, OF_METRICS),
        difference=estimate(place.difference, settings),
        validation=summary(place.cell.score, OF_METRICS, settings),
        test=summary(place.cell.test, OF_METRICS, settings),
        no_better_than=no_better_than,
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
    missed: Mapping[tuple[str, str], str | None],
    step: float,
    settings: ComparisonSettings,
) -> Family:
    """Return the comparison of the optimizers of one model.

    Args:
        missed: by cell the name of a reference that it is not significantly better than.
        step: of the scores, where they are counted.
    """
    stable = settings.unstable_above * RANGES[metric]
    of_model = [found for (of, _), found in cells.items() if of == model]
    ranked = standings(of_model, settings.confidence, stable, step)
    leader = None if ranked[0].cell.best_seed is None else ranked[0].cell.name[1]
    finals = {optimizer: roles.finals for (of, optimizer), roles in contests.items() if of == model}
    return Family(
        leader=leader,
        tied_with=tuple(place.cell.name[1] for place in ranked if place.tied),
        **decision(ranked, settings, missed[ranked[0].cell.name]),
        cells=tuple(
            FamilyCell(
                **named(place.cell),
                **placed(place, rank, OF_METRICS),
                difference=estimate(place.difference, settings),
            )
            for rank, place in enumerate(ranked, start=1)
        ),
        target=time_to_target.of_family(finals, leader, metric),
    )


def problems(tasks: Mapping[str, TaskComparison], contests: Mapping[str, Contests]) -> dict[str, one_setting.Problem]:
    """Return the cells of each problem (`images: cnn`) by optimizer, with its target."""
    found = {}
    for name, cells in contests.items():
        for model, family in tasks[name].models.items():
            of_model = {optimizer: roles for (of, optimizer), roles in cells.items() if of == model}
            found[f"{name}: {model}"] = one_setting.Problem(tasks[name].metric, of_model, family.target)
    return dict(sorted(found.items()))


def scores_by_problem(
    tasks: Mapping[str, TaskRecords], contests: Mapping[str, Contests]
) -> dict[str, dict[str, list[float]]]:
    """Return the final runs' validation metric by problem, optimizer and seed; NaN if a run diverged."""
    scores: dict[str, dict[str, list[float]]] = {}
    for name, cells in contests.items():
        for (model, optimizer), roles in cells.items():
            of_runs = column(roles.finals, f"val/{tasks[name].metric}").tolist()
            scores.setdefault(f"{name}: {model}", {})[optimizer] = of_runs
    return dict(sorted(scores.items()))


def recipe(runs: Sequence[Run], metric: Metric, settings: ComparisonSettings) -> RecipeResult:
    """Return the runs of a recipe as a row of the table of cells."""
    first = runs[0].parameters
    refit = first["refit"]
    return RecipeResult(
        model=first["model"],
        optimizer=first["optimizer"],
        diverged=tuple(run.parameters["seed"] for run in runs if run.diverged is not None),
        runs=len(runs),
        epochs=first[EPOCHS],
        refit=refit,
        # The validation score of a network that learnt from the validation data is no estimate of anything.
        validation=None if refit else summary(column(runs, f"val/{metric}"), OF_METRICS, settings),
        test=summary(column(runs, f"test/{metric}"), OF_METRICS, settings),
    )


def baseline(run: Run, metric: Metric) -> Baseline:
    """Return a baseline as a row of the table of cells."""
    validation, test = (run.metrics[f"{split}/{metric}"] for split in ("val", "test"))
    return Baseline(model=run.parameters["model"], validation=validation, test=test)


def cell(runs: Sequence[Run], name: tuple[str, str], metric: Metric) -> Cell[tuple[str, str]]:
    """Return the final runs of one record as a competitor."""
    seeds = tuple(run.parameters["seed"] for run in runs)
    score, test = (column(runs, f"{split}/{metric}") for split in ("val", "test"))
    return Cell(name, seeds, score, test)


def column(runs: Sequence[Run], metric: str) -> Values:
    """Return one number a run, NaN if it diverged."""
    return np.array([math.nan if run.diverged else run.metrics[metric] for run in runs], dtype=float)


def placed(place: Place[Name], rank: int, limits: tuple[float, float]) -> dict[str, Any]:
    """Return the fields of a standing, without the difference.

    Args:
        limits: of the score, which no difference exceeds.
    """
    return {
        "seeds": place.cell.seeds,
        "rank": rank,
        "may_be_best": place.may_be_best,
        "tied": place.tied,
        "unstable": place.unstable,
        "diverged": tuple(place.cell.diverged),
        "p": place.p,
        "adjusted_p": place.adjusted,
        "behind": None if place.behind is None else clipped(place.behind, limits),
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
    """Return the methods of a study, ranked by their objective: that of the best trial, trained from fresh seeds."""
    searches = {method: searched(method, record) for method, record in records.items()}
    # The objective may be a loss, which has no range of which a share would be unstable.
    ranked = standings([search.confirmed for search in searches.values()], settings.confidence, stable=math.inf)
    leader = ranked[0].cell
    head = searches[leader.name].head
    settings_of_study = records[leader.name].settings[f"tuning.studies.{head.parameters['study']}"]
    space = importance.dimensions(head.parameters["study.space"].split(", "), settings_of_study)
    axes = tuple(importance.axis(name, dimension) for name, dimension in space.items())
    cells = [study(place, rank, searches[place.cell.name], space, settings) for rank, place in enumerate(ranked, 1)]
    # In the order of params.yaml, which no result changes.
    points = {method: next(cell.points for cell in cells if cell.method == method) for method in searches}
    halved = any(cell.trials_full < cell.trials for cell in cells)
    return TuningComparison(
        data=head.parameters["data"],
        model=head.parameters["model"],
        optimizer=head.parameters.get("study.optimizers", head.parameters["optimizer"]),
        metric=searches[leader.name].objective,
        tested=searches[leader.name].tested,
        evaluation=head.parameters.get("study.evaluation"),
        space=axes,
        importance=importance.importance(axes, points, loss=searches[leader.name].objective == "loss", halved=halved),
        winner=None if leader.best_seed is None else leader.name,
        tied_with=tuple(place.cell.name for place in ranked if place.tied),
        **decision(ranked, settings, no_better_than=None),
        cells=tuple(cells),
    )


@dataclass(frozen=True)
class Searched:
    """The runs of one method of search.

    Attributes:
        head: the study as a whole.
        confirmed: the runs of the best trial from fresh seeds; a higher score is better.
        objective: on validation data.
        tested: the metric on test data.
        random_start: the number of trials that the method draws at random before it learns.
    """

    head: Run
    trials: Sequence[Run]
    confirmed: Cell[str]
    objective: Any
    tested: Any
    random_start: int | None

    @property
    def sign(self) -> int:
        """-1 if less is better."""
        return -1 if self.objective == "loss" else 1


def searched(method: str, record: Record) -> Searched:
    """Return the runs of a study by their roles."""
    runs = StudyRuns.of(record)
    seeds = tuple(run.parameters["seed"] for run in runs.confirmed)
    objective = runs.head.parameters["study.objective"]
    measured = {name for run in record.runs for name in run.metrics}
    tested = tested_by(objective, measured, of_words="sampler" in runs.head.parameters)
    score = column(runs.confirmed, f"val/{objective}") * (-1 if objective == "loss" else 1)
    test = column(runs.confirmed, f"test/{tested}") if tested else np.full(len(seeds), math.nan)
    return Searched(runs.head, runs.trials, Cell(method, seeds, score, test), objective, tested, runs.random_start)


def tested_by(objective: str, measured: Collection[str], *, of_words: bool) -> str | None:
    """Return the metric on test data; of word vectors the first test of words that did not decide, if there is one.

    Args:
        measured: the names of all metrics.
    """
    if of_words:
        return next((name for name in get_args(WordTest) if name != objective and f"test/{name}" in measured), None)
    return objective if objective != "loss" else "dice" if "test/dice" in measured else "accuracy"


def limits_of(metric: str | None) -> tuple[float, float]:
    """Return the least and the largest value that a metric can have."""
    return OF_LOSSES if metric == "loss" else OF_CORRELATIONS if metric in CORRELATIONS else OF_METRICS


def study(
    place: Place[str],
    rank: int,
    search: Searched,
    space: Mapping[str, Mapping[str, Any]],
    settings: ComparisonSettings,
) -> Study:
    """Return a method with the scores of its best trial and the course of its search.

    Args:
        space: the searched hyperparameters as params.yaml has them.
    """
    # The searched hyperparameters are those that differ between a search's trials. Under halving the epochs do, too.
    values: dict[str, list[Any]] = {}
    for trial in search.trials:
        for name, value in trial.parameters.items():
            values.setdefault(name, []).append(value)
    # With several optimizers, a trial has only the settings of its own one.
    own = {name for name, found in values.items() if len(found) < len(search.trials)}
    own &= set(search.head.parameters.get("study.space", "").split(", "))
    varied = [name for name, found in values.items() if name in own or any(value != found[0] for value in found)]
    varied = [name for name in varied if name != EPOCHS]
    epochs = search.head.parameters.get(EPOCHS)
    full = [trial for trial in search.trials if trial.parameters.get(EPOCHS) == epochs]
    limits, sign = limits_of(search.objective), search.sign
    course = [(row["epoch"], row[f"best/val/{search.objective}"]) for row in search.head.history]
    lost = np.array([sign * (course[-1][1] - sign * score) for score in place.cell.score]) if course else np.empty(0)
    return Study(
        method=place.cell.name,
        **placed(place, rank, limits),
        difference=estimate(sign * place.difference, settings),
        validation=summary(sign * place.cell.score, limits, settings),
        test=summary(place.cell.test, limits_of(search.tested), settings),
        best={name: written(search.head.parameters[name]) for name in varied if name in search.head.parameters},
        best_so_far=tuple(course),
        optimism=estimate(lost[~np.isnan(lost)], settings),
        trials=len(search.trials),
        trials_full=len(full),
        trials_diverged=sum(trial.diverged is not None for trial in search.trials),
        ended=search.head.parameters["study.ended"],
        random_start=search.random_start,
        points=tuple(
            importance.trial(space, trial.parameters, trial.metrics.get(f"val/{search.objective}")) for trial in full
        ),
    )


def written(value: Any) -> int | float | str:
    """Return the value of a setting; a list, a section, true, false and null as JSON."""
    return value if isinstance(value, int | float | str) and not isinstance(value, bool) else json.dumps(value)
