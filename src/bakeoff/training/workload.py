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
        """Batches of an epoch; where chance decides, about so many."""

    def batches(self, generator: torch.Generator, start: int = 0) -> Iterator[Batch]:
        """One epoch, in an order drawn from `generator`, without its first `start` batches."""

    def shards(self, batch: Batch, count: int) -> list[tuple[Batch, int]]:
        """The batch in so many parts, in order and about equally large, each with the number of its examples."""

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """The mean loss over a batch: a scalar that gradients flow through."""

    def evaluate(self, network: nn.Module, split: Held) -> dict[str, float]:
        """`loss` and the task's metrics on data that no batch holds; nothing where there are none of that name.

        It draws nothing from the generator of the training. `validation_subset` is a fixed part of the validation data:
        the same examples at every moment, in every training on these data with these settings.
        """


def cuts(size: int, count: int) -> list[slice]:
    """So many slices, one after the other, of 0 to size; they differ in length by one at most."""
    return [slice(size * part // count, size * (part + 1) // count) for part in range(count)]
