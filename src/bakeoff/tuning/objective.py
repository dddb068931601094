"""The objective of a search: the validation loss of an MLP that is trained under momentum with weight decay."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.base.settings import BadInput
from bakeoff.base.values import resolved
from bakeoff.data.examples import Examples, Split
from bakeoff.networks.mlp import MlpSettings
from bakeoff.networks.registry import CLASSIFIERS
from bakeoff.optimizers.momentum import MomentumSettings
from bakeoff.training.fit import Outcome
from bakeoff.training.job import Job
from bakeoff.training.settings import TrainingSettings, plain
from bakeoff.training.supervised import Classification
from bakeoff.tuning.settings import StudyTrainingSettings
from bakeoff.tuning.space import Point

CPU = torch.device("cpu")


class Penalised(Classification):
    """Classification whose training loss has weight_decay / 2 sum theta^2 added, over weights and biases alike.

    Under momentum this penalty is weight decay. An evaluation is without it.
    """

    def __init__(self, examples: Examples, settings: TrainingSettings, weight_decay: float | Tensor) -> None:
        super().__init__(examples, settings, CPU)
        self.weight_decay = weight_decay

    def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        penalty = torch.stack([theta.square().sum() for theta in network.parameters()]).sum()
        return super().loss(network, batch) + self.weight_decay / 2 * penalty


@dataclass(frozen=True)
class Trained:
    """One training.

    Attributes:
        metrics: after the last epoch; empty if it diverged.
        diverged: the step at which it did.
    """

    metrics: Mapping[str, float]
    diverged: int | None

    @property
    def value(self) -> float:
        """The value for the searcher: the validation loss; infinity for a diverged training, which ranks last."""
        return math.inf if self.diverged else self.metrics["val/loss"]


@dataclass(frozen=True)
class Objective:
    """Every trial starts from the same weights and meets the same batches, both drawn from `seed`.

    So its value is a function of the point alone, with a gradient; what the best trial owes to this one draw shows when
    it is trained again from other seeds.
    """

    examples: Examples
    network: MlpSettings
    training: StudyTrainingSettings
    seed: int

    def __call__(self, point: Point) -> Trained:
        """The trial at a point. The test split is not read."""
        _, _, outcome = self.train(point, self.seed)
        return Trained(outcome.final, outcome.diverged)

    def confirm(self, point: Point, seed: int) -> Trained:
        """A training at the point from another seed, its test metrics included."""
        network, workload, outcome = self.train(point, seed)
        if outcome.diverged:
            return Trained({}, outcome.diverged)
        test = {f"test/{name}": value for name, value in workload.evaluate(network, "test").items()}
        return Trained(outcome.final | test, None)

    def train(self, point: Point, seed: int) -> tuple[nn.Module, Penalised, Outcome]:
        workload = self.workload(point["weight_decay"])
        momentum = MomentumSettings(learning_rate=point["learning_rate"], beta=point["beta"])
        started = Job(workload, partial(self.build, workload), "momentum", momentum, self.loop, seed).start()
        outcome = started.fit()
        return started.network, workload, outcome

    def workload(self, weight_decay: float | Tensor) -> Penalised:
        return Penalised(self.examples, self.loop, weight_decay)

    def build(self, workload: Penalised, generator: torch.Generator) -> nn.Module:
        """Return the network with weights drawn from the generator."""
        return CLASSIFIERS["mlp"].build(self.network, workload.shape, len(workload.classes), generator)

    @property
    def loop(self) -> TrainingSettings:
        return plain(self.training.epochs, self.training.batch_size)

    @property
    def steps(self) -> int:
        """The number of steps of one training."""
        return self.training.epochs * math.ceil(len(self.examples.train.x) / self.training.batch_size)


def thinned(examples: Examples, amount: int | float, seed: int) -> Examples:
    """The same with so many training examples, or such a share of them, drawn without replacement.

    Raises:
        BadInput: there are fewer.
    """
    train = examples.train
    size = resolved(amount, len(train.x))
    if size > len(train.x):
        raise BadInput(
            f"params.yaml: tuning.study.training.examples is {size}, and the training split has {len(train.x)}; "
            "take at most so many, or a share"
        )
    rows = np.random.default_rng(seed).permutation(len(train.x))[:size]
    return Examples(Split(train.x[rows], train.y[rows]), examples.validation, examples.test, examples.classes)
