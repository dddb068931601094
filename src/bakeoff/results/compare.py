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
- The target of a model is the median of its leading optimizer's final runs on validation data.
- The methods of tuning are ranked alike, by the validation loss of their best trial trained again on fresh seeds.
"""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.record import Record, Run
from bakeoff.results import mean_ranks, time_to_target
from bakeoff.results.runs_by_role import Roles
from bakeoff.results.settings import ComparisonSettings
from bakeoff.results.significance import bootstrap, detectable, holm, paired, student

DIGITS = 6  # significant ones, kept of every number that is written
CURVE = (
    "task",
    "model",
    "optimizer",
    "epoch",
    "step",
    "runs",
    "lost",
)  # columns of curves.csv, and then of each quantity
QUANTITIES = ("loss", "metric")
ENDS = ("", "_low", "_high")
OF_METRICS, OF_LOSSES = (0.0, 1.0), (0.0, math.inf)  # no interval reaches beyond what the quantity can be

Values = NDArray[np.float64]
Records = Mapping[tuple[str, str], Record]  # by model and optimizer, in the order in which params.yaml lists them
Contests = Mapping[tuple[str, str], Roles]


@dataclass(frozen=True)
class Cell:
    """A competitor: one number a seed, NaN where the run diverged.

    Attributes:
        identity: {"model": "cnn", "optimizer": "adam"}; for a search {"method": "bayes"}.
        score: on validation data; higher is better.
        test: what is shown beside it.
    """

    identity: Mapping[str, str]
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
class Standing:
    """A cell's place in a family of comparisons.

    Attributes:
        difference: its score minus the leader's, over the seeds both ended.
        p: of the paired test; None for the leader, and where the number of diverged runs decides alone.
        adjusted: the same for the family as a whole.
    """

    cell: Cell
    difference: Values
    p: float | None
    adjusted: float | None
    tied: bool


def standings(cells: Iterable[Cell], confidence: float) -> list[Standing]:
    """One family of comparisons, the leader first.

    Raises:
        ValueError: a cell has no seed in common with the leader, so that nothing can be paired.
    """
    ranked = sorted(cells, key=lambda cell: (cell.lost, -cell.mean))
    leader = ranked[0]
    for cell in ranked:
        if not set(cell.seeds) & set(leader.seeds):
            raise ValueError(f"{cell.identity}: seeds {cell.seeds}; {leader.identity} has {leader.seeds}: not paired")
    differences = [pairs(cell.seeds, cell.score, leader.seeds, leader.score) for cell in ranked]
    rivals = [i for i, cell in enumerate(ranked) if i and rival(cell, leader)]
    p = {i: paired(differences[i]) for i in rivals}
    adjusted = dict(zip(rivals, holm(list(p.values())).tolist(), strict=True))
    tied = {i for i in rivals if adjusted[i] > 1 - confidence}
    return [Standing(cell, differences[i], p.get(i), adjusted.get(i), i in tied) for i, cell in enumerate(ranked)]


def pairs(seeds: Sequence[int], values: Values, other_seeds: Sequence[int], others: Values) -> Values:
    """Values minus the others, over the seeds that both have and both ended."""
    there = dict(zip(other_seeds, others.tolist(), strict=True))
    of_both = [(value, there[seed]) for seed, value in zip(seeds, values.tolist(), strict=True) if seed in there]
    differences: Values = np.array([value - other for value, other in of_both], dtype=float)
    return differences[~np.isnan(differences)]


def rival(cell: Cell, leader: Cell) -> bool:
    """Whether means decide between the two: of neither a larger share diverged, and some ended."""
    return cell.lost == leader.lost and leader.best_seed is not None


def compare(
    tasks: Mapping[str, Records],
    embeddings: Mapping[str, Record],
    studies: Mapping[str, Record],
    baselines: Mapping[str, Record],
    recipes: Mapping[str, Record],
    settings: ComparisonSettings,
) -> dict[str, Any]:
    """All comparisons, as comparison.json holds them.

    Args:
        embeddings: by architecture.
        studies: by method of search.
        baselines: by method; each has a single run.
        recipes: by task and model; they stand beside the cells and are compared with none.
    """
    contests = {
        name: {identity: Roles.of(record) for identity, record in records.items()} for name, records in tasks.items()
    }
    compared = {name: task(cells, settings.metric[name], settings) for name, cells in contests.items()}
    for record in baselines.values():
        (run,) = record.runs
        compared[run.parameters["task"]]["baselines"].append(yardstick(run, settings.metric[run.parameters["task"]]))
    for record in recipes.values():
        name = record.runs[0].parameters["task"]
        compared[name]["recipes"].append(recipe(record.runs, settings.metric[name], settings))
    return rounded(  # type: ignore[no-any-return]
        {
            "confidence": settings.confidence,
            "tasks": compared,
            "ranks": mean_ranks.contest(scores_by_problem(contests, settings), settings.confidence),
            "profile": finite(time_to_target.profile(times(compared))),
            "embedding": {architecture: finals(record.runs) for architecture, record in embeddings.items()},
            "tuning": tuning(studies, settings),
        }
    )


def task(contests: Contests, metric: str, settings: ComparisonSettings) -> dict[str, Any]:
    """The comparison of one task: all cells as one family, and each model's optimizers as a family of their own.

    Where means are equal, the order in which params.yaml lists the cells decides.
    """
    cells = {identity: cell(roles.finals, *identity, metric) for identity, roles in contests.items()}
    overall = standings(cells.values(), settings.confidence)
    leader = overall[0].cell
    heads = {model: roles.head.parameters for (model, _), roles in contests.items()}
    models = {model: family([found for (of, _), found in cells.items() if of == model], settings) for model in heads}
    for model, found in models.items():
        of_model = {optimizer: roles.finals for (of, optimizer), roles in contests.items() if of == model}
        found["target"] = to_target(of_model, found["leader"], metric)
    return {
        "metric": metric,
        "data": next(iter(heads.values()))["data"],
        "parameters": {model: parameters["network.parameters"] for model, parameters in heads.items()},
        "training": {
            name.removeprefix("training."): value
            for name, value in next(iter(heads.values())).items()
            if name.startswith("training.")
        },
        "budget": dict(next(iter(contests.values())).budget),
        "spaces": {optimizer: dict(roles.space) for (_, optimizer), roles in contests.items()},
        "state": {optimizer: roles.head.parameters["optimizer.state"] for (_, optimizer), roles in contests.items()},
        "winner": None if leader.best_seed is None else {**leader.identity, "seed": leader.best_seed},
        "tied_with": [dict(standing.cell.identity) for standing in overall if standing.tied],
        "detectable": reach(overall, settings),
        "cells": [
            placed(standing, rank)
            | {
                "validation": summary(standing.cell.score, OF_METRICS, settings),
                "test": summary(standing.cell.test, OF_METRICS, settings),
                "difference": difference(standing.difference, settings),
            }
            | beside(contests[standing.cell.identity["model"], standing.cell.identity["optimizer"]], metric, settings)
            for rank, standing in enumerate(overall, start=1)
        ],
        "models": models,
        "baselines": [],
        "recipes": [],
    }


def beside(roles: Roles, metric: str, settings: ComparisonSettings) -> dict[str, Any]:
    """Summarise the other runs of a cell: its search, its default runs, and the number of runs."""
    tuned, default = (column(runs, f"test/{metric}") for runs in (roles.finals, roles.defaults))
    seeds, default_seeds = ([run.parameters["seed"] for run in runs] for runs in (roles.finals, roles.defaults))
    return {
        "default": {
            "validation": summary(column(roles.defaults, f"val/{metric}"), OF_METRICS, settings),
            "test": summary(default, OF_METRICS, settings),
        },
        "gain": difference(pairs(seeds, tuned, default_seeds, default), settings),
        "search": roles.search(metric),
        "runs": roles.counts(),
    }


def to_target(finals: Mapping[str, Sequence[Run]], leader: str | None, metric: str) -> dict[str, Any] | None:
    """The steps until each optimizer's runs reach what half of the leader's runs end at; null where one never does."""
    goal = None if leader is None else time_to_target.target(finals[leader], metric)
    if goal is None:
        return None
    steps = {optimizer: [time_to_target.steps(run, metric, goal) for run in runs] for optimizer, runs in finals.items()}
    return finite(  # type: ignore[no-any-return]
        {
            "value": goal,
            "of": leader,
            "steps": {
                optimizer: {
                    "values": found,
                    "median": time_to_target.typical(found),
                    "share": fmean(math.isfinite(value) for value in found),
                }
                for optimizer, found in steps.items()
            },
        }
    )


def times(tasks: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The median steps to the target by problem (`images: cnn`) and optimizer, infinite where there are none."""
    return {
        f"{name}: {model}": {
            optimizer: math.inf if found["median"] is None else found["median"]
            for optimizer, found in family["target"]["steps"].items()
        }
        for name, task in tasks.items()
        for model, family in sorted(task["models"].items())
        if family["target"]
    }


def scores_by_problem(
    contests: Mapping[str, Contests], settings: ComparisonSettings
) -> dict[str, dict[str, list[float]]]:
    """By problem and optimizer the final runs' metric on validation data, NaN where they diverged, by seed."""
    found: dict[str, dict[str, list[float]]] = {}
    for name, cells in contests.items():
        for (model, optimizer), roles in cells.items():
            scores = column(roles.finals, f"val/{settings.metric[name]}").tolist()
            found.setdefault(f"{name}: {model}", {})[optimizer] = scores
    return dict(sorted(found.items()))


def recipe(runs: Sequence[Run], metric: str, settings: ComparisonSettings) -> dict[str, Any]:
    """The runs of a recipe as a row beside the cells."""
    found = {name: runs[0].parameters[name] for name in ("model", "optimizer")}
    found |= {"diverged": [run.parameters["seed"] for run in runs if run.diverged is not None], "runs": len(runs)}
    found["refit"] = runs[0].parameters["refit"]
    # What validation data say of a network that learnt from them is no estimate of anything.
    validation = None if found["refit"] else summary(column(runs, f"val/{metric}"), OF_METRICS, settings)
    return found | {"validation": validation, "test": summary(column(runs, f"test/{metric}"), OF_METRICS, settings)}


def yardstick(run: Run, metric: str) -> dict[str, Any]:
    """A baseline as a row beside the cells."""
    return {"model": run.parameters["model"]} | {
        name: run.metrics[f"{split}/{metric}"] for name, split in (("validation", "val"), ("test", "test"))
    }


def cell(runs: Sequence[Run], model: str, optimizer: str, metric: str) -> Cell:
    """The runs of one record."""
    seeds = tuple(run.parameters["seed"] for run in runs)
    score, test = (column(runs, f"{split}/{metric}") for split in ("val", "test"))
    return Cell({"model": model, "optimizer": optimizer}, seeds, score, test)


def column(runs: Sequence[Run], metric: str) -> Values:
    """One number a run, NaN where it diverged."""
    return np.array([math.nan if run.diverged else run.metrics[metric] for run in runs], dtype=float)


def family(cells: Sequence[Cell], settings: ComparisonSettings) -> dict[str, Any]:
    """The optimizers of one model."""
    ranked = standings(cells, settings.confidence)
    return {
        "leader": None if ranked[0].cell.best_seed is None else ranked[0].cell.identity["optimizer"],
        "tied_with": [standing.cell.identity["optimizer"] for standing in ranked if standing.tied],
        "detectable": reach(ranked, settings),
        "cells": [
            placed(standing, rank) | {"difference": difference(standing.difference, settings)}
            for rank, standing in enumerate(ranked, start=1)
        ],
    }


def placed(standing: Standing, rank: int) -> dict[str, Any]:
    return {
        **standing.cell.identity,
        "seeds": list(standing.cell.seeds),
        "rank": rank,
        "tied": standing.tied,
        "diverged": standing.cell.diverged,
        "p": standing.p,
        "adjusted_p": standing.adjusted,
    }


def summary(values: Values, limits: tuple[float, float], settings: ComparisonSettings) -> dict[str, Any]:
    """Mean, standard deviation and intervals over the seeds that ended."""
    ended = values[~np.isnan(values)]
    intervals = {
        "interval": student(ended, settings.confidence),
        "bootstrap": bootstrap(ended, settings.confidence, settings.resamples, settings.seed),
    }
    return {
        "mean": float(ended.mean()) if ended.size else None,
        "deviation": float(ended.std(ddof=1)) if ended.size > 1 else None,
        "values": [None if math.isnan(value) else value for value in values.tolist()],
        **{name: found and np.clip(found, *limits).tolist() for name, found in intervals.items()},
    }


def difference(differences: Values, settings: ComparisonSettings) -> dict[str, Any]:
    """From the leader; the interval is for this one difference, not for the family."""
    return {
        "mean": float(differences.mean()) if differences.size else None,
        "interval": student(differences, settings.confidence),
    }


def reach(ranked: Sequence[Standing], settings: ComparisonSettings) -> float | None:
    """The difference from which on this family can tell its members apart; None if it tests none."""
    return detectable([standing.difference for standing in ranked if standing.p is not None], settings.confidence)


def tuning(records: Mapping[str, Record], settings: ComparisonSettings) -> dict[str, Any]:
    """The searches, ranked by the validation loss of the best trial of each, trained again from fresh seeds."""
    studies = {method: study(record.runs) for method, record in records.items()}
    ranked = standings([found for found, _ in studies.values()], settings.confidence)
    leader = ranked[0].cell
    return {
        "metric": "loss",
        "winner": None if leader.best_seed is None else dict(leader.identity),
        "tied_with": [dict(standing.cell.identity) for standing in ranked if standing.tied],
        "detectable": reach(ranked, settings),
        "cells": [
            placed(standing, rank)
            | {
                "validation": summary(-standing.cell.score, OF_LOSSES, settings),
                "test": summary(standing.cell.test, OF_METRICS, settings),
                "difference": difference(-standing.difference, settings),
            }
            | studies[standing.cell.identity["method"]][1]
            for rank, standing in enumerate(ranked, start=1)
        ],
    }


def study(runs: Sequence[Run]) -> tuple[Cell, dict[str, Any]]:
    """The confirming runs of a search as a cell, and how the search went."""
    head = next(run for run in runs if run.parent is None)
    seed = head.parameters["seed"]  # of all trials; the confirmations have others
    fresh = [run for run in runs if run.parent == head.name and run.parameters["seed"] != seed]
    trials = [run for run in runs if run.parent == head.name and run.parameters["seed"] == seed]
    seeds = tuple(run.parameters["seed"] for run in fresh)
    found = Cell(
        {"method": head.parameters["method"]}, seeds, -column(fresh, "val/loss"), column(fresh, "test/accuracy")
    )
    # What the searches vary is what differs between a search's trials.
    first = trials[0].parameters
    varied = [name for name in first if any(trial.parameters[name] != first[name] for trial in trials)]
    return found, {
        "best": {name: head.parameters[name] for name in varied},
        "best_so_far": [[row["epoch"], row["best/val/loss"]] for row in head.history],
        "trials": len(trials),
        "trials_diverged": sum(trial.diverged is not None for trial in trials),
    }


def finals(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Each run's last word."""
    return [{"seed": run.parameters["seed"], "metrics": dict(run.metrics)} for run in runs]


def curves(tasks: Mapping[str, Records], settings: ComparisonSettings) -> str:
    """CSV: validation loss and metric of each epoch, as mean, lowest and highest value over the seeds of final runs.

    `step` counts the updates until then, `runs` the seeds that got so far, `lost` those of them that diverge in the
    epoch after.
    """
    text = io.StringIO()
    columns = [*CURVE, *(quantity + end for quantity in QUANTITIES for end in ENDS)]
    writer = csv.DictWriter(text, fieldnames=columns, lineterminator="\n")
    writer.writeheader()
    for name, records in tasks.items():
        for identity, record in records.items():
            for row in curve(Roles.of(record).finals, settings.metric[name]):
                writer.writerow(rounded(dict(zip(CURVE, (name, *identity), strict=False)) | row))
    return text.getvalue()


def curve(runs: Sequence[Run], metric: str) -> Iterator[dict[str, float]]:
    """One cell's rows."""
    for epoch in range(1, 1 + max(len(run.history) for run in runs)):
        reached = [run.history[epoch - 1] for run in runs if len(run.history) >= epoch]
        lost = sum(run.diverged is not None and len(run.history) == epoch for run in runs)
        row: dict[str, float] = {"epoch": epoch, "step": reached[0]["step"], "runs": len(reached), "lost": lost}
        for quantity, key in zip(QUANTITIES, ("val/loss", f"val/{metric}"), strict=True):
            values = [history[key] for history in reached]
            spread = (fmean(values), min(values), max(values))
            row |= {quantity + end: value for end, value in zip(ENDS, spread, strict=True)}
        yield row


def read_curves(path: Path) -> list[dict[str, Any]]:
    """The rows of curves.csv, numbers as numbers."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [{name: value if name in CURVE[:3] else float(value) for name, value in row.items()} for row in rows]


def finite(value: Any) -> Any:
    """The same nest of values with None for what is infinite: JSON has no word for it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list | tuple) else value


def rounded(value: Any) -> Any:
    """The same nest of values with floats rounded to DIGITS significant digits, and no negative zero."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") + 0.0
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return value
