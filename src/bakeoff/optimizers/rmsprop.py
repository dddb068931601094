"""RMSProp: the gradient divided by a running root mean square of itself."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer

from bakeoff.optimizers.root import root


class RMSprop(Optimizer):
    """Steps by

        E     <- beta E + (1 - beta) g^2,    E_0 = 0
        theta <- theta - lr g / (sqrt(E) + epsilon)

    Source: Tieleman & Hinton 2012, Neural Networks for Machine Learning, lecture 6.5.
    Differs: the lecture has no epsilon; here it stands outside the root, as in torch. Not torch's class, whose root
    differs between processors.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, *, beta: float, epsilon: float) -> None:
        super().__init__(parameters, {"lr": lr, "beta": beta, "epsilon": epsilon})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            lr, beta, epsilon = group["lr"], group["beta"], group["epsilon"]
            for theta in group["params"]:
                if (g := theta.grad) is None:
                    continue
                state = self.state[theta]
                if not state:
                    state["E"] = torch.zeros_like(theta)
                E = state["E"].mul_(beta).addcmul_(g, g, value=1 - beta)
                theta.addcdiv_(g, root(E).add_(epsilon), value=-lr)
