"""The sections `contest` and `tasks` of params.yaml."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from bakeoff.base.paths import Kind
from bakeoff.base.settings import Settings
from bakeoff.base.values import DISTINCT, Metric, Positive, Seed
from bakeoff.contest.baseline_settings import BaselineName
from bakeoff.data.names import data_name, task_name
from bakeoff.networks.registry import NetworkName
from bakeoff.optimizers.registry import OptimizerName
from bakeoff.training.settings import PlanSettings

DataName = Annotated[str, AfterValidator(data_name)]
TaskName = Annotated[str, AfterValidator(task_name)]

# What is measured on validation data of each kind; a task is decided by one of them.
METRICS: dict[Kind, tuple[Metric, ...]] = {
    "images": ("accuracy", "auc"),
    "table": ("auc", "accuracy"),
    "scans": ("dice",),
}


class ContestSettings(Settings):
    """The section `contest` of params.yaml.

    Attributes:
        search_seed: of the trials; the reruns have those that follow, final runs 0, 1, and so on.
    """

    search_seed: Annotated[Seed, Field(le=2**31)]


class ContestBudget(Settings):
    """Numbers of trainings of a network under an optimizer, the same for all. cell.py describes their roles.

    Attributes:
        trials: points of its space.
        finalists: of these, trained again.
        reruns: of each finalist.
        defaults: runs with the default hyperparameters, from the first of the final seeds on.
        finals: runs at the pick, by network: fewer for what takes long.
        recipes: trainings of each recipe.
    """

    trials: Positive
    finalists: Positive
    reruns: Positive
    defaults: Positive
    finals: dict[NetworkName, Positive]
    recipes: Positive

    @model_validator(mode="after")
    def finalists_are_trials(self) -> Self:
        if self.finalists > self.trials:
            raise ValueError(f"finalists is {self.finalists}, and should be at most trials, {self.trials}")
        return self

    @model_validator(mode="after")
    def default_runs_have_final_seeds(self) -> Self:
        for model, finals in self.finals.items():
            if self.defaults > finals:
                raise ValueError(f"defaults is {self.defaults}, and should be at most finals.{model}, {finals}")
        return self


class TaskSettings(Settings):
    """A task: a data set, a matrix of models and optimizers, their training, and the metric that ranks them.

    Attributes:
        metric: on validation data; higher is better.
        training: of every model under every optimizer.
        recipes: models that are trained by their recipe, recipes/<task>/<model>.yaml, too.
        baselines: classifiers that are no networks, fitted to the same data.
    """

    data: DataName
    metric: Metric
    models: Annotated[tuple[NetworkName, ...], Field(strict=False, min_length=1), DISTINCT]
    optimizers: Annotated[tuple[OptimizerName, ...], Field(strict=False, min_length=1), DISTINCT]
    training: PlanSettings
    recipes: Annotated[tuple[NetworkName, ...], Field(strict=False), DISTINCT]
    baselines: Annotated[tuple[BaselineName, ...], Field(strict=False), DISTINCT]
