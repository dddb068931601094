import math

import pytest
import torch

from bakeoff.networks.activations import ACTIVATIONS
from bakeoff.networks.layers import Dropout, Parts, chain, convolution, linear
from bakeoff.networks.normalisations import NORMALISATIONS


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
    parts = Parts(ACTIVATIONS[name], NORMALISATIONS["none"], "he", generator)
    x = torch.randn(500, 256, generator=generator)
    for _ in range(20):
        x = parts.active()(parts.hidden(256, 256)(x))
    scale = x.square().mean().item()
    assert 0.2 < scale < 5 if name == "relu" else 0.01 < scale < 1


def test_convolution_scales_by_all_that_a_pixel_sees() -> None:
    layer = convolution(8, 64, 5, 1.0, torch.Generator().manual_seed(0))
    # 12,800 draws: the deviation strays by 0.6 %; four times that.
    assert layer.weight.std().item() == pytest.approx(1 / math.sqrt(8 * 5 * 5), rel=0.025)


@pytest.mark.parametrize(("initialisation", "forward"), [("he", 1.0), ("xavier", 2 * 64 / (64 + 4 * 32))])
def test_up_convolution_scales_by_what_its_pixels_see_and_give(initialisation: str, forward: float) -> None:
    """The variance of outputs is fan in x sigma^2, that of gradients fan out x sigma^2; Xavier's mean of both is 1."""
    generator = torch.Generator().manual_seed(0)
    parts = Parts(ACTIVATIONS["relu"], NORMALISATIONS["none"], initialisation, generator)
    layer = parts.up_convolution(64, 32)
    x = torch.randn(8, 64, 16, 16, generator=generator).requires_grad_()
    y = layer(x)
    y.backward(torch.randn(y.shape, generator=generator))
    assert x.grad is not None
    # 8192 weights: their variance strays by sqrt(2 / 8192) = 1.6 %; four times that.
    assert y.var().item() == pytest.approx(forward, rel=0.063)
    assert x.grad.var().item() == pytest.approx(forward * 4 * 32 / 64, rel=0.063)


def test_convolution_keeps_height_and_width() -> None:
    layer = convolution(1, 2, 5, 1.0, torch.Generator().manual_seed(0))
    assert layer(torch.zeros(3, 1, 7, 9)).shape == (3, 2, 7, 9)


def dropped(rate: float, x: torch.Tensor, seed: int = 0) -> torch.Tensor:
    masked: torch.Tensor = Dropout(rate, torch.Generator().manual_seed(seed))(x)
    return masked


def test_dropout_keeps_the_mean_and_its_share() -> None:
    y = dropped(0.3, torch.ones(100_000))
    assert set(y.tolist()) == {0.0, torch.tensor(1 / 0.7).item()}
    # Of n draws the share strays by sqrt(0.3 x 0.7 / n) = 0.0014: four times that.
    assert (y == 0).float().mean().item() == pytest.approx(0.3, abs=0.006)


def test_dropout_scales_the_gradient_as_the_value() -> None:
    x = torch.rand(4, 3, 5, 5, generator=torch.Generator().manual_seed(1)).requires_grad_()
    y = dropped(0.5, x)
    y.sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    torch.testing.assert_close(x.grad, torch.where(y == 0, 0.0, 2.0), rtol=0, atol=0)


def test_dropout_rests_in_evaluation_and_at_a_rate_of_0() -> None:
    x, generator = torch.rand(50), torch.Generator().manual_seed(0)
    before = generator.get_state()
    assert Dropout(0.5, generator).eval()(x) is x
    assert Dropout(0.0, generator).train()(x) is x
    assert torch.equal(generator.get_state(), before)


def test_masks_come_from_the_generator_alone() -> None:
    world, x = torch.get_rng_state(), torch.ones(1000)
    assert torch.equal(dropped(0.5, x, seed=1), dropped(0.5, x, seed=1))
    assert not torch.equal(dropped(0.5, x, seed=1), dropped(0.5, x, seed=2))
    assert torch.equal(torch.get_rng_state(), world)
    layer = Dropout(0.5, torch.Generator().manual_seed(1))
    assert not torch.equal(layer(x), layer(x))


def test_a_generator_put_back_brings_the_masks_back() -> None:
    """So a training is resumed by its one generator; and the size of a batch does not shift what is drawn next."""
    generator, x = torch.Generator().manual_seed(0), torch.ones(1000)
    layer = Dropout(0.5, generator)
    layer(x)
    state = generator.get_state()
    first = layer(x)
    generator.set_state(state)
    assert torch.equal(layer(x), first)
    after = generator.get_state()
    generator.set_state(state)
    layer(x[:7])
    assert torch.equal(generator.get_state(), after)


def test_a_chain_leaves_out_what_does_nothing() -> None:
    parts = Parts(ACTIVATIONS["relu"], NORMALISATIONS["none"], "he", torch.Generator())
    assert [
        type(layer) for layer in chain([parts.norm(3), parts.active(), parts.dropout(0.0), parts.dropout(0.1)])
    ] == [
        torch.nn.ReLU,
        Dropout,
    ]
