"""The trainings of a recipe, one for each seed. Nothing is searched."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from bakeoff.base import paths
from bakeoff.base.budget import budgeted, of_budget
from bakeoff.base.progress import Progress
from bakeoff.base.roles import Role
from bakeoff.base.values import Positive
from bakeoff.contest.combination import Combination
from bakeoff.contest.finished_runs import FinishedRuns
from bakeoff.contest.protocol import PlannedRun
from bakeoff.contest.recipe_settings import RecipeSettings
from bakeoff.contest.result import Result, weights
from bakeoff.contest.task_data import examples
from bakeoff.contest.trainer import Trainer, Watching
from bakeoff.networks.registry import NETWORKS
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.settings import Device, RunSettings
from bakeoff.training.supervised import Supervised


@dataclass(frozen=True)
class Recipe:
    """The trainings of a recipe.

    Attributes:
        seeds: the number of trainings.
        metric: of the task, on validation data; higher is better.
    """

    combination: Combination
    seeds: int
    metric: str
    device: Device

    @classmethod
    def read(cls, settings: Callable[[str, Any], Any], written: RecipeSettings, *, task: str, model: str) -> Self:
        """Return the training that a recipe describes.

        Args:
            settings: gives the value of a dotted key of params.yaml, checked by a type.
            written: the recipe as it stands in its file.

        Raises:
            BadInput: the network or the optimizer has other settings.
        """
        run = settings("run", RunSettings)
        network, hyperparameters = written.checked(
            NETWORKS[model].settings, OPTIMIZERS[written.optimizer].settings, paths.recipe(task, model)
        )
        return cls(
            combination=Combination(
                task=task,
                data=examples(settings, task),
                model=model,
                optimizer=written.optimizer,
                network=network,
                hyperparameters=hyperparameters,
                training=budgeted(settings, written.training).under(run),
                refit=written.refit,
                recipe=paths.recipe(task, model),
            ),
            seeds=of_budget(settings, "contest.recipes", Positive),
            metric=f"val/{settings(f'tasks.{task}.metric', str)}",
            device=run.device,
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
            None if self.combination.refit else self.metric,
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
