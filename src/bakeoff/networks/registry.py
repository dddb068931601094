"""The networks that params.yaml can name. A new one is a module, and its entry in `MODULES`."""

from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from pydantic import create_model

from bakeoff.base.settings import Settings
from bakeoff.networks import (
    cnn,
    mlp,
    resnet,
    softmax,
    unet,
    wide_resnet,
)
from bakeoff.networks.spec import NetworkSpec

# Each module has a SPEC of its network. Tables list the networks in this order.
MODULES: tuple[ModuleType, ...] = (
    softmax,
    mlp,
    cnn,
    resnet,
    wide_resnet,
    unet,
)


def by_name(modules: tuple[ModuleType, ...]) -> dict[str, NetworkSpec]:
    """Return the networks of some modules by name.

    Raises:
        ValueError: two have the same name.
    """
    specs: dict[str, NetworkSpec] = {}
    for module in modules:
        if module.SPEC.name in specs:
            raise ValueError(f"{module.__name__}: the network '{module.SPEC.name}' is defined twice; rename one")
        specs[module.SPEC.name] = module.SPEC
    return specs


NETWORKS = by_name(MODULES)


def networks_for(*kinds: str) -> dict[str, NetworkSpec]:
    """Return the networks that can be trained on one of these kinds of data."""
    return {name: spec for name, spec in NETWORKS.items() if set(kinds) & set(spec.takes)}


CLASSIFIERS = networks_for("images", "table")
SEGMENTERS = networks_for("scans")

if TYPE_CHECKING:
    NetworkName = str
    Networks = Any
else:
    NetworkName = Literal[tuple(NETWORKS)]
    # The section `networks` of params.yaml.
    Networks = create_model(
        "Networks", __base__=Settings, **{name: (spec.settings, ...) for name, spec in NETWORKS.items()}
    )
