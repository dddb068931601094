"""Settings of small networks, which tests train, restore or draw."""

from typing import Any

UNET: dict[str, Any] = {
    "channels": 2,
    "depth": 1,
    "padding": "same",
    "up": "nearest",
    "normalisation": "none",
    "dropout": 0.0,
    "residual": False,
    "skips": True,
    "activation": "relu",
    "initialisation": "he",
}
