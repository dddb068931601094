"""A workload owns data, loss and metrics; the update of the weights belongs to the optimizer."""

from collections.abc import Iterator
from typing import Literal, Protocol, TypeVar

import torch
from torch import Tensor, nn

Batch = TypeVar("Batch")
Held = Literal["validation", "validation_subset", "test"]


class Workload(Protocol[Batch]):
    @property
    def steps(self) -> int:
        """The number of batches in an epoch; the expected number if it is random."""

    def batches(self, generator: torch.Generator, start: int = 0) -> Iterator[Batch]:
        """One epoch, in an order drawn from `generator`, without its first `start` batches."""

    def shards(self, batch: Batch, count: int) -> list[tuple[Batch, int]]:
        """Return the batch in parts of about equal size, in order, each with the number of its examples."""

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the mean loss over a batch, a differentiable scalar."""

    def evaluate(self, network: nn.Module, split: Held) -> dict[str, float]:
        """Return `loss` and the task's metrics on held-out data; an empty dictionary if there is no split of this name.

        It draws nothing from the generator of the training. `validation_subset` is a fixed part of the validation data:
        the same examples at every moment, in every training on these data with these settings.
        """


def cuts(size: int, count: int) -> list[slice]:
    """Return consecutive slices of 0 to size, whose lengths differ by one at most."""
    return [slice(size * part // count, size * (part + 1) // count) for part in range(count)]
