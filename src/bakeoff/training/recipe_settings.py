"""Recipes: for a network on a task the best training that is known."""

from typing import Any

from bakeoff.optimizers.settings import OptimizerName
from bakeoff.settings import Settings
from bakeoff.training.settings import TrainingSettings


class RecipeSettings(Settings):
    """Attributes:
    network: its settings, in place of those under `networks`.
    constants: of the optimizer, all of them.
    """

    network: dict[str, Any]
    optimizer: OptimizerName
    constants: dict[str, Any]
    training: TrainingSettings
