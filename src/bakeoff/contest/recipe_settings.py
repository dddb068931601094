"""Recipes: for a network on a task the best training that is known, in recipes/<task>/<model>.yaml."""

from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import model_validator

from bakeoff.base.settings import Settings, validate
from bakeoff.optimizers.registry import OptimizerName
from bakeoff.training.settings import PlanSettings

NetworkSettings = TypeVar("NetworkSettings", bound=Settings)
Hyperparameters = TypeVar("Hyperparameters", bound=Settings)


class RecipeSettings(Settings):
    """The settings of a recipe.

    Attributes:
        network: its settings, in place of those under `networks`.
        hyperparameters: of the optimizer, all of them.
        refit: train on training and validation examples together, now that the recipe is chosen; none are held out.
    """

    network: dict[str, Any]
    optimizer: OptimizerName
    hyperparameters: dict[str, Any]
    training: PlanSettings
    refit: bool

    def checked(
        self, network: type[NetworkSettings], optimizer: type[Hyperparameters], path: str
    ) -> tuple[NetworkSettings, Hyperparameters]:
        """Return the settings of the network and of the optimizer, checked by their classes.

        Raises:
            BadInput: names the keys that are unknown, missing, ill-typed or out of range.
        """
        document, file = self.model_dump(), Path(path)
        return (
            validate(document, "network", network, file),
            validate(document, "hyperparameters", optimizer, file),
        )

    @model_validator(mode="after")
    def what_is_refitted_waits_for_no_validation_loss(self) -> Self:
        if self.refit and self.training.early_stop:
            raise ValueError(
                "refit is true, which leaves no validation data, and training.early_stop needs some; write "
                "early_stop: null and as many epochs as it chose, or refit: false"
            )
        return self
