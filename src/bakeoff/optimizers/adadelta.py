"""AdaDelta: steps in the units of the parameters, from running averages of gradients and of steps."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer

from bakeoff.optimizers.root import root


class Adadelta(Optimizer):
    """Steps by

        E     <- rho E + (1 - rho) g^2,    E_0 = 0
        d      = sqrt((D + epsilon) / (E + epsilon)) g
        D     <- rho D + (1 - rho) d^2,    D_0 = 0
        theta <- theta - lr d

    Source: Zeiler 2012, arXiv:1212.5701, algorithm 1.
    Differs: the paper has no learning rate (lr = 1). Not torch's class, whose roots differ between processors.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, *, rho: float, epsilon: float) -> None:
        super().__init__(parameters, {"lr": lr, "rho": rho, "epsilon": epsilon})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            lr, rho, epsilon = group["lr"], group["rho"], group["epsilon"]
            for theta in group["params"]:
                if (g := theta.grad) is None:
                    continue
                state = self.state[theta]
                if not state:
                    state["E"], state["D"] = torch.zeros_like(theta), torch.zeros_like(theta)
                E, D = state["E"], state["D"]
                E.mul_(rho).addcmul_(g, g, value=1 - rho)
                d = root((D + epsilon).div_(E + epsilon)).mul_(g)  # one root for two: it is the slowest part
                D.mul_(rho).addcmul_(d, d, value=1 - rho)
                theta.sub_(d, alpha=lr)
