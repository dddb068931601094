"""Schedule-Free: gradients are taken between the last step's end and the average of all, and the average is evaluated.

The weights are y while training goes on. The average x is computed from y and z where it is evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from bakeoff.optimizers.adam import AdamwSettings
from bakeoff.optimizers.root import root
from bakeoff.optimizers.settings import Scale
from bakeoff.optimizers.spec import OptimizerSpec, State, UpdateRule, zeros

if TYPE_CHECKING:
    from torch import Tensor


class ScheduleFreeSettings(AdamwSettings):
    """beta1: the share of the average in the point where gradients are taken. At 0 the average could not be found."""

    beta1: Annotated[float, Field(gt=0, lt=1), Scale.LOG_COMPLEMENT]


def start(theta: Tensor) -> State:
    """Return the state before the first step; W is the sum of all lr^2."""
    return {"z": theta.detach().clone(), **zeros("v")(theta), "W": 0.0}


def update(
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
    """Take a step. The formula with x eliminated, which is not kept."""
    y, z = theta, state["z"]
    v = state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
    d = g / root(v / (1 - beta2 ** state["t"])).add_(epsilon)
    d.add_(y, alpha=weight_decay)
    state["W"] += lr * lr
    c = lr * lr / state["W"] if lr else 0.0
    y.add_(z - y, alpha=c).sub_(d, alpha=lr * (1 - beta1 * (1 - c)))
    z.sub_(d, alpha=lr)


def average(y: Tensor, state: State, hyperparameters: Mapping[str, Any]) -> Tensor:
    """Return x."""
    beta1 = hyperparameters["beta1"]
    x: Tensor = (y - (1 - beta1) * state["z"]) / beta1
    return x


SPECS = (
    OptimizerSpec(
        name="schedule_free",
        formula="g at y = (1 - beta1) z + beta1 x;  v <- beta2 v + (1 - beta2) g^2;  "
        "z <- z - lr (g / (sqrt(v / (1 - beta2^t)) + epsilon) + weight_decay y);  "
        "x <- (1 - c) x + c z, c = lr^2 / (sum of all lr^2);  x is evaluated;  z_0 = x_0, v_0 = 0",
        source="Defazio et al. 2024, arXiv:2405.15682, algorithm 1",
        deviations="the warm-up is the schedule's; a rate that falls weighs less, as in the paper, where the authors' "
        "program weighs by the largest rate so far; batch norm's running averages are those seen at y, not at x",
        rate_source="the authors' program",
        state_per_weight=2,
        settings=ScheduleFreeSettings,
        build=UpdateRule(update, start, average),
    ),
)
