"""The weights to evaluate and to save. For most optimizers they are those that it trains, and nothing happens here."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.optim import Optimizer

from bakeoff.optimizers.schedule_free import ScheduleFree


@contextmanager
def evaluated(optimizer: Optimizer) -> Iterator[None]:
    """Inside, the weights are those to evaluate; behind it, to the bit, those that training goes on from."""
    trained = [(theta, theta.detach().clone()) for theta, _ in averages(optimizer)]
    settle(optimizer)
    try:
        yield
    finally:
        with torch.no_grad():
            for theta, kept in trained:
                theta.copy_(kept)


@torch.no_grad()
def settle(optimizer: Optimizer) -> None:
    """Makes the weights those to evaluate, for good: after the last step."""
    for theta, average in averages(optimizer):
        theta.copy_(average)


def averages(optimizer: Optimizer) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    return optimizer.averages() if isinstance(optimizer, ScheduleFree) else iter(())
