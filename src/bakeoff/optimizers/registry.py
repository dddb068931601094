"""The optimizers: for each its rule, where it comes from, how it departs from there, and how it is built.

In the rules g is the gradient of the loss at theta, lr the learning rate, and operations are elementwise.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.optim import SGD, Adagrad, Adam, Optimizer

from bakeoff.optimizers.adadelta import Adadelta
from bakeoff.optimizers.rmsprop import RMSprop
from bakeoff.optimizers.settings import (
    AdadeltaSettings,
    AdagradSettings,
    AdamSettings,
    MomentumSettings,
    RmspropSettings,
    SgdSettings,
)
from bakeoff.settings import Settings


@dataclass(frozen=True)
class OptimizerSpec:
    rule: str
    source: str
    departs: str
    settings: type[Settings]
    build: Callable[[Iterable[Tensor], float, Any], Optimizer]  # parameters, learning rate, an object of `settings`


OPTIMIZERS = {
    "sgd": OptimizerSpec(
        rule="theta <- theta - lr g",
        source="Robbins & Monro 1951, Annals of Mathematical Statistics 22(3)",
        departs="a constant rate",
        settings=SgdSettings,
        build=lambda parameters, lr, _: SGD(parameters, lr, momentum=0.0, weight_decay=0.0),
    ),
    "momentum": OptimizerSpec(
        rule="v <- beta v + (1 - beta) g;  theta <- theta - lr v;  v_0 = g_0",
        source="Polyak 1964, USSR Computational Mathematics and Mathematical Physics 4(5)",
        departs="v is an average, not a sum: a step is 1 - beta times as long as the heavy ball's at the same rate",
        settings=MomentumSettings,
        # torch starts v at the first gradient, undamped: the v_0 of the rule.
        build=lambda parameters, lr, s: SGD(parameters, lr, momentum=s.beta, dampening=s.beta, nesterov=False),
    ),
    "adagrad": OptimizerSpec(
        rule="G <- G + g^2;  theta <- theta - lr g / (sqrt(G) + epsilon);  G_0 = 0",
        source="Duchi, Hazan & Singer 2011, JMLR 12, figure 1 with diagonal matrices",
        departs="no projection, no regularizer; epsilon (their delta) only guards a division by zero",
        settings=AdagradSettings,
        build=lambda parameters, lr, s: Adagrad(
            parameters, lr, eps=s.epsilon, lr_decay=0.0, initial_accumulator_value=0.0, fused=True
        ),
    ),
    "adadelta": OptimizerSpec(
        rule="E <- rho E + (1 - rho) g^2;  d = sqrt((D + epsilon) / (E + epsilon)) g;  "
        "D <- rho D + (1 - rho) d^2;  theta <- theta - lr d;  E_0 = D_0 = 0",
        source="Zeiler 2012, arXiv:1212.5701, algorithm 1",
        departs="a learning rate, which is 1 in the paper",
        settings=AdadeltaSettings,
        build=lambda parameters, lr, s: Adadelta(parameters, lr, rho=s.rho, epsilon=s.epsilon),
    ),
    "rmsprop": OptimizerSpec(
        rule="E <- beta E + (1 - beta) g^2;  theta <- theta - lr g / (sqrt(E) + epsilon);  E_0 = 0",
        source="Tieleman & Hinton 2012, Neural Networks for Machine Learning, lecture 6.5",
        departs="epsilon, outside the root; not centred, no momentum",
        settings=RmspropSettings,
        build=lambda parameters, lr, s: RMSprop(parameters, lr, beta=s.beta, epsilon=s.epsilon),
    ),
    "adam": OptimizerSpec(
        rule="m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;  "
        "theta <- theta - lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon);  m_0 = v_0 = 0",
        source="Kingma & Ba 2015, arXiv:1412.6980, algorithm 1",
        departs="nothing",
        settings=AdamSettings,
        # Fused, for torch's other loops take their root from MKL, which differs between processors.
        build=lambda parameters, lr, s: Adam(
            parameters, lr, betas=(s.beta1, s.beta2), eps=s.epsilon, amsgrad=False, fused=True
        ),
    ),
}
