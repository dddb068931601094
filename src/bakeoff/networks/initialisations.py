"""The deviation of the Gaussian that a layer's weights are drawn from; its mean is 0.

Fan in and fan out are the numbers of weights to an output and from an input: kernel H x kernel W x channels.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Initialisation:
    formula: str
    source: str
    deviations: str
    sigma: Callable[[int, int, float], float]  # of fan in, fan out, and the gain of the activation that follows


INITIALISATIONS = {
    "he": Initialisation(
        formula="sigma = gain / sqrt(fan in)",
        source="He et al. 2015, arXiv:1502.01852, equation 10",
        deviations="a gain for each activation: sqrt(2), He's, of relu; 1, LeCun's of 1998, of tanh",
        sigma=lambda fan_in, _, gain: gain / math.sqrt(fan_in),
    ),
    "xavier": Initialisation(
        formula="sigma = sqrt(2 / (fan in + fan out))",
        source="Glorot & Bengio 2010, AISTATS, equation 12",
        deviations="Gaussian, not uniform",
        sigma=lambda fan_in, fan_out, _: math.sqrt(2 / (fan_in + fan_out)),
    ),
}


def sigma(initialisation: str | float, fan_in: int, fan_out: int, gain: float) -> float:
    """Return the deviation of a layer's weights: by the name of an initialisation, or a number for every layer."""
    if isinstance(initialisation, str):
        return INITIALISATIONS[initialisation].sigma(fan_in, fan_out, gain)
    return initialisation
