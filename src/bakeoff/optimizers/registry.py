"""The optimizers that params.yaml can name. A new one is a module, and its entry in `MODULES`."""

from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from pydantic import create_model

from bakeoff.base.settings import Settings
from bakeoff.optimizers import (
    adadelta,
    adagrad,
    adam,
    gradient_descent,
    lion,
    momentum,
    muon,
    rmsprop,
    schedule_free,
)
from bakeoff.optimizers.spec import OptimizerSpec

# Each module has a tuple SPECS of its optimizers. Tables list the optimizers in this order.
MODULES: tuple[ModuleType, ...] = (
    gradient_descent,
    momentum,
    adagrad,
    adadelta,
    rmsprop,
    adam,
    lion,
    muon,
    schedule_free,
)


def by_name(modules: tuple[ModuleType, ...]) -> dict[str, OptimizerSpec]:
    """Return the optimizers of some modules by name.

    Raises:
        ValueError: two have the same name.
    """
    found: dict[str, OptimizerSpec] = {}
    for module in modules:
        for spec in module.SPECS:
            if spec.name in found:
                raise ValueError(f"{module.__name__}: the optimizer '{spec.name}' is defined twice; rename one")
            found[spec.name] = spec
    return found


OPTIMIZERS = by_name(MODULES)

if TYPE_CHECKING:
    OptimizerName = str
    Optimizers = Any
else:
    OptimizerName = Literal[tuple(OPTIMIZERS)]
    # The section `optimizers` of params.yaml.
    Optimizers = create_model(
        "Optimizers", __base__=Settings, **{name: (spec.section, ...) for name, spec in OPTIMIZERS.items()}
    )
