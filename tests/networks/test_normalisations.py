from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bakeoff.base.settings import BadInput
from bakeoff.networks.normalisations import NORMALISATIONS, AcrossChannels, WithinChannel
from bakeoff.networks.settings import NormalisationName, RowNormalisationName

Images = NDArray[np.float64]

# Float64 keeps 16 digits; a few of them go in sums, roots and powers.
CLOSE: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-13}


def images(seed: int = 0, channels: int = 7, scale: float = 100.0) -> Tensor:
    """Large values, so that the 1e-4 of a local response counts."""
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(3, channels, 6, 9, generator=generator, dtype=torch.float64) + 1


def across_as_in_the_notes(x: Images, alpha: float = 0.0001, k: float = 1, beta: float = 0.75, n: int = 5) -> Images:
    """The Keras code of the notes, with NumPy for Theano."""
    b, ch, r, c = x.shape
    half_n = n // 2
    input_sqr = np.zeros((b, ch + 2 * half_n, r, c))
    input_sqr[:, half_n : half_n + ch, :, :] = np.square(x)
    scale = np.full(x.shape, float(k))
    norm_alpha = alpha / n
    for i in range(n):
        scale += norm_alpha * input_sqr[:, i : i + ch, :, :]
    return x / scale**beta


def within_as_in_caffe(x: Images, alpha: float = 0.0001, beta: float = 0.75, n: int = 5) -> Images:
    """Mean of the squares in a window that counts what lies beyond the edges as 0."""
    H, W = x.shape[2:]
    y = np.empty_like(x)
    for i in range(H):
        for j in range(W):
            window = x[:, :, max(0, i - n // 2) : i + n // 2 + 1, max(0, j - n // 2) : j + n // 2 + 1]
            y[:, :, i, j] = x[:, :, i, j] / (1 + alpha * (window**2).sum((2, 3)) / n**2) ** beta
    return y


REFERENCES: dict[str, Callable[[Images], Images]] = {
    "lrn_across": across_as_in_the_notes,
    "lrn_within": within_as_in_caffe,
    "none": lambda x: x,
}


def test_every_normalisation_is_tried() -> None:
    assert REFERENCES.keys() | {"batch"} == NORMALISATIONS.keys() == set(get_args(NormalisationName))
    assert set(get_args(RowNormalisationName)) < NORMALISATIONS.keys()


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("channels", [1, 3, 7])
def test_local_response_follows_its_formula(name: str, channels: int) -> None:
    x = images(channels=channels)
    expected = REFERENCES[name](x.numpy())
    torch.testing.assert_close(NORMALISATIONS[name].build(channels)(x), torch.from_numpy(expected), **CLOSE)


def test_across_channels_is_torchs() -> None:
    x, y = images().requires_grad_(), images().requires_grad_()
    ours, torchs = AcrossChannels(5, 1e-4, 0.75, 1.0)(x), nn.LocalResponseNorm(5, 1e-4, 0.75, 1.0)(y)
    torch.testing.assert_close(ours, torchs, **CLOSE)
    for out in (ours, torchs):
        out.square().sum().backward()
    torch.testing.assert_close(x.grad, y.grad, **CLOSE)


@pytest.mark.parametrize(
    "layer", [AcrossChannels(3, 2.0, 0.5, 3.0), WithinChannel(3, 2.0, 0.5, 3.0)], ids=["across", "within"]
)
def test_local_response_reads_its_constants(layer: nn.Module) -> None:
    """Ones everywhere: inside, each window's mean square is 1."""
    y = layer(torch.ones(2, 5, 5, 5, dtype=torch.float64))
    torch.testing.assert_close(y[:, 2, 2, 2], torch.full((2,), 5**-0.5, dtype=torch.float64), **CLOSE)


def test_batch_norm_follows_its_formula_in_training_and_in_evaluation() -> None:
    """Ioffe & Szegedy 2015, algorithm 1, and the notes' running statistics: the new batch weighs 0.1."""
    layer = NORMALISATIONS["batch"].build(7).double()
    gamma, beta = torch.linspace(0.5, 2, 7), torch.linspace(-1, 1, 7)
    layer.load_state_dict({"weight": gamma, "bias": beta}, strict=False)
    channel = (1, 7, 1, 1)  # (N, C, H, W)
    scale, shift = gamma.double().view(channel).numpy(), beta.double().view(channel).numpy()
    running_mean, running_variance = np.zeros(channel), np.ones(channel)
    layer.train()
    for seed in range(3):
        x = images(seed, scale=2.0).numpy()
        mean, variance = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
        expected = scale * (x - mean) / np.sqrt(variance + 1e-5) + shift
        torch.testing.assert_close(layer(torch.from_numpy(x)), torch.from_numpy(expected), **CLOSE)
        running_mean = 0.9 * running_mean + 0.1 * mean
        running_variance = 0.9 * running_variance + 0.1 * x.var((0, 2, 3), keepdims=True, ddof=1)
    layer.eval()
    x = images(9).numpy()
    expected = scale * (x - running_mean) / np.sqrt(running_variance + 1e-5) + shift
    torch.testing.assert_close(layer(torch.from_numpy(x)), torch.from_numpy(expected), **CLOSE)


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_a_bias_is_idle_where_the_normalisation_shifts(name: str) -> None:
    layer = NORMALISATIONS[name].build(7).double().train()
    idle = torch.allclose(layer(images() + 5), layer(images()))
    assert idle == NORMALISATIONS[name].shifts


def test_rows_are_normalised_as_images_of_one_pixel() -> None:
    ours, torchs = NORMALISATIONS["batch"].build(7).double(), nn.BatchNorm1d(7, eps=1e-5, momentum=0.1).double()
    for seed in range(3):
        x = images(seed).flatten(2).mean(2)  # (N, C)
        torch.testing.assert_close(ours(x), torchs(x), **CLOSE)
    for name, statistic in torchs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], statistic, **CLOSE)
    torch.testing.assert_close(ours.eval()(x), torchs.eval()(x), **CLOSE)


def test_a_batch_of_one_row_is_refused_in_training_alone() -> None:
    layer, row = NORMALISATIONS["batch"].build(3), torch.ones(1, 3)
    with pytest.raises(BadInput, match=r"^params.yaml: a batch of one row has no variance"):
        layer(row)
    assert layer.eval()(row).shape == (1, 3)
    layer.train()(torch.ones(1, 3, 2, 2))
