"""A training by a recipe, once for each seed: its hyperparameters are known, and nothing is searched."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from bakeoff.base.progress import Progress
from bakeoff.base.roles import Role
from bakeoff.base.values import Positive
from bakeoff.contest.combination import Combination
from bakeoff.contest.finished_runs import FinishedRuns
from bakeoff.contest.protocol import PlannedRun
from bakeoff.contest.result import Result, weights
from bakeoff.contest.trainer import Trainer, Watching
from bakeoff.networks.registry import NETWORKS
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.optimizers.settings import OptimizerName
from bakeoff.training.settings import Device, TrainingSettings
from bakeoff.training.supervised import Supervised

NAMES: Any = OptimizerName  # a literal, which is no class to a type checker


@dataclass(frozen=True)
class Recipe:
    """Attributes:
    seeds: the number of trainings.
    """

    combination: Combination
    seeds: int
    device: Device

    @classmethod
    def read(cls, settings: Callable[[str, Any], Any], *, task: str, data: str, model: str) -> Self:
        """Return the recipe of params.yaml: `settings` gives the value of a dotted key, checked by a type."""
        key = f"recipes.book.{task}.{model}"
        optimizer = settings(f"{key}.optimizer", NAMES)
        return cls(
            combination=Combination(
                task=task,
                data=data,
                model=model,
                optimizer=optimizer,
                network=settings(f"{key}.network", NETWORKS[model].settings),
                hyperparameters=settings(f"{key}.hyperparameters", OPTIMIZERS[optimizer].settings),
                training=settings(f"{key}.training", TrainingSettings),
                refit=settings(f"{key}.refit", bool),
            ),
            seeds=settings("recipes.seeds", Positive),
            device=settings("device", Device),
        )

    @property
    def name(self) -> str:
        return f"{self.combination.task}-{self.combination.model}"

    def train(
        self, workload: Supervised, watch: Watching, progress: Progress, finished: FinishedRuns, workers: int = 1
    ) -> Result:
        """Train from each seed; each training reads the test split once, after the last epoch."""
        train = Trainer(
            lambda planned, checkpoint: self.combination.train(planned, workload, watch, checkpoint),
            None if self.combination.refit else "val/accuracy",
            progress,
            finished,
            workers,
        )
        hyperparameters = self.combination.hyperparameters
        trained = train(
            [
                PlannedRun(f"{self.name}-s{seed}", Role.TRAINING, seed, None, hyperparameters)
                for seed in range(self.seeds)
            ]
        )
        return Result([one.run for one in trained], weights(trained))
