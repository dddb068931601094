"""Adam and its variants, of which Adam and AdamW are torch's."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from bakeoff.optimizers.root import root
from bakeoff.optimizers.settings import Decay, Epsilon, PositiveFactor, RuleSettings, WeightDecay
from bakeoff.optimizers.spec import OptimizerSpec, State, UpdateRule, zeros

if TYPE_CHECKING:
    from torch import Tensor

    from bakeoff.base.torch_optimizers import Optimizer


class AdamSettings(RuleSettings):
    """The settings of Adam, of Adam without bias correction, and of RAdam."""

    beta1: Decay
    beta2: Decay
    epsilon: Epsilon


class AdamwSettings(AdamSettings):
    weight_decay: WeightDecay


class NadamSettings(AdamSettings):
    """warmup: the time constant of the momentum schedule mu_t, in steps."""

    warmup: PositiveFactor


def adam(parameters: Iterable[Tensor], settings: AdamSettings) -> Optimizer:
    """Return torch's Adam. It is fused, for torch's other loops take their root from MKL: see `UpdateRule`."""
    from bakeoff.base.torch_optimizers import Adam

    betas = (settings.beta1, settings.beta2)
    return Adam(parameters, settings.learning_rate, betas=betas, eps=settings.epsilon, amsgrad=False, fused=True)


def adamw(parameters: Iterable[Tensor], settings: AdamwSettings) -> Optimizer:
    """Return torch's AdamW, fused as Adam."""
    from bakeoff.base.torch_optimizers import AdamW

    return AdamW(
        parameters,
        settings.learning_rate,
        betas=(settings.beta1, settings.beta2),
        eps=settings.epsilon,
        weight_decay=settings.weight_decay,
        amsgrad=False,
        fused=True,
    )


def moments(g: Tensor, state: State, beta1: float, beta2: float) -> tuple[Tensor, Tensor]:
    """Return the running averages of the gradient and of its square, updated with g."""
    m: Tensor = state["m"].mul_(beta1).add_(g, alpha=1 - beta1)
    v: Tensor = state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
    return m, v


def uncorrected(
    theta: Tensor, g: Tensor, state: State, *, lr: float, beta1: float, beta2: float, epsilon: float
) -> None:
    """Take a step of `adam_uncorrected`. The first one is lr / sqrt(1 - beta2) long."""
    m = state["m"].mul_(beta1).add_(g, alpha=1 - beta1)
    v = state["v"].mul_(beta2).addcmul_(m, m, value=1 - beta2)
    theta.addcdiv_(m, root(v).add_(epsilon), value=-lr)


def nadam(
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
    """Take a step of `nadam`."""
    t = state["t"]
    mu, ahead = (beta1 * (1 - 0.5 * 0.96 ** (i / warmup)) for i in (t, t + 1))  # mu_t and mu_{t+1}
    product = state["P"] = state.get("P", 1.0) * mu
    m, v = moments(g, state, beta1, beta2)
    denominator = root(v / (1 - beta2**t)).add_(epsilon)
    theta.addcdiv_(m, denominator, value=-lr * ahead / (1 - product * ahead))
    theta.addcdiv_(g, denominator, value=-lr * (1 - mu) / (1 - product))


def radam(theta: Tensor, g: Tensor, state: State, *, lr: float, beta1: float, beta2: float, epsilon: float) -> None:
    """Take a step of `radam`."""
    t = state["t"]
    m, v = moments(g, state, beta1, beta2)
    rate = lr / (1 - beta1**t)
    limit = 2 / (1 - beta2) - 1  # rho_oo
    rho = limit - 2 * t * beta2**t / (1 - beta2**t)
    if rho > 4:
        r = math.sqrt((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho))
        theta.addcdiv_(m, root(v / (1 - beta2**t)).add_(epsilon), value=-rate * r)
    else:
        theta.sub_(m, alpha=rate)


SPECS = (
    OptimizerSpec(
        name="adam",
        formula="m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;  "
        "theta <- theta - lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon);  m_0 = v_0 = 0",
        source="Kingma & Ba 2015, arXiv:1412.6980, algorithm 1",
        deviations="none",
        rate_source="the paper, algorithm 1",
        state_per_weight=2,
        settings=AdamSettings,
        build=adam,
    ),
    OptimizerSpec(
        name="adam_uncorrected",
        formula="m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) m^2;  "
        "theta <- theta - lr m / (sqrt(v) + epsilon);  m_0 = v_0 = 0",
        source="lecture notes that print Adam in this form; after Kingma & Ba 2015, arXiv:1412.6980",
        deviations="from the paper: v averages m^2, not g^2, and neither average is corrected for its start at 0. From "
        "the notes: epsilon, without which weights that never had a gradient would become NaN",
        rate_source="that of adam; the notes leave it open",
        state_per_weight=2,
        settings=AdamSettings,
        build=UpdateRule(uncorrected, zeros("m", "v")),
    ),
    OptimizerSpec(
        name="adamw",
        formula="theta <- theta - lr weight_decay theta, then Adam's step",
        source="Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2",
        deviations="the decay is scaled by lr, which they keep apart from their schedule; biases decay too",
        rate_source="the paper, algorithm 2",
        state_per_weight=2,
        settings=AdamwSettings,
        build=adamw,
    ),
    OptimizerSpec(
        name="nadam",
        formula="m, v as Adam's;  mu_t = beta1 (1 - 0.96^(t / warmup) / 2);  P_t = mu_1 ... mu_t;  "
        "n = mu_{t+1} m / (1 - P_{t+1}) + (1 - mu_t) g / (1 - P_t);  "
        "theta <- theta - lr n / (sqrt(v / (1 - beta2^t)) + epsilon)",
        source="Dozat 2015, Incorporating Nesterov Momentum into Adam, Stanford CS229 report 54; its warmup is 250",
        deviations="the form that torch and Keras have: mu schedules the look-ahead, the average m keeps a constant "
        "beta1",
        rate_source="torch's default",
        state_per_weight=2,
        settings=NadamSettings,
        build=UpdateRule(nadam, zeros("m", "v")),
    ),
    OptimizerSpec(
        name="radam",
        formula="m, v as Adam's;  n = m / (1 - beta1^t);  rho = rho_oo - 2 t beta2^t / (1 - beta2^t), "
        "rho_oo = 2 / (1 - beta2) - 1;  theta <- theta - lr n while rho <= 4, and from then on "
        "theta <- theta - lr r n / (sqrt(v / (1 - beta2^t)) + epsilon), "
        "r^2 = (rho - 4) (rho - 2) rho_oo / ((rho_oo - 4) (rho_oo - 2) rho)",
        source="Liu et al. 2020, arXiv:1908.03265, algorithm 2",
        deviations="epsilon, outside the root; torch and the authors' program compare rho with 5",
        rate_source="torch's default",
        state_per_weight=2,
        settings=AdamSettings,
        build=UpdateRule(radam, zeros("m", "v")),
    ),
)
