"""Activations: functions of single values between the layers."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


class Step(nn.Module):
    """1 if x > 0, else 0. Its gradient is that of the identity where |x| <= 1, and 0 elsewhere.

    The derivative of the step itself is 0 wherever it exists, and no layer before it would learn.
    """

    def forward(self, x: Tensor) -> Tensor:
        passing = torch.clamp(x, -1, 1)
        # Exactly 0, with a gradient; NaN where x is NaN, so that a divergence shows.
        surrogate = passing - passing.detach()
        return (x > 0).to(x.dtype) + surrogate


@dataclass(frozen=True)
class Activation:
    formula: str
    source: str
    build: Callable[[], nn.Module]
    gain: float  # weights of deviation gain / sqrt(fan in) keep the scale of the signals from layer to layer


ACTIVATIONS = {
    "step": Activation(
        formula="x > 0;  backwards: gradient where |x| <= 1, else 0",
        source="Bengio, Léonard & Courville 2013, arXiv:1308.3432; Hubara et al. 2016, arXiv:1602.02830, equation 4",
        build=Step,
        gain=math.sqrt(2),  # half of the outputs are 1
    ),
    "sigmoid": Activation(
        formula="1 / (1 + exp(-x))",
        source="LeCun et al. 1998, Efficient BackProp",
        build=nn.Sigmoid,
        gain=1.0,
    ),
    "tanh": Activation(
        formula="tanh(x)",
        source="LeCun et al. 1998, Efficient BackProp",
        build=nn.Tanh,
        gain=1.0,
    ),
    "relu": Activation(
        formula="max(0, x)",
        source="Nair & Hinton 2010, ICML; gain: He et al. 2015, arXiv:1502.01852",
        build=nn.ReLU,
        gain=math.sqrt(2),
    ),
    "softplus": Activation(
        formula="log(1 + exp(x))",
        source="Dugas et al. 2000, NeurIPS; gain: as relu, of which it is the smooth form",
        build=nn.Softplus,
        gain=math.sqrt(2),
    ),
    "gelu": Activation(
        formula="x Phi(x),  Phi the normal distribution function, exact",
        source="Hendrycks & Gimpel 2016, arXiv:1606.08415; gain: as relu",
        build=nn.GELU,
        gain=math.sqrt(2),
    ),
}
