"""Lion: steps of one length for every weight, in the direction of a sign."""

from torch import Tensor

from bakeoff.optimizers.rule import Rule, State


class Lion(Rule):
    """Steps by

        theta <- theta - lr (sign(beta1 m + (1 - beta1) g) + weight_decay theta)
        m     <- beta2 m + (1 - beta2) g,    m_0 = 0

    Source: Chen et al. 2023, arXiv:2302.06675, algorithm 2.
    """

    memory = ("m",)

    def update(
        self, theta: Tensor, g: Tensor, state: State, *, lr: float, beta1: float, beta2: float, weight_decay: float
    ) -> None:
        m = state["m"]
        direction = (m * beta1).add_(g, alpha=1 - beta1).sign_()
        theta.mul_(1 - lr * weight_decay).sub_(direction, alpha=lr)
        m.mul_(beta2).add_(g, alpha=1 - beta2)
