"""Schedule-Free: gradients at a point between where the steps lead and their average, which is what one evaluates."""

from collections.abc import Iterator

import torch
from torch import Tensor

from bakeoff.optimizers.root import root
from bakeoff.optimizers.rule import Rule, State


class ScheduleFree(Rule):
    """Steps, with g taken at y = (1 - beta1) z + beta1 x, by

        v <- beta2 v + (1 - beta2) g^2,    v_0 = 0
        z <- z - lr (g / (sqrt(v / (1 - beta2^t)) + epsilon) + weight_decay y)
        x <- (1 - c) x + c z,              c = lr^2 / W, W the sum of all lr^2 so far

    from z = x = y. The weights are y while training goes on; x is computed from y and z when `evaluation` asks for it.

    Source: Defazio et al. 2024, arXiv:2405.15682, algorithm 1.
    Differs: the warm-up is the schedule's, inside lr. A rate that falls weighs less here, as in the paper; the authors'
    program weighs by the largest rate so far. Theirs takes its root from MKL.
    """

    def start(self, theta: Tensor) -> State:
        return {"z": theta.detach().clone(), "v": torch.zeros_like(theta), "W": 0.0}

    def update(
        self,
        theta: Tensor,
        g: Tensor,
        state: State,
        *,
        lr: float,
        beta1: float,
        beta2: float,
        epsilon: float,
        weight_decay: float,
    ) -> None:
        y, z = theta, state["z"]
        v = state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
        d = g / root(v / (1 - beta2 ** state["t"])).add_(epsilon)
        d.add_(y, alpha=weight_decay)
        state["W"] += lr * lr
        c = lr * lr / state["W"] if lr else 0.0
        y.add_(z - y, alpha=c).sub_(d, alpha=lr * (1 - beta1 * (1 - c)))  # x and z both gone, y's own step
        z.sub_(d, alpha=lr)

    def averages(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Each tensor of weights y that has had a step, and its x."""
        for group in self.param_groups:
            beta1 = group["beta1"]
            for y in group["params"]:
                if y in self.state:
                    yield y, (y - (1 - beta1) * self.state[y]["z"]) / beta1
