"""The ranking of each task's contest as MLflow runs: one for each cell, with its mean curves.

The numbers are those of comparison.json, so that MLflow and the report show the same ranking.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from bakeoff.base.record import Record, Run
from bakeoff.base.roles import Role
from bakeoff.results.model import CellResult, Comparison, TaskComparison
from bakeoff.results.step_costs import Costs
from bakeoff.tracking.runs import Entry, entries, measured

CELL = "cell"  # the role of these runs

# Names of metrics. They are short, so that all columns are on the first screen at 1,440 pixels.
RANK, DEVIATION, LOW, HIGH, DIVERGED, SECONDS = "rank", "std dev", "CI low", "CI high", "diverged", "s/step"
STANDING = "standing"  # the tag with the standing of a cell

STAGE = "compare"  # which ranks the cells
TOLERANCE = 1e-6  # between a metric of a run and the same one in comparison.json, which is rounded


def ranked(comparison: Comparison, costs: Costs | None, tasks: Mapping[str, Sequence[Entry]]) -> dict[str, list[Entry]]:
    """Return the cells of each task as entries, the leader first.

    A task is left out if its comparison is older than its records.

    Args:
        tasks: the entries of the records, by task.
    """
    made: dict[str, list[Entry]] = {}
    for name, task in comparison.tasks.items():
        of_task = tasks.get(name, ())
        if fits(task, of_task):
            made[name] = list(cells(name, task, costs, by_cell(of_task)))
    return made


def fits(task: TaskComparison, given: Sequence[Entry]) -> bool:
    """Return whether a comparison contains exactly these final runs."""
    finals = by_cell(given)
    names = [(cell.model, cell.optimizer) for cell in task.cells]
    return set(names) == set(finals) and all(
        agrees(cell, task, finals[name]) for cell, name in zip(task.cells, names, strict=True)
    )


def by_cell(given: Sequence[Entry]) -> dict[tuple[str, str], list[Entry]]:
    """Return the final runs of each cell, by model and optimizer."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in given:
        if entry.role == Role.FINAL:
            named = entry.run.parameters
            found.setdefault((named["model"], named["optimizer"]), []).append(entry)
    return found


def agrees(cell: CellResult, task: TaskComparison, finals: Sequence[Entry]) -> bool:
    """Return whether the comparison contains the final runs of a cell: the rounded metric of each run."""
    seen = {entry.run.parameters["seed"]: entry.run.metrics.get(f"val/{task.metric}") for entry in finals}
    if set(seen) != set(cell.seeds):
        return False
    return all(same(value, seen[seed]) for seed, value in zip(cell.seeds, cell.validation.values, strict=True))


def same(value: float | None, other: float | None) -> bool:
    return value is other if value is None or other is None else abs(value - other) < TOLERANCE


def cells(
    name: str, task: TaskComparison, costs: Costs | None, finals: Mapping[tuple[str, str], Sequence[Entry]]
) -> Iterator[Entry]:
    """Yield an entry for each cell of a task."""
    for cell in task.cells:
        of = finals[cell.model, cell.optimizer]
        run = Run(
            f"{cell.model}-{cell.optimizer}", parameters(name, task, cell), metrics(name, task, cell, costs), curve(of)
        )
        data = of[0].record.data
        digest = hashlib.sha256("\n".join([cell.model_dump_json(), *(entry.key for entry in of)]).encode()).hexdigest()
        record = Record(STAGE, name, digest, {}, data, "", [run])
        (entry,) = entries(record, max(entry.moment for entry in of), {STANDING: standing(task, cell)})
        yield entry


def parameters(name: str, task: TaskComparison, cell: CellResult) -> dict[str, Any]:
    """Return the parameters of a cell: its name and the picked hyperparameters, named as in runs."""
    named = {"task": name, "data": task.data, "role": CELL, "model": cell.model, "optimizer": cell.optimizer}
    picked = {f"optimizer.{key}": value for key, value in cell.search.pick.items()}
    return named | {"seeds": len(cell.seeds)} | picked


def metrics(name: str, task: TaskComparison, cell: CellResult, costs: Costs | None) -> dict[str, float]:
    """Return the metrics of a cell that are in the comparison."""
    low, high = cell.validation.interval or (None, None)
    values = {
        f"val/{task.metric}": cell.validation.mean,
        DEVIATION: cell.validation.deviation,
        LOW: low,
        HIGH: high,
        RANK: float(cell.rank),
        DIVERGED: len(cell.diverged) / len(cell.seeds),
        f"test/{task.metric}": cell.test.mean,
        SECONDS: costs.step(name, cell.model, cell.optimizer) if costs else None,
    }
    return {key: value for key, value in values.items() if value is not None}


def standing(task: TaskComparison, cell: CellResult) -> str:
    """Return the standing of a cell in its task: `leader`, `tied` or `behind`."""
    winner = task.winner
    if winner and (winner.model, winner.optimizer) == (cell.model, cell.optimizer):
        return "leader"
    return "tied" if cell.tied else "behind"


def curve(finals: Sequence[Entry]) -> list[dict[str, float]]:
    """Return the mean of each metric over a cell's final runs, at each step over the runs that reached it."""
    made: list[dict[str, float]] = []
    histories = [entry.run.history for entry in finals]
    for n in range(max(map(len, histories), default=0)):
        rows = [history[n] for history in histories if len(history) > n]
        moment = {key: value for key, value in rows[0].items() if key not in measured(rows[0])}
        means = {key: fmean(row[key] for row in rows) for key in measured(rows[0]) if all(key in row for row in rows)}
        made.append(moment | means)
    return made
