"""The objective of a search: the score of a network that is trained with the settings of a point."""

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.settings import BadInput
from bakeoff.base.values import resolved
from bakeoff.data.examples import Examples, Split
from bakeoff.networks.registry import NETWORKS, SEGMENTERS
from bakeoff.training.fit import Outcome
from bakeoff.training.job import Job
from bakeoff.training.settings import ExecutionSettings, TrainingSettings
from bakeoff.training.supervised import Classification, Segmentation, Supervised
from bakeoff.tuning.candidate import Base, Candidate
from bakeoff.tuning.evaluation import Part
from bakeoff.tuning.folds import held_out
from bakeoff.tuning.measures import PARAMETERS
from bakeoff.tuning.space import Point
from bakeoff.tuning.trained import Trained

CPU = torch.device("cpu")
# A trial is measured at its end alone, and has diverged where something is not finite.
EXECUTION = ExecutionSettings(
    diverged_above=None,
    norms=False,
    evaluations=1,
    evaluation_share=None,
    shards=1,
    precision="float32",
    compile=False,
)


class Penalised(Supervised):
    """A workload whose training loss has weight_decay / 2 sum theta^2 added, over weights and biases alike.

    Under momentum this penalty is weight decay. An evaluation is without it.

    Attributes:
        weight_decay: a tensor where the loss is differentiated by it.
    """

    weight_decay: float | Tensor

    def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        penalty = torch.stack([theta.square().sum() for theta in network.parameters()]).sum()
        return super().loss(network, batch) + self.weight_decay / 2 * penalty


class PenalisedClassification(Penalised, Classification):
    """Classification with the penalty."""


class PenalisedSegmentation(Penalised, Segmentation):
    """Segmentation with the penalty."""


@dataclass(frozen=True)
class Objective:
    """Every trial starts from the same seed, or the same seeds and folds: the same weights and the same batches, as far
    as the point has the same.

    So its value is a function of the point alone; what the best trial owes to this one draw shows when it is trained
    again from other seeds.
    """

    examples: Examples
    base: Base
    seed: int
    counted: bool = False  # whether the number of the network's weights is among the metrics

    def __call__(self, point: Point, checkpoint: Checkpoint | None = None) -> Trained:
        """Return the trial at a point. The test split is not read.

        Args:
            checkpoint: from which the training goes on, and in which it pauses.
        """
        network, _, outcome = self.train(point, self.seed, checkpoint)
        size = {} if outcome.diverged else self.size(network)
        return Trained(outcome.final | size, outcome.diverged)

    def part(self, point: Point, part: Part, checkpoint: Checkpoint | None = None) -> Trained:
        """Return one of the several trainings of a trial."""
        examples = self.examples
        if part.fold is not None and part.folds is not None:
            examples = held_out(examples, part.fold, part.folds, self.seed)
        return replace(self, examples=examples, seed=part.seed)(point, checkpoint)

    def confirm(self, point: Point, seed: int) -> Trained:
        """Return a training at the point from another seed, its test metrics included."""
        network, workload, outcome = self.train(point, seed)
        if outcome.diverged:
            return Trained({}, outcome.diverged)
        test = {f"test/{name}": value for name, value in workload.evaluate(network, "test").items()}
        return Trained(outcome.final | test | self.size(network), None)

    def size(self, network: nn.Module) -> dict[str, float]:
        """Return the number of weights as a metric, where it is one."""
        return {PARAMETERS: sum(weight.numel() for weight in network.parameters())} if self.counted else {}

    def train(
        self, point: Point, seed: int, checkpoint: Checkpoint | None = None
    ) -> tuple[nn.Module, Supervised, Outcome]:
        candidate = self.base.at(point)
        workload = self.workload(candidate, candidate.penalty.weight_decay)
        started = Job(
            workload,
            partial(self.build, candidate, workload),
            candidate.rule,
            candidate.optimizer,
            loop(candidate),
            seed,
        ).start()
        outcome = started.fit(checkpoint=checkpoint, until=candidate.until)
        return started.network, workload, outcome

    def workload(self, candidate: Candidate, weight_decay: float | Tensor) -> Supervised:
        kinds: tuple[Any, Any] = (Classification, PenalisedClassification)
        if self.base.model in SEGMENTERS:
            kinds = (Segmentation, PenalisedSegmentation)
        penalised = isinstance(weight_decay, Tensor) or weight_decay > 0
        workload: Supervised = kinds[penalised](
            self.examples, loop(candidate), CPU, place=f"{self.base.place}: training"
        )
        if isinstance(workload, Penalised):
            workload.weight_decay = weight_decay
        return workload

    def build(self, candidate: Candidate, workload: Supervised, generator: torch.Generator) -> nn.Module:
        """Return the network with weights drawn from the generator."""
        spec, place = NETWORKS[self.base.model], f"{self.base.place}: network"
        return spec.build(candidate.network, workload.shape, len(workload.classes), generator, place)

    @property
    def steps(self) -> int:
        """The number of steps of one training, without the searched settings."""
        training = self.base.at({}).training
        count = len(self.examples.train.x)
        return training.epochs * (1 if training.batch_size == "full" else math.ceil(count / training.batch_size))


def loop(candidate: Candidate) -> TrainingSettings:
    return candidate.training.under(EXECUTION)


def thinned(examples: Examples, amount: int | float, seed: int, place: str) -> Examples:
    """Return the examples with a number or a share of the training examples, drawn without replacement.

    Args:
        place: the place of the amount, for messages.

    Raises:
        BadInput: there are fewer examples.
    """
    train = examples.train
    size = resolved(amount, len(train.x))
    if size > len(train.x):
        raise BadInput(
            f"{place} is {size}, and the training split has {len(train.x)}; take at most this number, or a share"
        )
    rows = np.random.default_rng(seed).permutation(len(train.x))[:size]
    return replace(examples, train=Split(train.x[rows], train.y[rows]))
