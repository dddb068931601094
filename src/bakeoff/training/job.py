"""One training, with all its random numbers drawn from one seed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

import torch
from torch import nn

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.settings import Settings
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.fit import Outcome, Watch, fit
from bakeoff.training.settings import LoopSettings
from bakeoff.training.workload import Batch, Workload


def start(build: Callable[[torch.Generator], nn.Module], seed: int) -> tuple[nn.Module, torch.Generator]:
    """Return a network with weights drawn from the seed, and the generator, from which the batches are drawn next."""
    generator = torch.Generator().manual_seed(seed)
    return build(generator), generator


def unwatched(_: object) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Job(Generic[Batch]):
    """A network trained on a workload under an optimizer.

    The seed determines the first weights and the order of the examples, which are the same for all optimizers.

    Attributes:
        build: builds the network on the device of the workload's data, with weights drawn from a generator.
        hyperparameters: those of the optimizer.
    """

    workload: Workload[Batch]
    build: Callable[[torch.Generator], nn.Module]
    optimizer: str
    hyperparameters: Settings
    training: LoopSettings
    seed: int

    def start(self) -> "Started[Batch]":
        """Return the job with its initial network."""
        return Started(self, *start(self.build, self.seed))


@dataclass(frozen=True)
class Started(Generic[Batch]):
    """A job whose network has its first weights.

    Attributes:
        generator: the generator of all random numbers of the training.
    """

    job: Job[Batch]
    network: nn.Module
    generator: torch.Generator

    def fit(self, watch: Watch = unwatched, checkpoint: Checkpoint | None = None, until: int | None = None) -> Outcome:
        """Train the network, starting from the state in the checkpoint if there is one.

        Args:
            until: epochs after which the training pauses; None for no pause.
        """
        job = self.job
        optimizer = OPTIMIZERS[job.optimizer].build(self.network.parameters(), job.hyperparameters)
        return fit(
            self.network,
            job.workload,
            optimizer,
            job.training,
            generator=self.generator,
            watch=watch,
            checkpoint=checkpoint,
            until=until,
        )
