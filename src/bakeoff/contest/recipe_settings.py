"""Recipes: for a network on a task the best training that is known."""

from typing import Any, Self

from pydantic import model_validator

from bakeoff.base.settings import Settings
from bakeoff.optimizers.settings import OptimizerName
from bakeoff.training.settings import TrainingSettings


class RecipeSettings(Settings):
    """Attributes:
    network: its settings, in place of those under `networks`.
    hyperparameters: of the optimizer, all of them.
    refit: train on training and validation examples together, now that the recipe is chosen; none are held out.
    """

    network: dict[str, Any]
    optimizer: OptimizerName
    hyperparameters: dict[str, Any]
    training: TrainingSettings
    refit: bool

    @model_validator(mode="after")
    def what_is_refitted_waits_for_no_validation_loss(self) -> Self:
        if self.refit and self.training.early_stop:
            raise ValueError(
                "refit is true, which leaves no validation data, and training.early_stop needs some; write "
                "early_stop: null and as many epochs as it chose, or refit: false"
            )
        return self
