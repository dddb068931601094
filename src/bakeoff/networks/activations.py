"""Activations: what stands between the layers, value by value."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


class Step(nn.Module):
    """1 where x > 0, else 0; the gradient passes as if through the identity where |x| <= 1, and elsewhere not at all.

    The step's own derivative is 0 wherever there is one, and would teach nothing.
    """

    def forward(self, x: Tensor) -> Tensor:
        passing = torch.clamp(x, -1, 1)
        # Exactly 0, but for its gradient; NaN where x is, so that a divergence stays seen.
        surrogate = passing - passing.detach()
        return (x > 0).to(x.dtype) + surrogate


@dataclass(frozen=True)
class Activation:
    rule: str
    source: str
    build: Callable[[], nn.Module]
    gain: float  # weights of deviation gain / sqrt(fan in) keep the scale of signals from layer to layer


ACTIVATIONS = {
    "step": Activation(
        rule="x > 0;  backwards: gradient where |x| <= 1, else 0",
        source="Bengio, Léonard & Courville 2013, arXiv:1308.3432; Hubara et al. 2016, arXiv:1602.02830, equation 4",
        build=Step,
        gain=math.sqrt(2),  # half of the outputs are 1
    ),
    "sigmoid": Activation(
        rule="1 / (1 + exp(-x))",
        source="LeCun et al. 1998, Efficient BackProp",
        build=nn.Sigmoid,
        gain=1.0,
    ),
    "tanh": Activation(
        rule="tanh(x)",
        source="LeCun et al. 1998, Efficient BackProp",
        build=nn.Tanh,
        gain=1.0,
    ),
    "relu": Activation(
        rule="max(0, x)",
        source="Nair & Hinton 2010, ICML; gain: He et al. 2015, arXiv:1502.01852",
        build=nn.ReLU,
        gain=math.sqrt(2),
    ),
    "softplus": Activation(
        rule="log(1 + exp(x))",
        source="Dugas et al. 2000, NeurIPS; gain: as relu, of which it is the smooth form",
        build=nn.Softplus,
        gain=math.sqrt(2),
    ),
    "gelu": Activation(
        rule="x Phi(x),  Phi the normal distribution function, exact",
        source="Hendrycks & Gimpel 2016, arXiv:1606.08415; gain: as relu",
        build=nn.GELU,
        gain=math.sqrt(2),
    ),
}
