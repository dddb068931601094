"""Learning curves of the final runs on the validation subset: curves.csv, one row for each cell and measured step."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from bakeoff.base.record import SUBSET, Run
from bakeoff.base.settings import BadInput
from bakeoff.base.values import Metric
from bakeoff.results.compare import TaskRecords
from bakeoff.results.model import AGAIN, rounded
from bakeoff.results.runs_by_role import Roles

COLUMNS = (
    *("task", "model", "optimizer", "step", "epoch", "runs", "lost"),
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
    """A moment of a cell's final runs, measured on the validation subset.

    Attributes:
        step: updates until then.
        epoch: passes over the training data until then, a fraction.
        runs: the number of seeds that got so far.
        lost: how many of them diverge before the next moment.
    """

    task: str
    model: str
    optimizer: str
    step: int
    epoch: float
    runs: int
    lost: int
    loss: Band
    metric: Band

    @property
    def row(self) -> list[str | int | float]:
        """The values of COLUMNS."""
        bands = [rounded(value) for band in (self.loss, self.metric) for value in (band.mean, band.low, band.high)]
        return [self.task, self.model, self.optimizer, self.step, rounded(self.epoch), self.runs, self.lost, *bands]


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
    measured = [{int(row["step"]): row for row in run.history} for run in runs]
    ends = [max(rows, default=0) for rows in measured]
    for step in sorted({step for rows in measured for step in rows}):
        reached = [rows[step] for rows in measured if step in rows]
        lost = sum(run.diverged is not None and end == step for run, end in zip(runs, ends, strict=True))
        loss, score = (Band.of([row[f"{SUBSET}/{name}"] for row in reached]) for name in ("loss", metric))
        yield CurvePoint(task, model, optimizer, step, reached[0]["epoch"], len(reached), lost, loss, score)


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
    (step, runs, lost), epoch = map(int, (rest[0], *rest[2:4])), float(rest[1])
    low, middle = map(float, rest[4:7]), map(float, rest[7:10])
    return CurvePoint(task, model, optimizer, step, epoch, runs, lost, Band(*low), Band(*middle))
