"""An exponential moving average of a network's weights, which is evaluated and saved instead of the weights."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class WeightAverage:
    """The average of a network's weights, and of the running statistics of batch norm.

        average <- d average + (1 - d) weights,  d = min(decay, (1 + t) / (10 + t))

    after step t, counted from 1, from the first weights on. The smaller d of the first steps lets them be forgotten.

    Source: Polyak and Juditsky 1992, Acceleration of Stochastic Approximation by Averaging; for d:
    tf.train.ExponentialMovingAverage with `num_updates`.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        # They share their memory with the network, which everything changes in place.
        self.weights = [weight for weight in network.state_dict().values() if weight.is_floating_point()]
        self.averages = [weight.clone() for weight in self.weights]

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights after a step."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for average, weight in zip(self.averages, self.weights, strict=True):
            average.mul_(decay).add_(weight, alpha=1 - decay)

    @contextmanager
    def evaluated(self) -> Iterator[None]:
        """Set the network's weights to their averages inside the context, and after it back, to the bit."""
        trained = [weight.clone() for weight in self.weights]
        self.settle()
        try:
            yield
        finally:
            self.set(trained)

    def settle(self) -> None:
        """Set the network's weights to their averages, for good: after the last step."""
        self.set(self.averages)

    @torch.no_grad()
    def set(self, values: list[Tensor]) -> None:
        for weight, value in zip(self.weights, values, strict=True):
            weight.copy_(value)

    def state(self) -> dict[str, Any]:
        return {"steps": self.steps, "averages": self.averages}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.steps = state["steps"]
        for average, value in zip(self.averages, state["averages"], strict=True):
            average.copy_(value)
