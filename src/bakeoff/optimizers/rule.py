"""The base class of the update rules that are written here."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.optim import Optimizer

State = dict[str, Any]


class Rule(Optimizer, ABC):
    """An optimizer that updates each tensor of weights by itself; one without a gradient stays as it is.

    A rule stands here, and is not torch's class, where torch has none, or where torch's takes its root from MKL, which
    rounds differently on different processors.

    Attributes:
        memory: what a rule remembers of each tensor: tensors of its shape, which start at 0.
    """

    memory: ClassVar[tuple[str, ...]]

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float, **hyperparameters: Any) -> None:
        super().__init__(parameters, {"lr": learning_rate} | hyperparameters)
        self.hyperparameters = ("lr", *hyperparameters)

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            hyperparameters = {
                name: group[name] for name in self.hyperparameters
            }  # schedules keep their own beside these
            for theta in group["params"]:
                if theta.grad is None:
                    continue
                state = self.state[theta]
                if not state:
                    state.update(self.start(theta), t=0)
                state["t"] += 1
                self.update(theta, theta.grad, state, **hyperparameters)

    def start(self, theta: Tensor) -> State:
        """Return the state before the first step, without the number t of steps taken."""
        return {name: torch.zeros_like(theta) for name in self.memory}

    @abstractmethod
    def update(self, *args: Any, **kwargs: Any) -> None:
        """Steps `theta` along its gradient `g`, and `state` with it, in place. `state["t"]` is 1 in the first step."""
