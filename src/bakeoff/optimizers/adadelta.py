"""AdaDelta: steps in the units of the parameters, from running averages of gradients and of steps."""

from torch import Tensor

from bakeoff.optimizers.root import root
from bakeoff.optimizers.rule import Rule, State


class Adadelta(Rule):
    """Steps by

        E     <- rho E + (1 - rho) g^2,    E_0 = 0
        d      = sqrt((D + epsilon) / (E + epsilon)) g
        D     <- rho D + (1 - rho) d^2,    D_0 = 0
        theta <- theta - lr d

    Source: Zeiler 2012, arXiv:1212.5701, algorithm 1.
    Differs: the paper has no learning rate (lr = 1).
    """

    memory = ("E", "D")

    def update(self, theta: Tensor, g: Tensor, state: State, *, lr: float, rho: float, epsilon: float) -> None:
        E, D = state["E"], state["D"]
        E.mul_(rho).addcmul_(g, g, value=1 - rho)
        d = root((D + epsilon).div_(E + epsilon)).mul_(g)  # one root for two: it is the slowest part
        D.mul_(rho).addcmul_(d, d, value=1 - rho)
        theta.sub_(d, alpha=lr)
