"""A training by a recipe, once for each seed: nothing is searched, what is known is done."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

from bakeoff.base.progress import Progress
from bakeoff.base.record import Run
from bakeoff.contest.contest import Budget, Cell, Entrant, Result, Trainer, Watching
from bakeoff.contest.finished_runs import Kept
from bakeoff.networks.registry import NETWORKS
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.optimizers.settings import OptimizerName
from bakeoff.training.settings import Device, Positive, TrainingSettings
from bakeoff.training.supervised import Supervised

NAMES: Any = OptimizerName  # a literal, which is no class to a type checker


@dataclass(frozen=True)
class Recipe:
    """Attributes:
    cell: the final runs of a contest in which the search is left out.
    """

    cell: Cell

    @classmethod
    def read(cls, settings: Callable[[str, Any], Any], *, task: str, data: str, model: str) -> Self:
        """The recipe of params.yaml: `settings` returns what stands there under a dotted key, checked by a type."""
        key = f"recipes.book.{task}.{model}"
        optimizer = settings(f"{key}.optimizer", NAMES)
        cell = Cell(
            task=task,
            data=data,
            model=model,
            optimizer=optimizer,
            network=settings(f"{key}.network", NETWORKS[model].settings),
            constants=settings(f"{key}.constants", OPTIMIZERS[optimizer].settings),
            space={},
            training=settings(f"{key}.training", TrainingSettings),
            budget=Budget(trials=0, finalists=0, reruns=0, seeds=settings("recipes.seeds", Positive)),
            metric="val/accuracy",
            device=settings("device", Device),
            refit=settings(f"{key}.refit", bool),
        )
        return cls(cell)

    @property
    def name(self) -> str:
        return f"{self.cell.task}-{self.cell.model}"

    def train(self, workload: Supervised, watch: Watching, progress: Progress, kept: Kept, workers: int = 1) -> Result:
        """As many trainings at a time as there are workers; the test split is read once by each, after the last epoch.

        What `kept` holds of a stage that was stopped is not trained again.
        """
        entrants = [
            Entrant(f"{self.name}-s{seed}", "final", seed, None, self.cell.constants)
            for seed in range(self.cell.budget.seeds)
        ]
        trained = Trainer(self.cell, workload, watch, progress, kept, workers)(entrants)
        weights = {
            f"s{one.run.parameters['seed']}.{name}": weight for one in trained for name, weight in one.weights.items()
        }
        return Result([one.run for one in trained], weights)


def runs(result: Result) -> list[Run]:
    """The runs for a record: they have no part in a contest."""
    return [
        replace(run, parameters={k: v for k, v in run.parameters.items() if k not in ("role", "point")})
        for run in result.runs
    ]
