"""The optimizer that follows an update rule."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from bakeoff.base.torch_optimizers import Optimizer
from bakeoff.optimizers.spec import UpdateRule


class RuleOptimizer(Optimizer):
    """An optimizer that updates each tensor of weights by itself. A tensor without a gradient stays as it is."""

    def __init__(
        self, rule: UpdateRule, parameters: Iterable[Tensor], learning_rate: float, **hyperparameters: Any
    ) -> None:
        super().__init__(parameters, {"lr": learning_rate} | hyperparameters)
        self.rule = rule
        self.hyperparameters = ("lr", *hyperparameters)

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Take one step."""
        for group in self.param_groups:
            # Learning rate schedules keep values of their own in the group.
            hyperparameters = {name: group[name] for name in self.hyperparameters}
            for theta in group["params"]:
                if theta.grad is None:
                    continue
                state = self.state[theta]
                if not state:
                    state.update(self.rule.start(theta), t=0)
                state["t"] += 1
                self.rule.update(theta, theta.grad, state, **hyperparameters)

    def averages(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield each tensor of weights that has had a step, and its average, where the average is evaluated."""
        if self.rule.average is None:
            return
        for group in self.param_groups:
            for theta in group["params"]:
                if theta in self.state:
                    yield theta, self.rule.average(theta, self.state[theta], group)
