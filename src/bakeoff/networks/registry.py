"""The networks that params.yaml can name. A new one is a module, and its entry in `MODULES`."""

from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from bakeoff.base.specs import by_name, section
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


NETWORKS: dict[str, NetworkSpec] = by_name("network", ((module, module.SPEC) for module in MODULES))


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
    Networks = section("Networks", {name: spec.settings for name, spec in NETWORKS.items()})
