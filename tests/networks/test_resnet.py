"""The residual networks against their papers: sizes as published, values as their formulas."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import Tensor, nn

from bakeoff.base.settings import BadInput
from bakeoff.networks.modules.resnet import Subsampled, stages
from bakeoff.networks.registry import NETWORKS

CIFAR = (3, 32, 32)  # (C, H, W)
KINDS: dict[str, Any] = {"normalisation": "batch", "activation": "relu", "initialisation": "he"}
RESNET = KINDS | {"depth": 8, "channels": 4, "shortcut": "identity"}
WIDE = KINDS | {"depth": 10, "widening": 2, "dropout": 0.0}


def build(name: str, shape: tuple[int, ...] = CIFAR, **settings: Any) -> nn.Module:
    spec = NETWORKS[name]
    given = {"resnet": RESNET, "wide_resnet": WIDE}[name] | settings
    return spec.build(spec.settings.model_validate(given), shape, 10, torch.Generator().manual_seed(0))


def parameters(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize(
    ("depth", "published", "count"),
    [(20, 0.27, 269_722), (32, 0.46, 464_154), (44, 0.66, 658_586), (56, 0.85, 853_018), (110, 1.7, 1_727_962)],
)
def test_resnets_have_the_parameters_of_their_paper(depth: int, published: float, count: int) -> None:
    """He et al. 2015, table 6, in millions, with shortcuts of option A; projections add two 1 x 1 and their norms."""
    assert parameters(build("resnet", depth=depth, channels=16)) == count
    assert count / 1e6 == pytest.approx(published, rel=0.02)
    projected = count + (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64)
    assert parameters(build("resnet", depth=depth, channels=16, shortcut="projection")) == projected
    assert parameters(build("resnet", depth=depth, channels=16, shortcut="none")) == count


@pytest.mark.parametrize(
    ("depth", "widening", "published", "count"),
    [(16, 4, 2.7, 2_748_890), (40, 4, 8.9, 8_949_210), (16, 8, 11.0, 10_961_370), (28, 10, 36.5, 36_479_194)],
)
def test_wide_resnets_have_the_parameters_of_their_paper(
    depth: int, widening: int, published: float, count: int
) -> None:
    """Zagoruyko & Komodakis 2016, table 4 and text, in millions."""
    assert parameters(build("wide_resnet", depth=depth, widening=widening)) == count
    assert count / 1e6 == pytest.approx(published, abs=0.05)


def normalise(x: Tensor, state: dict[str, Tensor], name: str) -> Tensor:
    """Batch norm with the running statistics; the names of its tensors begin with `name`."""
    gamma, beta, mean, variance = (
        state[f"{name}.{part}"].view(1, -1, 1, 1) for part in ("weight", "bias", "running_mean", "running_var")
    )
    return gamma * (x - mean) / (variance + 1e-5).sqrt() + beta


def convolve(x: Tensor, state: dict[str, Tensor], name: str, stride: int = 1) -> Tensor:
    weight = state[f"{name}.weight"]
    return F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)


def resnet_of_the_paper(x: Tensor, state: dict[str, Tensor], shortcut: str) -> Tensor:
    """Depth 14, after He et al. 2015, section 4.2: stages of two blocks, the second and third begin with stride 2."""
    x = normalise(convolve(x, state, "conv"), state, "norm").clamp(min=0)
    for i, stride in enumerate((1, 1, 2, 1, 2, 1)):
        block = f"blocks.{i}"
        h = normalise(convolve(x, state, f"{block}.conv1", stride), state, f"{block}.norm1").clamp(min=0)
        h = normalise(convolve(h, state, f"{block}.conv2"), state, f"{block}.norm2")
        if shortcut == "projection" and stride == 2:
            h = h + normalise(convolve(x, state, f"{block}.shortcut.1", stride), state, f"{block}.shortcut.2")
        elif shortcut != "none":
            x = x[:, :, ::stride, ::stride]
            h = h + torch.cat([x, torch.zeros(len(x), h.shape[1] - x.shape[1], *h.shape[2:])], 1)
        x = h.clamp(min=0)
    return x.mean((2, 3)) @ state["head.weight"].T + state["head.bias"]


def wide_resnet_of_the_paper(x: Tensor, state: dict[str, Tensor]) -> Tensor:
    """Depth 16, after Zagoruyko & Komodakis 2016, table 1 and figure 1 d; projections see the activated input."""
    x = convolve(x, state, "conv")
    for i, stride in enumerate((1, 1, 2, 1, 2, 1)):
        block = f"blocks.{i}"
        h = normalise(x, state, f"{block}.norm1").clamp(min=0)
        if i % 2 == 0:
            x = convolve(h, state, f"{block}.projection.1", stride)
        h = normalise(convolve(h, state, f"{block}.conv1", stride), state, f"{block}.norm2").clamp(min=0)
        x = x + convolve(h, state, f"{block}.conv2")
    return normalise(x, state, "norm").clamp(min=0).mean((2, 3)) @ state["head.weight"].T + state["head.bias"]


@pytest.mark.parametrize(
    ("name", "settings", "formula"),
    [
        *(
            ("resnet", {"depth": 14, "shortcut": kind}, lambda x, state, kind=kind: resnet_of_the_paper(x, state, kind))
            for kind in ("identity", "projection", "none")
        ),
        ("wide_resnet", {"depth": 16}, wide_resnet_of_the_paper),
    ],
    ids=["resnet A", "resnet B", "resnet plain", "wide_resnet"],
)
def test_network_is_the_formula_of_its_paper(
    name: str, settings: dict[str, Any], formula: Callable[[Tensor, dict[str, Tensor]], Tensor]
) -> None:
    network = build(name, (3, 13, 10), **settings).double()
    generator = torch.Generator().manual_seed(1)
    for weight in network.state_dict().values():
        if weight.ndim == 1:  # scales, shifts and statistics: none may be as at the start
            weight.copy_(torch.rand(weight.shape, generator=generator) + 0.5)
    x = torch.rand(5, 3, 13, 10, generator=generator, dtype=torch.float64)
    # Float64 keeps 16 digits; fifteen layers of sums lose a few.
    torch.testing.assert_close(network.eval()(x), formula(x, network.state_dict()), rtol=1e-11, atol=1e-12)


def test_an_identity_skips_pixels_and_adds_channels_of_zeros() -> None:
    x = torch.arange(30.0).view(1, 2, 3, 5)
    y = Subsampled(stride=2, added=3)(x)
    assert y[0, 0].tolist() == [[0, 2, 4], [10, 12, 14]] and y[0, 1].tolist() == [[15, 17, 19], [25, 27, 29]]
    assert y.shape == (1, 5, 2, 3) and not y[:, 2:].any()


def test_stages_double_the_channels_and_halve_the_image_once_each() -> None:
    assert [*stages(16, 32, 2)] == [(16, 32, 1), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 128, 2), (128, 128, 1)]


def test_dropout_acts_in_training_alone() -> None:
    network, x = build("wide_resnet", dropout=0.5, normalisation="none"), torch.rand(2, *CIFAR)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))


@pytest.mark.parametrize(("name", "beside"), [("resnet", 2), ("wide_resnet", 4)])
def test_depths_that_no_blocks_make_are_refused(name: str, beside: int) -> None:
    layers = {depth for depth in range(30) if (depth - beside) % 6 == 0 and depth > beside}
    for depth in range(-8, 30):
        if depth in layers:
            build(name, depth=depth)
        else:
            with pytest.raises(
                ValidationError, match=rf"invalid depth {depth}: expected 6 n \+ {beside} layers; take \d+ or \d+"
            ):
                build(name, depth=depth)


@pytest.mark.parametrize("name", ["resnet", "wide_resnet"])
def test_batch_norm_is_refused_where_a_last_batch_of_one_would_break_it(name: str) -> None:
    build(name, (1, 4, 5))(torch.rand(1, 1, 4, 5))
    build(name, (1, 4, 4), normalisation="none")(torch.rand(1, 1, 4, 4))
    with pytest.raises(BadInput, match=rf"networks.{name}.normalisation is 'batch', and of 4 x 3 pixels"):
        build(name, (1, 4, 3))


@pytest.mark.parametrize("normalisation", ["batch", "lrn_across", "none"])
@pytest.mark.parametrize(
    ("name", "settings"),
    [("resnet", {"shortcut": shortcut}) for shortcut in ("identity", "projection", "none")] + [("wide_resnet", {})],
)
def test_writing_over_what_nobody_needs_changes_nothing(
    name: str, settings: dict[str, Any], normalisation: str
) -> None:
    """Neither values nor gradients, to the bit, against the same network that writes elsewhere."""
    x = torch.rand(6, 3, 12, 12, generator=torch.Generator().manual_seed(1))
    found = []
    for over in (True, False):
        network = build(name, (3, 12, 12), normalisation=normalisation, **settings)
        rectifiers = [module for module in network.modules() if isinstance(module, nn.ReLU)]
        assert rectifiers and all(module.inplace == (normalisation == "batch") for module in rectifiers)
        for module in rectifiers:
            module.inplace &= over
        trained = network(x)
        trained.square().sum().backward()
        gradients = [weight.grad for weight in network.parameters()]
        with torch.inference_mode():
            found.append([trained, network.eval()(x), *gradients])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
