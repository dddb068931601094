"""The settings that the trainings of a test's study share."""

from typing import Any

from bakeoff.training.settings import plain
from bakeoff.tuning.candidate import Base


def base(
    network: dict[str, Any],
    *,
    epochs: int,
    batch_size: int,
    model: str = "mlp",
    optimizer: str = "momentum",
    hyperparameters: dict[str, Any] | None = None,
    resume: bool = False,
) -> Base:
    """Return those of a network under an optimizer, by default under momentum, with plain descent beside it."""
    plan = plain(epochs, batch_size).model_dump(mode="json", include=set(PLAN))
    values = {
        "network": network,
        "optimizer": hyperparameters or {"learning_rate": 0.1, "beta": 0.9},
        "training": plan,
        "penalty": {"weight_decay": 0.0},
    }
    return Base("params.yaml: tuning.studies.mlp", model, (optimizer,), values, resume)


PLAN = (
    "epochs",
    "batch_size",
    "augmentation",
    "schedule",
    "regularisation",
    "early_stop",
    "ema",
    "label_smoothing",
    "segmentation",
)
