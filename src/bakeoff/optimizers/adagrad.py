"""AdaGrad as the notes print it, where a step lags behind its gradient. The published one is torch's."""

from torch import Tensor

from bakeoff.optimizers.root import root
from bakeoff.optimizers.rule import Rule, State


class LaggedAdagrad(Rule):
    """Steps by

        theta <- theta - lr g / sqrt(G),    G_0 = initial
        G     <- G + g^2

    Differs from Duchi, Hazan & Singer 2011: a step does not know its own gradient's square, so nothing bounds it by lr;
    and G_0 is a constant above 0, without which the first step would be infinite.
    """

    memory = ("G",)  # without G_0

    def update(self, theta: Tensor, g: Tensor, state: State, *, lr: float, initial: float) -> None:
        G = state["G"]
        theta.addcdiv_(g, root(G + initial), value=-lr)
        G.addcmul_(g, g)
