"""A search, the confirmation of its best trial, and the record of both."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.base.progress import Progress
from bakeoff.base.record import Run
from bakeoff.base.settings import BadInput, Settings
from bakeoff.training.fit import Watch
from bakeoff.training.metrics import means
from bakeoff.tuning.executor import Trial, search
from bakeoff.tuning.objective import Objective, Trained
from bakeoff.tuning.searcher import Searcher
from bakeoff.tuning.settings import SearchBudget, StudySettings
from bakeoff.tuning.space import Point

# What each hyperparameter of the space is called in a record.
NAMES = {
    "learning_rate": "optimizer.learning_rate",
    "beta": "optimizer.beta",
    "weight_decay": "training.weight_decay",
}


Asked = tuple[Point, int | None]  # a point to try, or with a seed one to confirm

BEST = "best/val/loss"  # of the trials so far; not `val/loss`, which is the mean over the confirming trainings


@dataclass(frozen=True)
class Study:
    """One method's search over the space.

    Attributes:
        data: path of the examples.
        hyperparameters: of the method.
    """

    method: str
    data: str
    budget: SearchBudget
    settings: StudySettings
    hyperparameters: Settings
    objective: Objective
    searcher: Searcher

    @property
    def name(self) -> str:
        return f"{self.method}-s{self.settings.seed}"

    @property
    def trainings(self) -> int:
        """The number of trainings, those of the confirmation included."""
        return self.budget.trials + self.budget.confirmations

    def train(self, asked: Asked) -> Trained:
        point, seed = asked
        return self.objective(point) if seed is None else self.objective.confirm(point, seed)

    def run(
        self,
        train: Callable[[Sequence[Asked]], Sequence[Trained]],
        watch: Callable[[str, Mapping[str, Any]], Watch],
        progress: Progress,
    ) -> list[Run]:
        """The study, its trials `-t001`, ..., and the trainings `-c1`, ... that confirm the best of them.

        `train` has `self.train` done to each of what is asked together; in which process changes nothing.

        The study's metrics are means over the confirming trainings, which start from seeds that no trial has seen, and
        which alone read the test split. If one of them diverges, so does the study, and there are no means. The
        study's history is the best validation loss so far; its epochs are trainings spent.
        """
        show = watch(self.name, self.parameters())
        history: list[dict[str, float]] = []

        def see(trial: Trial) -> None:
            best = min(trial.trained.value, history[-1][BEST] if history else math.inf)
            progress.advance(trial.spent - progress.done, note=f"best val/loss {best:.3f}")
            if math.isfinite(best):
                history.append({"epoch": trial.spent, BEST: best})
                show(history[-1])

        settings, budget = self.settings, self.budget
        trials = search(
            self.searcher,
            lambda points: train([(point, None) for point in points]),
            budget=budget.trials,
            batch=settings.batch,
            watch=see,
        )
        best = best_of(trials)
        seeds = [settings.seed + number for number in range(1, budget.confirmations + 1)]
        again = train([(best.point, seed) for seed in seeds])
        progress.advance(budget.confirmations)
        confirmed = [
            self.child(f"c{number}", seed, best.point, trained)
            for number, (seed, trained) in enumerate(zip(seeds, again, strict=True), start=1)
        ]
        parameters = self.parameters() | named(best.point) | {"study.best": f"t{best.number:03}"}
        counts = {"trials": len(trials), "trials.diverged": sum(bool(t.trained.diverged) for t in trials)}
        diverged = next((run.diverged for run in confirmed if run.diverged), None)
        metrics = {} if diverged else means([run.metrics for run in confirmed])
        tried = [self.child(f"t{t.number:03}", settings.seed, t.point, t.trained) for t in trials]
        return [Run(self.name, parameters, metrics | counts, history, diverged), *tried, *confirmed]

    def parameters(self) -> dict[str, Any]:
        """The parameters that all trainings of the study share, and those of the search; flat."""
        shared = {
            "task": self.settings.data,
            "data": self.data,
            "model": "mlp",
            "optimizer": "momentum",
            "method": self.method,
        }
        searched = {f"study.{name}": value for name, value in self.budget.model_dump().items()}
        searched["study.batch"] = self.settings.batch
        sections = {
            "network": self.objective.network,
            "training": self.objective.training,
            self.method: self.hyperparameters,
        }
        flat = {
            f"{name}.{key}": v for name, part in sections.items() for key, v in part.model_dump(mode="json").items()
        }
        return shared | {"seed": self.settings.seed} | searched | flat

    def child(self, suffix: str, seed: int, point: Point, trained: Trained) -> Run:
        parameters = self.parameters() | named(point) | {"seed": seed}
        return Run(f"{self.name}-{suffix}", parameters, trained.metrics, [], trained.diverged, parent=self.name)


def best_of(trials: Sequence[Trial]) -> Trial:
    """The first of the trials with the smallest value.

    Raises:
        BadInput: all diverged.
    """
    best = min(trials, key=lambda trial: trial.trained.value)
    if best.trained.diverged:
        raise BadInput(
            f"params.yaml: all {len(trials)} trials in tuning.study.space diverged; lower learning_rate.high, or take "
            "more trials"
        )
    return best


def named(point: Point) -> dict[str, float]:
    """The hyperparameters under the names that they have in a record."""
    return {NAMES[name]: value for name, value in point.items()}
