"""The optimizers that params.yaml can name. A new one is a module, and its entry in `MODULES`."""

from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from bakeoff.base.specs import by_name, section
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


OPTIMIZERS: dict[str, OptimizerSpec] = by_name(
    "optimizer", ((module, spec) for module in MODULES for spec in module.SPECS)
)

if TYPE_CHECKING:
    OptimizerName = str
    Optimizers = Any
else:
    OptimizerName = Literal[tuple(OPTIMIZERS)]
    # The section `optimizers` of params.yaml.
    Optimizers = section("Optimizers", {name: spec.section for name, spec in OPTIMIZERS.items()})
