"""Momentum in three forms: an average of gradients, the heavy ball's sum of them, and Nesterov's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bakeoff.optimizers.settings import Decay, RuleSettings
from bakeoff.optimizers.spec import OptimizerSpec

if TYPE_CHECKING:
    from torch import Tensor

    from bakeoff.base.torch_optimizers import Optimizer


class MomentumSettings(RuleSettings):
    """The settings of all three forms."""

    beta: Decay


def average(parameters: Iterable[Tensor], settings: MomentumSettings) -> Optimizer:
    """Return torch's SGD with damped momentum. It starts v at the first gradient, undamped: the v_0 of the formula."""
    from bakeoff.base.torch_optimizers import SGD

    return SGD(parameters, settings.learning_rate, momentum=settings.beta, dampening=settings.beta, nesterov=False)


def heavy_ball(parameters: Iterable[Tensor], settings: MomentumSettings) -> Optimizer:
    """Return torch's SGD with momentum."""
    from bakeoff.base.torch_optimizers import SGD

    return SGD(parameters, settings.learning_rate, momentum=settings.beta, dampening=0.0, nesterov=False)


def nesterov(parameters: Iterable[Tensor], settings: MomentumSettings) -> Optimizer:
    """Return torch's SGD with Nesterov's momentum."""
    from bakeoff.base.torch_optimizers import SGD

    return SGD(parameters, settings.learning_rate, momentum=settings.beta, dampening=0.0, nesterov=True)


SPECS = (
    OptimizerSpec(
        name="momentum",
        formula="v <- beta v + (1 - beta) g;  theta <- theta - lr v;  v_0 = g_0",
        source="Polyak 1964, USSR Computational Mathematics and Mathematical Physics 4(5)",
        deviations="v is an average, not a sum: a step is 1 - beta times as long as the heavy ball's at the same rate",
        rate_source="the heavy ball's, times 1 / (1 - beta) for steps of its length",
        state_per_weight=1,
        settings=MomentumSettings,
        build=average,
    ),
    OptimizerSpec(
        name="heavy_ball",
        formula="v <- beta v + g;  theta <- theta - lr v;  v_0 = 0",
        source="Polyak 1964, USSR Computational Mathematics and Mathematical Physics 4(5)",
        deviations="none",
        rate_source="Krizhevsky, Sutskever & Hinton 2012, NeurIPS 25, section 5",
        state_per_weight=1,
        settings=MomentumSettings,
        build=heavy_ball,
    ),
    OptimizerSpec(
        name="nesterov",
        formula="v <- beta v + g;  theta <- theta - lr (g + beta v);  v_0 = 0",
        source="Sutskever, Martens, Dahl & Hinton 2013, ICML, equations 3 and 4; after Nesterov 1983",
        deviations="theta is the point ahead, where they take the gradient: their theta, and beta times their v; "
        "beta is constant",
        rate_source="Zagoruyko & Komodakis 2016, arXiv:1605.07146, section 3",
        state_per_weight=1,
        settings=MomentumSettings,
        build=nesterov,
    ),
)
