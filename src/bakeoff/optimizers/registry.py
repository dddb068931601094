"""The optimizers: for each its rule, where it comes from, how it departs from there, and how it is built.

In the rules g is the gradient at theta of the mean loss over a batch, lr the learning rate of the step, and operations
are elementwise. The size of the batch says which descent it is, under any of them: over all examples batch gradient
descent, over some mini-batch, over one stochastic, and over the next of a stream online.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.optim import SGD, Adagrad, Adam, AdamW, Optimizer

from bakeoff.base.settings import Settings
from bakeoff.optimizers.adadelta import Adadelta
from bakeoff.optimizers.adagrad import LaggedAdagrad
from bakeoff.optimizers.adam import NAdam, RAdam, UncorrectedAdam
from bakeoff.optimizers.lion import Lion
from bakeoff.optimizers.muon import Muon
from bakeoff.optimizers.rmsprop import RMSprop
from bakeoff.optimizers.schedule_free import ScheduleFree
from bakeoff.optimizers.settings import (
    AdadeltaSettings,
    AdagradSettings,
    AdamSettings,
    AdamwSettings,
    LaggedAdagradSettings,
    LionSettings,
    MomentumSettings,
    MuonSettings,
    NadamSettings,
    RmspropSettings,
    ScheduleFreeSettings,
    SgdSettings,
)


@dataclass(frozen=True)
class OptimizerSpec:
    """Attributes:
    rate: who is customarily followed in the learning rate that params.yaml has.
    state: the floats that are kept of each weight of a matrix, from step to step.
    """

    rule: str
    source: str
    departs: str
    rate: str
    state: int
    settings: type[Settings]
    build: Callable[[Iterable[Tensor], Any], Optimizer]  # the parameters, an object of `settings`


OPTIMIZERS = {
    "sgd": OptimizerSpec(
        rule="theta <- theta - lr g",
        source="Robbins & Monro 1951, Annals of Mathematical Statistics 22(3)",
        departs="the rate falls only by a schedule; their g is of one example, or of the next of a stream: with a "
        "batch of all examples this is batch gradient descent, with some of them mini-batch gradient descent",
        rate="Bengio 2012, arXiv:1206.5533, section 3.1.1",
        state=0,
        settings=SgdSettings,
        build=lambda parameters, s: SGD(parameters, s.learning_rate, momentum=0.0, weight_decay=0.0),
    ),
    "momentum": OptimizerSpec(
        rule="v <- beta v + (1 - beta) g;  theta <- theta - lr v;  v_0 = g_0",
        source="Polyak 1964, USSR Computational Mathematics and Mathematical Physics 4(5)",
        departs="v is an average, not a sum: a step is 1 - beta times as long as the heavy ball's at the same rate",
        rate="the heavy ball's, times 1 / (1 - beta) for steps of its length",
        state=1,
        settings=MomentumSettings,
        # torch starts v at the first gradient, undamped: the v_0 of the rule.
        build=lambda parameters, s: SGD(parameters, s.learning_rate, momentum=s.beta, dampening=s.beta, nesterov=False),
    ),
    "heavy_ball": OptimizerSpec(
        rule="v <- beta v + g;  theta <- theta - lr v;  v_0 = 0",
        source="Polyak 1964, USSR Computational Mathematics and Mathematical Physics 4(5)",
        departs="nothing",
        rate="Krizhevsky, Sutskever & Hinton 2012, NeurIPS 25, section 5",
        state=1,
        settings=MomentumSettings,
        build=lambda parameters, s: SGD(parameters, s.learning_rate, momentum=s.beta, dampening=0.0, nesterov=False),
    ),
    "nesterov": OptimizerSpec(
        rule="v <- beta v + g;  theta <- theta - lr (g + beta v);  v_0 = 0",
        source="Sutskever, Martens, Dahl & Hinton 2013, ICML, equations 3 and 4; after Nesterov 1983",
        departs="theta is the point ahead, where they take the gradient: their theta, and beta times their v; "
        "beta is constant",
        rate="Zagoruyko & Komodakis 2016, arXiv:1605.07146, section 3",
        state=1,
        settings=MomentumSettings,
        build=lambda parameters, s: SGD(parameters, s.learning_rate, momentum=s.beta, dampening=0.0, nesterov=True),
    ),
    "adagrad": OptimizerSpec(
        rule="G <- G + g^2;  theta <- theta - lr g / (sqrt(G) + epsilon);  G_0 = 0",
        source="Duchi, Hazan & Singer 2011, JMLR 12, figure 1 with diagonal matrices",
        departs="no projection, no regularizer; epsilon (their delta) only guards a division by zero",
        rate="torch's default; Duchi, Hazan & Singer leave it open",
        state=1,
        settings=AdagradSettings,
        build=lambda parameters, s: Adagrad(
            parameters, s.learning_rate, eps=s.epsilon, lr_decay=0.0, initial_accumulator_value=0.0, fused=True
        ),
    ),
    "adagrad_lagged": OptimizerSpec(
        rule="theta <- theta - lr g / sqrt(G);  G <- G + g^2;  G_0 = initial",
        source="the notes' AdaGrad, as printed",
        departs="from the published one: G is what it was before g; the notes leave G_0 open, and at 0 the first step "
        "would be infinite",
        rate="that of adagrad; the notes leave it open",
        state=1,
        settings=LaggedAdagradSettings,
        build=lambda parameters, s: LaggedAdagrad(parameters, **dict(s)),
    ),
    "adadelta": OptimizerSpec(
        rule="E <- rho E + (1 - rho) g^2;  d = sqrt((D + epsilon) / (E + epsilon)) g;  "
        "D <- rho D + (1 - rho) d^2;  theta <- theta - lr d;  E_0 = D_0 = 0",
        source="Zeiler 2012, arXiv:1212.5701, algorithm 1",
        departs="a learning rate, which is 1 in the paper",
        rate="the paper, which has none",
        state=2,
        settings=AdadeltaSettings,
        build=lambda parameters, s: Adadelta(parameters, **dict(s)),
    ),
    "rmsprop": OptimizerSpec(
        rule="E <- beta E + (1 - beta) g^2;  theta <- theta - lr g / (sqrt(E) + epsilon);  E_0 = 0",
        source="Tieleman & Hinton 2012, Neural Networks for Machine Learning, lecture 6.5",
        departs="epsilon, outside the root; not centred, no momentum",
        rate="Ruder 2016, arXiv:1609.04747, section 4.5, after Hinton",
        state=1,
        settings=RmspropSettings,
        build=lambda parameters, s: RMSprop(parameters, **dict(s)),
    ),
    "adam": OptimizerSpec(
        rule="m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;  "
        "theta <- theta - lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon);  m_0 = v_0 = 0",
        source="Kingma & Ba 2015, arXiv:1412.6980, algorithm 1",
        departs="nothing",
        rate="the paper, algorithm 1",
        state=2,
        settings=AdamSettings,
        # Fused, for torch's other loops take their root from MKL, which differs between processors.
        build=lambda parameters, s: Adam(
            parameters, s.learning_rate, betas=(s.beta1, s.beta2), eps=s.epsilon, amsgrad=False, fused=True
        ),
    ),
    "adam_uncorrected": OptimizerSpec(
        rule="m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) m^2;  "
        "theta <- theta - lr m / (sqrt(v) + epsilon);  m_0 = v_0 = 0",
        source="the notes' Adam, as printed",
        departs="from the published one: v averages m^2, not g^2, and neither average is corrected for its start at 0; "
        "from the notes: epsilon, which only guards a division by zero",
        rate="that of adam; the notes leave it open",
        state=2,
        settings=AdamSettings,
        build=lambda parameters, s: UncorrectedAdam(parameters, **dict(s)),
    ),
    "adamw": OptimizerSpec(
        rule="theta <- theta - lr weight_decay theta, then Adam's step",
        source="Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2",
        departs="the decay is scaled by lr, which they keep apart from their schedule; biases decay too",
        rate="the paper, algorithm 2",
        state=2,
        settings=AdamwSettings,
        build=lambda parameters, s: AdamW(
            parameters,
            s.learning_rate,
            betas=(s.beta1, s.beta2),
            eps=s.epsilon,
            weight_decay=s.weight_decay,
            amsgrad=False,
            fused=True,
        ),
    ),
    "nadam": OptimizerSpec(
        rule="m, v as Adam's;  mu_t = beta1 (1 - 0.96^(t / warmup) / 2);  P_t = mu_1 ... mu_t;  "
        "n = mu_{t+1} m / (1 - P_{t+1}) + (1 - mu_t) g / (1 - P_t);  "
        "theta <- theta - lr n / (sqrt(v / (1 - beta2^t)) + epsilon)",
        source="Dozat 2015, Incorporating Nesterov Momentum into Adam, Stanford CS229 report 54",
        departs="the form that torch and Keras have: mu schedules the look-ahead, the average m keeps a constant beta1",
        rate="torch's default",
        state=2,
        settings=NadamSettings,
        build=lambda parameters, s: NAdam(parameters, **dict(s)),
    ),
    "radam": OptimizerSpec(
        rule="m, v as Adam's;  n = m / (1 - beta1^t);  rho = rho_oo - 2 t beta2^t / (1 - beta2^t), "
        "rho_oo = 2 / (1 - beta2) - 1;  theta <- theta - lr n while rho <= 4, and from then on "
        "theta <- theta - lr r n / (sqrt(v / (1 - beta2^t)) + epsilon), "
        "r^2 = (rho - 4) (rho - 2) rho_oo / ((rho_oo - 4) (rho_oo - 2) rho)",
        source="Liu et al. 2020, arXiv:1908.03265, algorithm 2",
        departs="epsilon, outside the root; torch and the authors' program compare rho with 5",
        rate="torch's default",
        state=2,
        settings=AdamSettings,
        build=lambda parameters, s: RAdam(parameters, **dict(s)),
    ),
    "lion": OptimizerSpec(
        rule="theta <- theta - lr (sign(beta1 m + (1 - beta1) g) + weight_decay theta);  "
        "m <- beta2 m + (1 - beta2) g;  m_0 = 0",
        source="Chen et al. 2023, arXiv:2302.06675, algorithm 2",
        departs="the rate falls only by a schedule",
        rate="the authors' program",
        state=1,
        settings=LionSettings,
        build=lambda parameters, s: Lion(parameters, **dict(s)),
    ),
    "muon": OptimizerSpec(
        rule="B <- beta B + g;  theta <- theta - lr sqrt(max(1, rows / columns)) NewtonSchulz(g + beta B);  B_0 = 0;  "
        "what is no matrix: Adam with adam_beta1, adam_beta2, adam_epsilon at the rate adam_rate lr",
        source="Jordan et al. 2024, https://kellerjordan.github.io/posts/muon, and their program for the factor",
        departs="the matrices of the first and last layer are under Muon too; a kernel's factor is that of its "
        "flattened matrix; not in bfloat16",
        rate="the authors' program",
        state=1,
        settings=MuonSettings,
        build=lambda parameters, s: Muon(parameters, **dict(s)),
    ),
    "schedule_free": OptimizerSpec(
        rule="g at y = (1 - beta1) z + beta1 x;  v <- beta2 v + (1 - beta2) g^2;  "
        "z <- z - lr (g / (sqrt(v / (1 - beta2^t)) + epsilon) + weight_decay y);  "
        "x <- (1 - c) x + c z, c = lr^2 / (sum of all lr^2);  x is evaluated;  z_0 = x_0, v_0 = 0",
        source="Defazio et al. 2024, arXiv:2405.15682, algorithm 1",
        departs="the warm-up is the schedule's; batch norm's running averages are those seen at y, not at x",
        rate="the authors' program",
        state=2,
        settings=ScheduleFreeSettings,
        build=lambda parameters, s: ScheduleFree(parameters, **dict(s)),
    ),
}
