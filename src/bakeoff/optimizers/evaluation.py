"""The weights to evaluate and to save. For most optimizers they are the weights that it trains."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from bakeoff.base.torch_optimizers import Optimizer
from bakeoff.optimizers.rule import RuleOptimizer


@contextmanager
def evaluated(optimizer: Optimizer) -> Iterator[None]:
    """Set the weights to those to evaluate inside the context, and after it back to the trained ones, to the bit."""
    trained = [(theta, theta.detach().clone()) for theta, _ in averages(optimizer)]
    settle(optimizer)
    try:
        yield
    finally:
        with torch.no_grad():
            for theta, weights in trained:
                theta.copy_(weights)


@torch.no_grad()
def settle(optimizer: Optimizer) -> None:
    """Set the weights to those to evaluate, for good: after the last step."""
    for theta, average in averages(optimizer):
        theta.copy_(average)


def averages(optimizer: Optimizer) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield the tensors whose average is evaluated, and their averages."""
    return optimizer.averages() if isinstance(optimizer, RuleOptimizer) else iter(())
