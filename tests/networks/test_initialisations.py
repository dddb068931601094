import math
from typing import get_args

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from bakeoff.base.quoting import quoted
from bakeoff.networks.initialisations import INITIALISATIONS, sigma
from bakeoff.networks.layers import Parts
from bakeoff.networks.settings import InitialisationName, LayerSettings


def parts(initialisation: str | float, activation: str = "relu") -> Parts:
    given = {"initialisation": initialisation, "activation": activation, "normalisation": "none"}
    return Parts.of(LayerSettings.model_validate(given), torch.Generator().manual_seed(0))


def test_every_initialisation_has_a_name() -> None:
    assert INITIALISATIONS.keys() == set(get_args(InitialisationName))


@pytest.mark.parametrize(
    ("initialisation", "activation", "convolution", "head"),
    [
        ("he", "relu", 2 / (9 * 32), 1 / 300),
        ("he", "tanh", 1 / (9 * 32), 1 / 300),
        ("xavier", "relu", 2 / (9 * 32 + 9 * 64), 2 / (300 + 200)),
        (0.02, "relu", 0.02**2, 0.02**2),
    ],
)
def test_variance_of_initial_weights(
    initialisation: str | float, activation: str, convolution: float, head: float
) -> None:
    """He et al. 2015, equation 10; Glorot & Bengio 2010, equation 12."""
    make = parts(initialisation, activation)
    layers: list[tuple[nn.Conv2d | nn.Linear, float]] = [
        (make.convolution(32, 64, 3), convolution),
        (make.head(300, 200), head),
    ]
    for layer, variance in layers:
        weights = layer.weight
        # The variance of n draws strays by sqrt(2 / n): four times that. n is 18,432 and 60,000.
        assert weights.var().item() == pytest.approx(variance, rel=4 * math.sqrt(2 / weights.numel()))
        assert abs(weights.mean().item()) < 4 * math.sqrt(variance / weights.numel())
        assert layer.bias is not None and not layer.bias.any()
        # Of a Gaussian, 4.55 % lie beyond two deviations; of a uniform distribution none. The share strays by 0.15 %.
        assert (weights.abs() > 2 * math.sqrt(variance)).float().mean().item() == pytest.approx(0.0455, abs=0.006)


def test_a_number_is_the_deviation_itself() -> None:
    assert [sigma(0.3, fan_in, 7, gain) for fan_in, gain in ((1, 1.0), (9, 2.0))] == [0.3, 0.3]


@pytest.mark.parametrize("wrong", ["hee", -0.1, 0.0, True, None, float("inf"), 1e4])
def test_other_initialisations_are_refused_in_one_sentence(wrong: object) -> None:
    given = {"initialisation": wrong, "activation": "relu", "normalisation": "none"}
    with pytest.raises(ValidationError, match=r"^1 validation error") as refusal:
        LayerSettings.model_validate(given)
    assert f"invalid initialisation {quoted(wrong)}: expected he, xavier, or a standard deviation" in str(refusal.value)
