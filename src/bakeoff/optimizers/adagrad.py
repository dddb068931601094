"""AdaGrad, which is torch's, and a variant whose step does not yet include the square of its own gradient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bakeoff.optimizers.root import root
from bakeoff.optimizers.settings import Epsilon, PositiveFactor, RuleSettings
from bakeoff.optimizers.spec import OptimizerSpec, State, UpdateRule, zeros

if TYPE_CHECKING:
    from torch import Tensor

    from bakeoff.base.torch_optimizers import Optimizer


class AdagradSettings(RuleSettings):
    epsilon: Epsilon


class LaggedAdagradSettings(RuleSettings):
    """initial: the value of G before the first step."""

    initial: PositiveFactor


def adagrad(parameters: Iterable[Tensor], settings: AdagradSettings) -> Optimizer:
    """Return torch's Adagrad."""
    from bakeoff.base.torch_optimizers import Adagrad

    return Adagrad(
        parameters,
        settings.learning_rate,
        eps=settings.epsilon,
        lr_decay=0.0,
        initial_accumulator_value=0.0,
        fused=True,
    )


def lagged(theta: Tensor, g: Tensor, state: State, *, lr: float, initial: float) -> None:
    """Take a step of `adagrad_lagged`. The state G is kept without its initial value.

    Nothing bounds such a step by lr, for it does not know the square of its own gradient.
    """
    G = state["G"]
    theta.addcdiv_(g, root(G + initial), value=-lr)
    G.addcmul_(g, g)


SPECS = (
    OptimizerSpec(
        name="adagrad",
        formula="G <- G + g^2;  theta <- theta - lr g / (sqrt(G) + epsilon);  G_0 = 0",
        source="Duchi, Hazan & Singer 2011, JMLR 12, figure 1 with diagonal matrices",
        deviations="no projection, no regularizer; epsilon (their delta) only guards a division by zero",
        rate_source="torch's default; Duchi, Hazan & Singer leave it open",
        state_per_weight=1,
        settings=AdagradSettings,
        build=adagrad,
    ),
    OptimizerSpec(
        name="adagrad_lagged",
        formula="theta <- theta - lr g / sqrt(G);  G <- G + g^2;  G_0 = initial",
        source="lecture notes that print AdaGrad in this form; after Duchi, Hazan & Singer 2011, JMLR 12",
        deviations="from the paper: G is what it was before g. From the notes, which leave G_0 open: a constant above "
        "0, for at 0 the first step would be infinite",
        rate_source="that of adagrad; the notes leave it open",
        state_per_weight=1,
        settings=LaggedAdagradSettings,
        build=UpdateRule(lagged, zeros("G")),
    ),
)
