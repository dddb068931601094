"""Learning curves of the final runs: curves.csv, one row for each cell and epoch."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from bakeoff.base.record import Run
from bakeoff.base.settings import BadInput
from bakeoff.base.values import Metric
from bakeoff.results.compare import TaskRecords
from bakeoff.results.model import AGAIN, rounded
from bakeoff.results.runs_by_role import Roles

COLUMNS = (
    *("task", "model", "optimizer", "epoch", "step", "runs", "lost"),
    *("loss", "loss_low", "loss_high", "metric", "metric_low", "metric_high"),
)


@dataclass(frozen=True)
class Band:
    """A value over the runs of a cell: its mean, the lowest and the highest."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Band":
        return cls(fmean(values), min(values), max(values))


@dataclass(frozen=True)
class CurvePoint:
    """The end of an epoch of a cell's final runs, on validation data.

    Attributes:
        step: updates until then.
        runs: the number of seeds that got so far.
        lost: how many of them diverge in the epoch after.
    """

    task: str
    model: str
    optimizer: str
    epoch: int
    step: int
    runs: int
    lost: int
    loss: Band
    metric: Band

    @property
    def row(self) -> list[str | int | float]:
        """The values of COLUMNS."""
        bands = [rounded(value) for band in (self.loss, self.metric) for value in (band.mean, band.low, band.high)]
        return [self.task, self.model, self.optimizer, self.epoch, self.step, self.runs, self.lost, *bands]


def curves(tasks: Mapping[str, TaskRecords]) -> str:
    """Return the text of curves.csv."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for task, records in tasks.items():
        for (model, optimizer), record in records.cells.items():
            finals = Roles.of(record).finals
            writer.writerows(point.row for point in curve(task, model, optimizer, finals, records.metric))
    return text.getvalue()


def curve(task: str, model: str, optimizer: str, runs: Sequence[Run], metric: Metric) -> Iterator[CurvePoint]:
    """Yield the points of one cell."""
    for epoch in range(1, 1 + max(len(run.history) for run in runs)):
        reached = [run.history[epoch - 1] for run in runs if len(run.history) >= epoch]
        lost = sum(run.diverged is not None and len(run.history) == epoch for run in runs)
        loss, score = (Band.of([row[name] for row in reached]) for name in ("val/loss", f"val/{metric}"))
        yield CurvePoint(task, model, optimizer, epoch, int(reached[0]["step"]), len(reached), lost, loss, score)


def read_curves(path: Path) -> list[CurvePoint]:
    """Return the rows of curves.csv.

    Raises:
        BadInput: it has other columns, or values that are not numbers.
    """
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    if tuple(header) != COLUMNS:
        raise BadInput(f"{path}: has other columns than {', '.join(COLUMNS)}; {AGAIN}")
    try:
        return [point(row) for row in rows]
    except ValueError as error:
        raise BadInput(f"{path}: {error}; {AGAIN}") from None


def point(row: Sequence[str]) -> CurvePoint:
    """Return the point of a row of curves.csv.

    Raises:
        ValueError: a value is not a number, or one is missing.
    """
    task, model, optimizer, *rest = row
    epoch, step, runs, lost = map(int, rest[:4])
    low, middle = map(float, rest[4:7]), map(float, rest[7:10])
    return CurvePoint(task, model, optimizer, epoch, step, runs, lost, Band(*low), Band(*middle))
