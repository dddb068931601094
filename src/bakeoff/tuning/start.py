"""The source of the settings that a study neither fixes nor searches: params.yaml, or a recipe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bakeoff.base import paths
from bakeoff.base.budget import Read
from bakeoff.base.settings import Settings
from bakeoff.contest.recipe_settings import RecipeSettings
from bakeoff.networks.registry import NETWORKS
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.settings import PlanSettings
from bakeoff.tuning.settings import StudySettings


@dataclass(frozen=True)
class Start:
    """The settings of a training before those of a study.

    Attributes:
        defaults: the hyperparameters of each optimizer of the study.
    """

    network: Settings
    defaults: Mapping[str, Settings]
    training: PlanSettings


def started(read: Read, read_file: Callable[[str, Any], Any], study: StudySettings) -> Start:
    """Return the settings with which a study begins.

    Args:
        read_file: gives the whole of another file of settings.
    """
    if study.start == "recipe":
        return of_recipe(read_file(paths.recipe(study.task, study.model), RecipeSettings), study)
    return Start(
        read(f"networks.{study.model}", NETWORKS[study.model].settings),
        {rule: read(f"optimizers.{rule}.defaults", OPTIMIZERS[rule].settings) for rule in study.optimizers},
        read(f"tasks.{study.task}.training", PlanSettings),
    )


def of_recipe(written: RecipeSettings, study: StudySettings) -> Start:
    """Return the settings of a recipe.

    Raises:
        BadInput: the network or the optimizer has other settings.
    """
    optimizer = written.optimizer
    network, hyperparameters = written.checked(
        NETWORKS[study.model].settings, OPTIMIZERS[optimizer].settings, paths.recipe(study.task, study.model)
    )
    return Start(network, {optimizer: hyperparameters}, written.training)
