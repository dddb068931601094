"""RMSProp: the gradient divided by a running root mean square of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.optimizers.root import root
from bakeoff.optimizers.settings import Decay, Epsilon, RuleSettings
from bakeoff.optimizers.spec import OptimizerSpec, State, UpdateRule, zeros

if TYPE_CHECKING:
    from torch import Tensor


class RmspropSettings(RuleSettings):
    beta: Decay
    epsilon: Epsilon


def update(theta: Tensor, g: Tensor, state: State, *, lr: float, beta: float, epsilon: float) -> None:
    """Take a step."""
    E = state["E"].mul_(beta).addcmul_(g, g, value=1 - beta)
    theta.addcdiv_(g, root(E).add_(epsilon), value=-lr)


SPECS = (
    OptimizerSpec(
        name="rmsprop",
        formula="E <- beta E + (1 - beta) g^2;  theta <- theta - lr g / (sqrt(E) + epsilon);  E_0 = 0",
        source="Tieleman & Hinton 2012, Neural Networks for Machine Learning, lecture 6.5",
        deviations="epsilon, which the lecture does not have, outside the root as in torch; not centred, no momentum",
        rate_source="Ruder 2016, arXiv:1609.04747, section 4.5, after Hinton",
        state_per_weight=1,
        settings=RmspropSettings,
        build=UpdateRule(update, zeros("E")),
    ),
)
