"""One suite over all networks."""

import math
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

from bakeoff.base.settings import BadInput
from bakeoff.base.specs import by_name
from bakeoff.networks import cnn
from bakeoff.networks.mlp import MlpSettings
from bakeoff.networks.registry import (
    CLASSIFIERS,
    NETWORKS,
    SEGMENTERS,
    NetworkName,
    Networks,
    networks_for,
)

Shape = tuple[int, ...]

CLASSES = 3
SHAPES: list[Shape] = [(1, 28, 28), (3, 13, 17)]  # (C, H, W); odd sizes do not halve evenly
LAYERS = {"normalisation": "none", "activation": "softplus", "initialisation": "he"}
MLP = LAYERS | {"hidden": [8, 6], "dropout": 0.0}
CNN = LAYERS | {"channels": [4, 6], "kernel": 3, "hidden": 8, "dropout": 0.0}
RESIDUAL = LAYERS | {"normalisation": "batch"}
RESNET = RESIDUAL | {"depth": 8, "channels": 4, "shortcut": "identity"}
WIDE = RESIDUAL | {"depth": 10, "widening": 1, "dropout": 0.3}
UNET = LAYERS | {
    "channels": 4,
    "depth": 2,
    "padding": "same",
    "up": "nearest",
    "dropout": 0.0,
    "residual": False,
    "skips": True,
}
PUBLISHED = UNET | {"channels": 64, "depth": 4, "padding": "valid", "up": "transpose", "activation": "relu"}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "softmax": ("softmax", {"initial_sigma": 0.01}),
    "mlp": ("mlp", MLP),
    "mlp, normalised, with dropout": (
        "mlp",
        MLP | {"normalisation": "batch", "dropout": 0.2, "initialisation": "xavier"},
    ),
    "cnn": ("cnn", CNN),
    "cnn, normalised, with dropout": ("cnn", CNN | {"normalisation": "batch", "dropout": 0.2, "initialisation": 0.1}),
    "cnn, across": ("cnn", CNN | {"normalisation": "lrn_across"}),
    "resnet": ("resnet", RESNET),
    "resnet with projections, across": (
        "resnet",
        RESNET | {"shortcut": "projection", "normalisation": "lrn_across", "activation": "gelu"},
    ),
    "resnet without shortcuts, within": (
        "resnet",
        RESNET | {"shortcut": "none", "normalisation": "lrn_within", "initialisation": "xavier"},
    ),
    "resnet, nothing normalised": ("resnet", RESNET | {"normalisation": "none", "initialisation": 0.1}),
    "wide_resnet": ("wide_resnet", WIDE | {"widening": 2}),
    "wide_resnet, nothing normalised": ("wide_resnet", WIDE | {"normalisation": "none", "dropout": 0.0}),
    "unet": ("unet", UNET),
    "unet as published, but narrow": ("unet", PUBLISHED | {"channels": 4, "depth": 2, "activation": "softplus"}),
    "unet, normalised, residual, with dropout": (
        "unet",
        UNET | {"normalisation": "batch", "residual": True, "dropout": 0.2, "up": "transpose"},
    ),
    "unet without skips, bilinear": ("unet", UNET | {"up": "bilinear", "skips": False, "initialisation": "xavier"}),
    "unet, valid and bilinear": (
        "unet",
        PUBLISHED | {"channels": 4, "depth": 1, "up": "bilinear", "residual": True, "activation": "softplus"},
    ),
}  # softplus: a dead rectifier would hide a weight that no gradient reaches


def build(variant: str, shape: Shape = SHAPES[0], seed: int = 0) -> nn.Module:
    name, settings = VARIANTS[variant]
    spec = NETWORKS[name]
    return spec.build(spec.settings.model_validate(settings), shape, CLASSES, torch.Generator().manual_seed(seed))


def images(shape: Shape, n: int = 5) -> torch.Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(9))


def test_every_network_is_tried() -> None:
    assert {name for name, _ in VARIANTS.values()} == NETWORKS.keys() == CLASSIFIERS.keys() | SEGMENTERS.keys()


def test_params_yaml_lists_them_all() -> None:
    assert NETWORKS.keys() == Networks.model_fields.keys()
    assert set(get_args(NetworkName)) == CLASSIFIERS.keys() | SEGMENTERS.keys()
    assert set(networks_for("table")) == {"softmax", "mlp"}
    for name, spec in NETWORKS.items():
        assert Networks.model_fields[name].annotation is spec.settings


def test_two_networks_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^bakeoff\.networks\.cnn: the network 'cnn' is defined twice; rename one"):
        by_name("network", [(cnn, cnn.SPEC), (cnn, cnn.SPEC)])


@pytest.mark.parametrize("name", NETWORKS)
def test_a_description_says_where_everything_is_from(name: str) -> None:
    spec = NETWORKS[name]
    assert all((spec.title, spec.formula, spec.source, spec.deviations, spec.takes))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", VARIANTS)
def test_logits_have_a_value_for_each_class(name: str, shape: Shape) -> None:
    pixels = shape[1:] if VARIANTS[name][0] in SEGMENTERS else ()
    assert build(name, shape)(images(shape)).shape == (5, CLASSES, *pixels)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", VARIANTS)
def test_gradient_reaches_every_weight(name: str, shape: Shape) -> None:
    network = build(name, shape)
    network(images(shape)).square().sum().backward()
    unreached = [key for key, weight in network.named_parameters() if weight.grad is None or (weight.grad == 0).any()]
    assert unreached == []


@pytest.mark.parametrize("name", [name for name, (model, _) in VARIANTS.items() if "resnet" in model])
def test_values_and_gradients_stay_channels_last(name: str) -> None:
    """Where the two layouts meet, an operation is many times as slow."""
    network = build(name, (3, 12, 12))
    strayed: list[str] = []

    def look(layer: str, x: torch.Tensor) -> None:
        if not x.is_contiguous(memory_format=torch.channels_last):
            strayed.append(layer)

    def follow(layer: str, output: torch.Tensor) -> None:
        look(f"{layer} forwards", output)
        output.register_hook(lambda gradient: look(f"{layer} backwards", gradient))

    for layer, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Softplus | nn.GELU):
            module.register_forward_hook(lambda _, __, output, layer=layer: follow(layer, output))
    network(images((3, 12, 12))).square().sum().backward()
    assert strayed == []


@pytest.mark.parametrize("name", VARIANTS)
def test_weights_come_from_the_generator_alone(name: str) -> None:
    world = torch.get_rng_state()
    first, again, other = build(name, seed=1), build(name, seed=1), build(name, seed=2)
    for network in (first, again):
        network(images(SHAPES[0]))  # in training: running statistics move, and masks are drawn
    assert torch.equal(torch.get_rng_state(), world)
    for key, weight in first.state_dict().items():
        assert torch.equal(weight, again.state_dict()[key])
        drawn = weight.ndim > 1  # all others are biases, scales and statistics
        assert not drawn or not torch.equal(weight, other.state_dict()[key])


@pytest.mark.parametrize("name", VARIANTS)
def test_an_example_does_not_see_the_rest_of_its_batch(name: str) -> None:
    network, x = build(name).double(), images(SHAPES[0]).double()
    network(x)
    network.eval()
    # Float64 keeps 16 digits; other batch sizes add in another order.
    torch.testing.assert_close(network(x)[2:3], network(x[2:3]), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", VARIANTS)
def test_weights_survive_a_file(name: str, tmp_path: Path) -> None:
    """Running statistics with them: they are a part of what predicts."""
    network, other, x = build(name, seed=1), build(name, seed=2), images(SHAPES[0])
    network(x)
    save_file({key: weight.contiguous() for key, weight in network.state_dict().items()}, tmp_path / "weights")
    other.load_state_dict(load_file(tmp_path / "weights"))
    assert torch.equal(network.eval()(x), other.eval()(x))


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("softmax", (28 * 28 + 1) * 3),
        ("mlp", (28 * 28 + 1) * 8 + (8 + 1) * 6 + (6 + 1) * 3),
        ("cnn", (9 * 1 + 1) * 4 + (9 * 4 + 1) * 6 + (7 * 7 * 6 + 1) * 8 + (8 + 1) * 3),
        # batch norm's shift stands for the bias, beside its scale
        ("mlp, normalised, with dropout", (28 * 28 + 2) * 8 + (8 + 2) * 6 + (6 + 1) * 3),
        ("cnn, normalised, with dropout", (9 * 1 + 2) * 4 + (9 * 4 + 2) * 6 + (7 * 7 * 6 + 1) * 8 + (8 + 1) * 3),
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


def shuffled(model: str, settings: dict[str, Any], shape: Shape) -> nn.Module:
    """In float64, in evaluation, and with no bias, scale or statistic as at the start."""
    spec = NETWORKS[model]
    network = spec.build(spec.settings.model_validate(settings), shape, CLASSES, torch.Generator()).double().eval()
    generator = torch.Generator().manual_seed(0)
    for name, values in network.state_dict().items():
        if values.is_floating_point():
            lowest = 0.1 if name.endswith("running_var") else -0.5
            values.copy_(torch.rand(values.shape, generator=generator, dtype=torch.float64) + lowest)
    return network


def normalised(x: torch.Tensor, statistics: tuple[torch.Tensor, ...]) -> torch.Tensor:
    gamma, beta, mean, variance = (value.view(-1, *[1] * (x.ndim - 2)) for value in statistics)
    return gamma * (x - mean) / (variance + 1e-5).sqrt() + beta


# Float64 keeps 16 digits; a few of them go in the sums.
CLOSE = {"rtol": 1e-12, "atol": 1e-12}


def test_mlp_is_its_formula() -> None:
    network = shuffled("mlp", MLP | {"hidden": [8], "activation": "tanh", "dropout": 0.5}, (5,))
    w1, b1, w2, b2 = network.parameters()
    x = torch.rand(6, 5, dtype=torch.float64)
    torch.testing.assert_close(network(x), torch.tanh(x @ w1.T + b1) @ w2.T + b2, **CLOSE)


def test_mlp_normalises_before_it_activates() -> None:
    network = shuffled("mlp", MLP | {"hidden": [8], "activation": "tanh", "normalisation": "batch"}, (5,))
    w1, gamma, beta, mean, variance, _, w2, b2 = network.state_dict().values()
    x = torch.rand(6, 5, dtype=torch.float64)
    hidden = torch.tanh(normalised(x @ w1.T, (gamma, beta, mean, variance)))
    torch.testing.assert_close(network(x), hidden @ w2.T + b2, **CLOSE)


def test_mlp_drops_hidden_values_after_their_activation() -> None:
    """Sigmoids are never 0: what is 0, or has grown by 1 / (1 - 1/2), went through the mask behind them."""
    settings = MlpSettings.model_validate(MLP | {"hidden": [50], "activation": "sigmoid", "dropout": 0.5})
    network = NETWORKS["mlp"].build(settings, (5,), CLASSES, torch.Generator().manual_seed(0))
    seen: list[torch.Tensor] = []
    list(network.children())[-1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x = images((5,))
    network(x)
    network.eval()(x)
    dropped, whole = seen
    torch.testing.assert_close(dropped, torch.where(dropped == 0, 0.0, 2 * whole))
    assert (whole > 0).all() and 0.3 < (dropped == 0).float().mean() < 0.7  # of 250 values, half, strayed by 3 %


@pytest.mark.parametrize("normalisation", ["none", "batch"])
def test_cnn_is_its_formula(normalisation: str) -> None:
    """Zeros around each image, an odd last row and column dropped; gelu, which falls and rises, shows the order."""
    settings = CNN | {"channels": [4], "activation": "gelu", "normalisation": normalisation, "dropout": 0.5}
    network = shuffled("cnn", settings, (2, 6, 5))
    state = [values for values in network.state_dict().values() if values.is_floating_point()]
    x = 5 * torch.rand(3, 2, 6, 5, dtype=torch.float64)
    kernel, padded = state[0], torch.zeros(3, 2, 8, 7, dtype=torch.float64)
    padded[:, :, 1:-1, 1:-1] = x
    y = torch.stack(
        [torch.einsum("nchw,ochw->no", padded[:, :, i : i + 3, j : j + 3], kernel) for i in range(6) for j in range(5)],
        2,
    ).view(3, 4, 6, 5)
    if normalisation == "batch":
        y = normalised(y, (state[1], state[2], state[3], state[4]))
    else:
        y = y + state[1].view(4, 1, 1)
    largest = torch.stack([y[:, :, i:6:2, j:4:2] for i in (0, 1) for j in (0, 1)]).amax(0)  # (3, 4, 3, 2)
    w1, b1, w2, b2 = state[-4:]
    expected = F.gelu(F.gelu(largest).flatten(1) @ w1.T + b1) @ w2.T + b2
    torch.testing.assert_close(network(x), expected, **CLOSE)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
@pytest.mark.parametrize(("initialisation", "gain"), [("he", 2), ("xavier", None), (0.3, None)])
def test_initialisation_is_of_every_layer(name: str, initialisation: str | float, gain: int | None) -> None:
    """The variance of n draws strays by sqrt(2 / n) of itself: five times that, for there are many layers."""
    wide = {"mlp": MLP | {"hidden": [60, 50]}, "cnn": CNN | {"channels": [20, 30], "kernel": 5, "hidden": 40}}[name]
    spec = NETWORKS[name]
    settings = spec.settings.model_validate(wide | {"initialisation": initialisation, "activation": "relu"})
    network = spec.build(settings, (1, 12, 12), 10, torch.Generator().manual_seed(0))
    weights = [weight for weight in network.parameters() if weight.ndim > 1]
    for weight in weights:
        outputs, inputs, *kernel = weight.shape
        fan_in, fan_out = (size * math.prod(kernel) for size in (inputs, outputs))
        if gain is not None:
            variance = (1 if weight is weights[-1] else gain) / fan_in
        else:
            variance = 2 / (fan_in + fan_out) if initialisation == "xavier" else 0.3**2
        assert weight.var().item() == pytest.approx(variance, rel=5 * math.sqrt(2 / weight.numel()))


def test_an_image_too_small_is_refused() -> None:
    assert build("cnn", (1, 4, 4))(images((1, 4, 4))).shape[:2] == (5, CLASSES)
    with pytest.raises(BadInput, match=r"params.yaml: networks.* 3 x 9 pixels"):
        build("cnn", (1, 3, 9))


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (3, 3), (4, 4), (4, 5), (5, 7), (8, 8), (16, 15)], ids=str)
@pytest.mark.parametrize("name", VARIANTS)
def test_images_are_refused_exactly_where_settings_name_a_fault(name: str, size: tuple[int, int]) -> None:
    """What is not refused goes through the network, alone in a batch of its own where the settings allow it."""
    model, given = VARIANTS[name]
    settings = NETWORKS[model].settings.model_validate(given)
    fault = settings.size_fault(*size, "these images") or settings.training_size_fault(*size, "these images")
    if fault is not None:
        key = fault.split()[0]
        assert key in type(settings).model_fields and "these images" in fault and "; take " in fault
        with pytest.raises(BadInput, match=rf"^params\.yaml: networks\.{model}\.{key} (is|has) .*, or larger images$"):
            build(name, (3, *size))
    else:
        logits = build(name, (3, *size))(images((3, *size), n=settings.smallest_batch))
        assert logits.shape[:2] == (settings.smallest_batch, CLASSES) and logits.isfinite().all()
    if settings.size_fault(*size, "these images") is None and "scans" in NETWORKS[model].takes:
        network = build(name, (3, 40, 40)).eval()
        assert network(images((3, *size), n=1)).shape == (1, CLASSES, *size)


@pytest.mark.parametrize("name", [name for name, spec in NETWORKS.items() if "table" not in spec.takes])
def test_rows_of_a_table_are_refused_by_what_takes_images(name: str) -> None:
    with pytest.raises(BadInput, match=rf"^params.yaml: networks.{name} takes images, .* 7 numbers; take {name} off"):
        build(name, (7,))
