"""RMSProp: the gradient divided by a running root mean square of itself."""

from torch import Tensor

from bakeoff.optimizers.root import root
from bakeoff.optimizers.rule import Rule, State


class RMSprop(Rule):
    """Steps by

        E     <- beta E + (1 - beta) g^2,    E_0 = 0
        theta <- theta - lr g / (sqrt(E) + epsilon)

    Source: Tieleman & Hinton 2012, Neural Networks for Machine Learning, lecture 6.5.
    Differs: the lecture has no epsilon; here it stands outside the root, as in torch.
    """

    memory = ("E",)

    def update(self, theta: Tensor, g: Tensor, state: State, *, lr: float, beta: float, epsilon: float) -> None:
        E = state["E"].mul_(beta).addcmul_(g, g, value=1 - beta)
        theta.addcdiv_(g, root(E).add_(epsilon), value=-lr)
