"""One suite over all networks."""

from typing import Any

import pytest
import torch
from torch import nn

from bakeoff.networks.registry import CLASSIFIERS, NETWORKS, SEGMENTERS
from bakeoff.networks.settings import MlpSettings
from bakeoff.settings import BadInput

Shape = tuple[int, ...]

CLASSES = 3
SHAPES: list[Shape] = [(1, 28, 28), (2, 13, 17)]  # (C, H, W); odd sizes do not halve evenly
SETTINGS: dict[str, dict[str, Any]] = {
    "softmax": {"initial_sigma": 0.01},
    "mlp": {"hidden": [8, 6], "activation": "softplus"},
    "cnn": {"channels": [4, 6], "kernel": 3, "hidden": 8, "activation": "softplus"},
    "unet": {"channels": 4, "depth": 2, "activation": "softplus"},
}  # softplus: a dead rectifier would hide a weight that no gradient reaches


def build(name: str, shape: Shape = SHAPES[0], seed: int = 0) -> nn.Module:
    settings = NETWORKS[name].settings.model_validate(SETTINGS[name])
    return NETWORKS[name].build(settings, shape, CLASSES, torch.Generator().manual_seed(seed))


def images(shape: Shape, n: int = 5) -> torch.Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(9))


def test_every_network_is_tried() -> None:
    assert SETTINGS.keys() == NETWORKS.keys() == CLASSIFIERS.keys() | SEGMENTERS.keys()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", NETWORKS)
def test_logits_have_a_value_for_each_class(name: str, shape: Shape) -> None:
    pixels = shape[1:] if name in SEGMENTERS else ()
    assert build(name, shape)(images(shape)).shape == (5, CLASSES, *pixels)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", NETWORKS)
def test_gradient_reaches_every_weight(name: str, shape: Shape) -> None:
    network = build(name, shape)
    network(images(shape)).square().sum().backward()
    unreached = [key for key, weight in network.named_parameters() if weight.grad is None or (weight.grad == 0).any()]
    assert unreached == []


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_come_from_the_generator_alone(name: str) -> None:
    world = torch.get_rng_state()
    first, again, other = build(name, seed=1), build(name, seed=1), build(name, seed=2)
    assert torch.equal(torch.get_rng_state(), world)
    for key, weight in first.state_dict().items():
        assert torch.equal(weight, again.state_dict()[key])
        assert key.endswith("bias") or not torch.equal(weight, other.state_dict()[key])


@pytest.mark.parametrize("name", NETWORKS)
def test_an_example_does_not_see_the_rest_of_its_batch(name: str) -> None:
    network, x = build(name), images(SHAPES[0])
    # Float32 keeps 7 digits; other batch sizes add in another order.
    torch.testing.assert_close(network(x)[2:3], network(x[2:3]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("softmax", (28 * 28 + 1) * 3),
        ("mlp", (28 * 28 + 1) * 8 + (8 + 1) * 6 + (6 + 1) * 3),
        ("cnn", (9 * 1 + 1) * 4 + (9 * 4 + 1) * 6 + (7 * 7 * 6 + 1) * 8 + (8 + 1) * 3),
        (
            "unet",
            # down to 4, 8 and 16 channels, two convolutions each
            (9 * 1 + 1) * 4 + (9 * 4 + 1) * 4 + (9 * 4 + 1) * 8 + (9 * 8 + 1) * 8 + (9 * 8 + 1) * 16 + (9 * 16 + 1) * 16
            # up from 16 beside 8, and from 8 beside 4
            + (9 * 24 + 1) * 8 + (9 * 8 + 1) * 8 + (9 * 12 + 1) * 4 + (9 * 4 + 1) * 4
            + (4 + 1) * 3,
        ),
    ],
)  # fmt: skip
def test_number_of_parameters(name: str, count: int) -> None:
    assert sum(weight.numel() for weight in build(name).parameters()) == count


def test_classifiers_take_rows_of_a_table() -> None:
    for name in ("softmax", "mlp"):
        assert build(name, (7,))(torch.zeros(4, 7)).shape == (4, CLASSES)


def test_mlp_is_its_formula() -> None:
    settings = MlpSettings(hidden=(8,), activation="tanh")
    network = NETWORKS["mlp"].build(settings, (5,), CLASSES, torch.Generator().manual_seed(0)).double()
    for weight in network.parameters():
        nn.init.normal_(weight, generator=torch.Generator().manual_seed(weight.numel()))
    w1, b1, w2, b2 = network.parameters()
    x = torch.rand(6, 5, dtype=torch.float64)
    torch.testing.assert_close(network(x), torch.tanh(x @ w1.T + b1) @ w2.T + b2, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["cnn", "unet"])
def test_an_image_too_small_is_refused(name: str) -> None:
    assert build(name, (1, 4, 4))(images((1, 4, 4))).shape[:2] == (5, CLASSES)
    with pytest.raises(BadInput, match=r"params.yaml: networks.* 3 x 9 pixels"):
        build(name, (1, 3, 9))
