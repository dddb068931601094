import math
from collections.abc import Callable

import pytest
import torch

from bakeoff.networks.layers import ACTIVATIONS, convolution, dense, linear


def test_linear_draws_gaussian_weights_and_no_bias() -> None:
    layer = linear(300, 200, 0.01, torch.Generator().manual_seed(0))
    # Of 60,000 draws the mean strays by 0.01 / 245 and the deviation by 0.3 %: four times that.
    assert abs(layer.weight.mean().item()) < 4 * 0.01 / math.sqrt(60_000)
    assert layer.weight.std().item() == pytest.approx(0.01, rel=0.012)
    assert not layer.bias.any()


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_gain_keeps_the_scale_of_signals(name: str) -> None:
    """Through twenty layers the mean square stays within a factor of 5 for relu; tanh, which saturates, loses more."""
    generator = torch.Generator().manual_seed(0)
    activation = ACTIVATIONS[name]
    x = torch.randn(500, 256, generator=generator)
    for _ in range(20):
        x = activation.build()(dense(256, 256, activation.gain, generator)(x))
    scale = x.square().mean().item()
    assert 0.2 < scale < 5 if name == "relu" else 0.01 < scale < 1


def test_convolution_scales_by_all_that_a_pixel_sees() -> None:
    layer = convolution(8, 64, 5, 1.0, torch.Generator().manual_seed(0))
    # 12,800 draws: the deviation strays by 0.6 %; four times that.
    assert layer.weight.std().item() == pytest.approx(1 / math.sqrt(8 * 5 * 5), rel=0.025)


def test_convolution_keeps_height_and_width() -> None:
    layer = convolution(1, 2, 5, 1.0, torch.Generator().manual_seed(0))
    assert layer(torch.zeros(3, 1, 7, 9)).shape == (3, 2, 7, 9)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("relu", lambda x: max(0.0, x)),
        ("tanh", math.tanh),
        ("sigmoid", lambda x: 1 / (1 + math.exp(-x))),
        ("softplus", lambda x: math.log(1 + math.exp(x))),
    ],
)
def test_activation_follows_its_formula(name: str, formula: Callable[[float], float]) -> None:
    x = torch.linspace(-5, 5, 11, dtype=torch.float64)
    expected = torch.tensor([formula(value) for value in x.tolist()], dtype=torch.float64)
    torch.testing.assert_close(ACTIVATIONS[name].build()(x), expected, rtol=1e-13, atol=1e-15)
