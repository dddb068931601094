"""One training, and all that is random in it, drawn from one seed."""

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
    """Watch nothing."""


@dataclass(frozen=True)
class Job(Generic[Batch]):
    """A network trained on a workload under an optimizer.

    The seed first draws the weights, then the order of the examples: optimizers with the same seed meet the same.

    Attributes:
        build: makes the network where the workload's data are, with weights drawn from a generator.
        hyperparameters: of the optimizer.
    """

    workload: Workload[Batch]
    build: Callable[[torch.Generator], nn.Module]
    optimizer: str
    hyperparameters: Settings
    training: LoopSettings
    seed: int

    def start(self) -> "Started[Batch]":
        """Return the job with its network as it is before the first step."""
        return Started(self, *start(self.build, self.seed))


@dataclass(frozen=True)
class Started(Generic[Batch]):
    """A job whose network has its first weights.

    Attributes:
        generator: draws what is random in the training.
    """

    job: Job[Batch]
    network: nn.Module
    generator: torch.Generator

    def fit(self, watch: Watch = unwatched, checkpoint: Checkpoint | None = None, until: int | None = None) -> Outcome:
        """Train the network; from the checkpoint on, where it holds a state.

        Args:
            until: epochs after which it pauses; None: it does not.
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
