"""Adam's relatives: the averages of the gradient and of its square, corrected otherwise. Adam and AdamW are torch's."""

import math

from torch import Tensor

from bakeoff.optimizers.root import root
from bakeoff.optimizers.rule import Rule, State


def moments(g: Tensor, state: State, beta1: float, beta2: float) -> tuple[Tensor, Tensor]:
    """The running averages of the gradient and of its square, with g taken in."""
    m: Tensor = state["m"].mul_(beta1).add_(g, alpha=1 - beta1)
    v: Tensor = state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
    return m, v


class UncorrectedAdam(Rule):
    """Adam as the notes print it. Steps by

        m     <- beta1 m + (1 - beta1) g,      m_0 = 0
        v     <- beta2 v + (1 - beta2) m^2,    v_0 = 0
        theta <- theta - lr m / (sqrt(v) + epsilon)

    Differs from Kingma & Ba 2015: v averages the squares of m, not of g, and neither average is corrected for its start
    at 0: the first step is lr / sqrt(1 - beta2) long. The notes have no epsilon: weights that never met a gradient
    would become NaN.
    """

    memory = ("m", "v")

    def update(
        self, theta: Tensor, g: Tensor, state: State, *, lr: float, beta1: float, beta2: float, epsilon: float
    ) -> None:
        m = state["m"].mul_(beta1).add_(g, alpha=1 - beta1)
        v = state["v"].mul_(beta2).addcmul_(m, m, value=1 - beta2)
        theta.addcdiv_(m, root(v).add_(epsilon), value=-lr)


class NAdam(Rule):
    """Steps by

        mu_t   = beta1 (1 - 0.96^(t / warmup) / 2),    P_t = mu_1 ... mu_t
        m     <- beta1 m + (1 - beta1) g,      m_0 = 0
        v     <- beta2 v + (1 - beta2) g^2,    v_0 = 0
        n      = mu_{t+1} m / (1 - P_{t+1}) + (1 - mu_t) g / (1 - P_t)
        theta <- theta - lr n / (sqrt(v / (1 - beta2^t)) + epsilon)

    Source: Dozat 2015, Incorporating Nesterov Momentum into Adam, where `warmup` is 250.
    """

    memory = ("m", "v")

    def update(
        self,
        theta: Tensor,
        g: Tensor,
        state: State,
        *,
        lr: float,
        beta1: float,
        beta2: float,
        warmup: float,
        epsilon: float,
    ) -> None:
        t = state["t"]
        mu, ahead = (beta1 * (1 - 0.5 * 0.96 ** (i / warmup)) for i in (t, t + 1))
        product = state["P"] = state.get("P", 1.0) * mu
        m, v = moments(g, state, beta1, beta2)
        denominator = root(v / (1 - beta2**t)).add_(epsilon)
        theta.addcdiv_(m, denominator, value=-lr * ahead / (1 - product * ahead))
        theta.addcdiv_(g, denominator, value=-lr * (1 - mu) / (1 - product))


class RAdam(Rule):
    """Steps by

        m     <- beta1 m + (1 - beta1) g,      m_0 = 0
        v     <- beta2 v + (1 - beta2) g^2,    v_0 = 0
        n      = m / (1 - beta1^t)
        rho    = rho_oo - 2 t beta2^t / (1 - beta2^t),    rho_oo = 2 / (1 - beta2) - 1
        theta <- theta - lr r n / (sqrt(v / (1 - beta2^t)) + epsilon)    if rho > 4
        theta <- theta - lr n                                            otherwise

    where r^2 = (rho - 4) (rho - 2) rho_oo / ((rho_oo - 4) (rho_oo - 2) rho).

    Source: Liu et al. 2020, arXiv:1908.03265, algorithm 2.
    Differs: the paper has no epsilon. The authors' program and torch compare rho with 5.
    """

    memory = ("m", "v")

    def update(
        self, theta: Tensor, g: Tensor, state: State, *, lr: float, beta1: float, beta2: float, epsilon: float
    ) -> None:
        t = state["t"]
        m, v = moments(g, state, beta1, beta2)
        rate = lr / (1 - beta1**t)
        limit = 2 / (1 - beta2) - 1
        rho = limit - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 4:
            r = math.sqrt((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho))
            theta.addcdiv_(m, root(v / (1 - beta2**t)).add_(epsilon), value=-rate * r)
        else:
            theta.sub_(m, alpha=rate)
