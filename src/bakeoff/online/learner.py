"""A softmax regression and the rule by which it learns, as arrays that can be copied, saved and continued.

D columns, K classes.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bakeoff.base.settings import Settings
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.networks.registry import NETWORKS
from bakeoff.networks.softmax import SoftmaxSettings
from bakeoff.online.kernels import Floats, Ints, Rows, Weights, advance
from bakeoff.optimizers.schedules import ScheduleSettings, factor


class Rule(Settings):
    """The update rule of a learner.

    Attributes:
        epsilon: of AdaGrad.
        batch_size, delay: as in StreamSettings.
    """

    optimizer: str
    learning_rate: float
    epsilon: float
    schedule: ScheduleSettings
    batch_size: int
    delay: int

    def factors(self, step: int, steps: int) -> Floats:
        """Return the factors of the learning rate in the steps from `step` on."""
        return np.array([factor(self.schedule, number, 0) for number in range(step, step + steps)])


@dataclass
class Learner:
    """A learner at a moment.

    Attributes:
        starts: (C,) the first column of each category.
        pending: rows whose answers have not come yet.
        step: batches that went by.
    """

    rule: Rule
    starts: Ints
    weights: Weights
    pending: Rows
    step: int

    @classmethod
    def fresh(cls, rule: Rule, encoder: Encoder, classes: int, network: SoftmaxSettings, seed: int) -> Self:
        """With the weights that every softmax regression of this seed starts from."""
        D = len(encoder.columns)
        built = NETWORKS["softmax"].build(network, (D,), classes, torch.Generator().manual_seed(seed))
        bias, weight = sorted((p.detach().double().numpy() for p in built.parameters()), key=np.ndim)
        weights = Weights(weight.T.copy(), bias.copy(), np.zeros((D, classes)), np.zeros(classes))
        return cls.of(rule, encoder, weights, 0)

    @classmethod
    def of(cls, rule: Rule, encoder: Encoder, weights: Weights, step: int) -> Self:
        M, C = len(encoder.numeric), len(encoder.categories)
        starts = M + np.cumsum(encoder.widths) - encoder.widths
        return cls(rule, starts, weights, Rows.empty(M, C), step)

    def copy(self) -> Self:
        return replace(self, weights=Weights(*(array.copy() for array in self.weights)))

    def meet(self, rows: Rows, factors: Floats) -> Floats:
        """Predicts rows and learns from those whose answers come with them; returns the logits (N, K).

        Args:
            factors: of the learning rate, one for each batch of these rows.
        """
        logits = np.empty((len(rows.labels), len(self.weights.bias)))
        known, pending = self.pending.then(rows), len(self.pending.labels)
        rule = self.rule
        advance(
            known,
            pending,
            self.starts,
            self.weights,
            rule.learning_rate * factors,
            rule.delay,
            rule.batch_size,
            rule.epsilon,
            rule.optimizer == "adagrad",
            logits,
        )
        self.pending = known.part(max(len(known.labels) - rule.delay, 0), len(known.labels))
        self.step += len(factors)
        return logits


def judged(logits: Floats, labels: Ints) -> tuple[Floats, Ints, Floats]:
    """Scores (N, S), by which a window ranks; hits (N,); costs (N,): the cross-entropies."""
    rows, answers = torch.from_numpy(logits), torch.from_numpy(labels)
    costs: Tensor = F.cross_entropy(rows, answers, reduction="none")
    hits = rows.argmax(1) == answers
    scores = rows[:, 1:] - rows[:, :1] if rows.shape[1] == 2 else rows.softmax(1)
    return scores.contiguous().numpy(), hits.long().numpy(), costs.numpy()


def total(costs: Floats) -> float:
    """Their sum; not finite where one of them is not, or where they lead out of the floats."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(costs.sum())
