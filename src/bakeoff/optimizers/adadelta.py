"""AdaDelta: steps in the units of the parameters, from running averages of gradients and of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.optimizers.root import root
from bakeoff.optimizers.settings import Decay, Epsilon, RuleSettings
from bakeoff.optimizers.spec import OptimizerSpec, State, UpdateRule, zeros

if TYPE_CHECKING:
    from torch import Tensor


class AdadeltaSettings(RuleSettings):
    rho: Decay
    epsilon: Epsilon


def update(theta: Tensor, g: Tensor, state: State, *, lr: float, rho: float, epsilon: float) -> None:
    """Take a step."""
    E, D = state["E"], state["D"]
    E.mul_(rho).addcmul_(g, g, value=1 - rho)
    d = root((D + epsilon).div_(E + epsilon)).mul_(g)  # one root for two: it is the slowest part
    D.mul_(rho).addcmul_(d, d, value=1 - rho)
    theta.sub_(d, alpha=lr)


SPECS = (
    OptimizerSpec(
        name="adadelta",
        formula="E <- rho E + (1 - rho) g^2;  d = sqrt((D + epsilon) / (E + epsilon)) g;  "
        "D <- rho D + (1 - rho) d^2;  theta <- theta - lr d;  E_0 = D_0 = 0",
        source="Zeiler 2012, arXiv:1212.5701, algorithm 1",
        deviations="a learning rate, which is 1 in the paper",
        rate_source="the paper, which has none",
        state_per_weight=2,
        settings=AdadeltaSettings,
        build=UpdateRule(update, zeros("E", "D")),
    ),
)
