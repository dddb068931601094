"""Trains the planned runs of a cell or of a recipe, several at a time, and reports progress."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.progress import Progress
from bakeoff.base.record import Run
from bakeoff.base.workers import side_by_side
from bakeoff.contest.finished_runs import FinishedRuns, Trained
from bakeoff.contest.protocol import PlannedRun
from bakeoff.training.fit import Watch

Watching = Callable[[str, Mapping[str, Any]], Watch]  # a run's name and parameters


@dataclass
class Trainer:
    """Trains the runs of a stage, in parallel.

    Attributes:
        train: trains one run; it goes on from the checkpoint if that holds a state.
        metric: of the task, on validation data; None if no validation data are held out.
        workers: trainings at a time.
        done: runs so far.
    """

    train: Callable[[PlannedRun, Checkpoint], Trained]
    metric: str | None
    progress: Progress
    finished: FinishedRuns
    workers: int = 1
    done: list[Run] = field(default_factory=list)

    def __call__(self, planned: Sequence[PlannedRun]) -> list[Trained]:
        """Return the results in order. Finished trainings are not repeated."""
        found = {one.name: trained for one in planned if (trained := self.finished.get(one.name))}
        for trained in found.values():
            self.report(trained.run)
        missing = [one for one in planned if one.name not in found]
        for one in side_by_side(self.work, missing, self.workers):
            found[one.name] = self.finished[one.name]
            self.report(found[one.name].run)
        return [found[one.name] for one in planned]

    def work(self, planned: PlannedRun) -> None:
        """Train in this process or in a worker; the result is passed through `finished`."""
        with self.finished.checkpoint(planned.name) as checkpoint:
            self.finished.save(planned.name, self.train(planned, checkpoint))

    def report(self, run: Run) -> None:
        self.done.append(run)
        ended = [run for run in self.done if run.diverged is None]
        notes = []
        if self.metric is not None and ended:
            metric = self.metric
            best = min(ended, key=lambda run: rank([run], metric))
            notes.append(f"best {metric} {best.metrics[metric]:.4f} by {best.name}")
        if diverged := len(self.done) - len(ended):
            notes.append(f"{diverged} diverged")
        self.progress.advance(note=", ".join(notes))


def rank(runs: Sequence[Run], metric: str) -> tuple[int, float, float]:
    """Return the sort key of a point, the best first: diverged runs, then the mean metric, then the mean loss."""
    ended = [run.metrics for run in runs if run.diverged is None]
    if not ended:
        return len(runs), 0.0, 0.0
    return len(runs) - len(ended), -fmean(m[metric] for m in ended), fmean(m["val/loss"] for m in ended)
