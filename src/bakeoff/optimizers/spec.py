"""The description of an optimizer, and update rules as plain functions.

Nothing here imports torch before an optimizer is built: `bakeoff check` and every stage read the settings of all
optimizers, and importing torch takes three seconds.

In formulas g is the gradient at theta of the mean loss over a batch, lr the learning rate of the step, and operations
are elementwise. The batch size decides which kind of gradient descent it is, under any optimizer: all examples for
batch gradient descent, some for mini-batch, one for stochastic, and the next one of a stream for online learning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bakeoff.base.settings import Settings
from bakeoff.optimizers.settings import OptimizerSection, Scale, scales

if TYPE_CHECKING:
    from torch import Tensor

    from bakeoff.base.torch_optimizers import Optimizer

State = dict[str, Any]


@dataclass(frozen=True)
class OptimizerSpec:
    """An optimizer that params.yaml can name.

    Attributes:
        formula: the update.
        deviations: differences from the source.
        rate_source: where the default learning rate of params.yaml is from.
        state_per_weight: the number of floats that are kept of each weight of a matrix between steps.
        settings: the class of its hyperparameters; their types say which can be searched, and on which scale.
        build: returns the optimizer of some parameters, given an object of `settings`. It imports torch inside.
    """

    name: str
    formula: str
    source: str
    deviations: str
    rate_source: str
    state_per_weight: int
    settings: type[Settings]
    build: Callable[[Iterable[Tensor], Any], Optimizer]

    @property
    def scales(self) -> dict[str, Scale]:
        """The hyperparameters that can be searched, each with its scale."""
        return scales(self.settings)

    @property
    def averages(self) -> bool:
        """Whether the evaluated weights are an average of the trained ones."""
        return isinstance(self.build, UpdateRule) and self.build.average is not None

    @property
    def section(self) -> type[OptimizerSection[Any]]:
        """The class of the optimizer's section of params.yaml."""
        return OptimizerSection.__class_getitem__(self.settings)  # type: ignore[return-value]


def zeros(*names: str) -> Callable[[Tensor], State]:
    """Return a function that starts the state of a tensor: a tensor of its shape for each name, filled with 0."""

    def start(theta: Tensor) -> State:
        import torch

        return {name: torch.zeros_like(theta) for name in names}

    return start


@dataclass(frozen=True)
class UpdateRule:
    """An update rule that is written here, and not a class of torch.optim. Called, it builds the optimizer.

    Rules are written here where torch has none, or where torch's takes its root from MKL, which rounds differently on
    different processors.

    Attributes:
        update: changes the weights theta along their gradient g, and the state, in place. Its other arguments are the
            hyperparameters by name; the learning rate is `lr`. `state["t"]` is 1 in the first step.
        start: returns the state of a tensor before the first step, without the number t of steps.
        average: returns the weights to evaluate, of the trained weights, their state and the hyperparameters; None
            where the trained weights are evaluated.
    """

    update: Callable[..., None]
    start: Callable[[Tensor], State]
    average: Callable[[Tensor, State, Mapping[str, Any]], Tensor] | None = None

    def __call__(self, parameters: Iterable[Tensor], settings: Settings) -> Optimizer:
        from bakeoff.optimizers.rule import RuleOptimizer

        return RuleOptimizer(self, parameters, **dict(settings))
