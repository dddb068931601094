"""Lion: steps of one length for every weight, in the direction of a sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.optimizers.settings import Decay, RuleSettings, WeightDecay
from bakeoff.optimizers.spec import OptimizerSpec, State, UpdateRule, zeros

if TYPE_CHECKING:
    from torch import Tensor


class LionSettings(RuleSettings):
    beta1: Decay
    beta2: Decay
    weight_decay: WeightDecay


def update(
    theta: Tensor, g: Tensor, state: State, *, lr: float, beta1: float, beta2: float, weight_decay: float
) -> None:
    """Take a step."""
    m = state["m"]
    direction = (m * beta1).add_(g, alpha=1 - beta1).sign_()
    theta.mul_(1 - lr * weight_decay).sub_(direction, alpha=lr)
    m.mul_(beta2).add_(g, alpha=1 - beta2)


SPECS = (
    OptimizerSpec(
        name="lion",
        formula="theta <- theta - lr (sign(beta1 m + (1 - beta1) g) + weight_decay theta);  "
        "m <- beta2 m + (1 - beta2) g;  m_0 = 0",
        source="Chen et al. 2023, arXiv:2302.06675, algorithm 2",
        deviations="the rate falls only by a schedule",
        rate_source="the authors' program",
        state_per_weight=1,
        settings=LionSettings,
        build=UpdateRule(update, zeros("m")),
    ),
)
