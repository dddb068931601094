"""The U-Net as published, and its settings."""

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.networks.modules.unet import Bilinear, Unet, reflection
from bakeoff.networks.unet import SPEC, UnetSettings

PUBLISHED: dict[str, Any] = {
    "channels": 64,
    "depth": 4,
    "padding": "valid",
    "up": "transpose",
    "normalisation": "none",
    "dropout": 0.5,
    "residual": False,
    "skips": True,
    "activation": "relu",
    "initialisation": "he",
}
NARROW = PUBLISHED | {"channels": 2, "depth": 2, "dropout": 0.0, "activation": "tanh"}


def settings(**changes: Any) -> UnetSettings:
    return UnetSettings.model_validate(NARROW | changes)


def build(given: UnetSettings, classes: int = 2, seed: int = 0) -> Unet:
    network = SPEC.build(given, (1, 64, 64), classes, torch.Generator().manual_seed(seed))
    assert isinstance(network, Unet)
    return network


def images(height: int, width: int, count: int = 1) -> Tensor:
    return torch.rand(count, 1, height, width, generator=torch.Generator().manual_seed(height + width))


def test_published_configuration_has_the_published_number_of_parameters() -> None:
    """Counted by hand: convolutions down, convolutions up, up-convolutions, the last layer."""
    network = build(UnetSettings.model_validate(PUBLISHED))
    widths = [64, 128, 256, 512, 1024]
    down = sum((9 * a + 1) * b + (9 * b + 1) * b for a, b in zip([1, *widths], widths, strict=False))
    up = sum((4 * 2 * b + 1) * b + (9 * 2 * b + 1) * b + (9 * b + 1) * b for b in widths[:-1])
    assert sum(weight.numel() for weight in network.parameters()) == down + up + (64 + 1) * 2 == 31_030_658


def test_published_configuration_has_the_published_sizes() -> None:
    """An input of 572 gives an output of 388, whose lowest level has 28 pixels."""
    given = UnetSettings.model_validate(PUBLISHED)
    assert given.lowest(388) == 28
    assert given.borders(388) == (92, 92)
    narrow = settings(depth=4)
    seen: list[tuple[int, ...]] = []
    network = build(narrow)
    for level in network.down:
        level.register_forward_hook(lambda _, __, output: seen.append(tuple(output.shape[-2:])))
    with torch.inference_mode():
        assert network.whole(images(572, 572)).shape == (1, 2, 388, 388)
    assert seen == [(size, size) for size in (568, 280, 136, 64, 28)]


SIZES = [(16, 16), (17, 30), (25, 4), (5, 41)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("padding", "up", "residual", "skips"),
    list(product(("same", "valid"), ("transpose", "nearest", "bilinear"), (False, True), (False, True))),
)
def test_output_has_the_size_of_any_image(
    size: tuple[int, int], padding: str, up: str, residual: bool, skips: bool
) -> None:
    network = build(settings(padding=padding, up=up, residual=residual, skips=skips), classes=3)
    assert network(images(*size, count=2)).shape == (2, 3, *size)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("up", ["transpose", "nearest", "bilinear"])
@pytest.mark.parametrize("residual", [False, True])
def test_overlapping_tiles_give_the_output_of_the_whole_image(depth: int, up: str, residual: bool) -> None:
    """Each tile begins at a multiple of 2 ^ depth pixels and has the borders that the output loses."""
    given = settings(depth=depth, up=up, residual=residual)
    network, x = build(given).double().eval(), images(32, 40).double()
    whole = network(x)
    mirrored = network.mirrored(x)
    tile = 16
    before, behind = given.borders(tile)
    for top, left in product(range(0, 32 - tile + 1, 8), range(0, 40 - tile + 1, 8)):
        part = mirrored[..., top : top + before + tile + behind, left : left + before + tile + behind]
        expected = whole[..., top : top + tile, left : left + tile]
        torch.testing.assert_close(network.whole(part)[..., :tile, :tile], expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("up", ["transpose", "bilinear"])
def test_borders_are_as_small_as_they_can_be(padding: str, depth: int, up: str) -> None:
    """Simulated level by level: the least lowest level whose output is not smaller than the image."""
    given = settings(padding=padding, depth=depth, up=up)
    lost, taken = (0, 0) if padding == "same" else (4, 2 if up == "bilinear" else 0)

    def risen(lowest: int) -> int:
        for _ in range(depth):
            lowest = 2 * lowest - taken - lost
        return lowest

    for pixels in range(1, 60):
        lowest = next(n for n in range(1, 200) if risen(n) >= pixels)
        needed = lowest + lost
        for _ in range(depth):
            needed = 2 * needed + lost
        before, behind = given.borders(pixels)
        assert given.lowest(pixels) == lowest
        assert before + pixels + behind == needed
        assert 0 <= behind - before == risen(lowest) - pixels


@pytest.mark.parametrize(("pixels", "before", "behind"), [(5, 3, 4), (2, 7, 6), (3, 9, 0), (4, 0, 20), (1, 3, 2)])
def test_images_are_mirrored_at_their_edges_as_often_as_it_takes(pixels: int, before: int, behind: int) -> None:
    there = [*range(pixels), *range(pixels - 2, 0, -1)]
    expected = [there[place % len(there)] for place in range(-before, pixels + behind)]
    assert reflection(pixels, before, behind).tolist() == expected


def test_mirroring_is_that_of_torch() -> None:
    given = settings()
    x = images(60, 64)
    (top, bottom), (left, right) = given.borders(60), given.borders(64)
    assert torch.equal(build(given).mirrored(x), F.pad(x, (left, right, top, bottom), mode="reflect"))


def test_enlargements_are_those_of_the_settings() -> None:
    kinds = {up: build(settings(up=up)).enlarge for up in ("transpose", "nearest", "bilinear")}
    assert all(isinstance(layer, nn.ConvTranspose2d) and layer.stride == (2, 2) for layer in kinds["transpose"])
    assert all(isinstance(layer, nn.Upsample) and layer.mode == "nearest" for layer in kinds["nearest"])
    assert all(isinstance(layer, Bilinear) for layer in kinds["bilinear"])


def test_dropout_is_at_the_lowest_level_and_in_training_alone() -> None:
    network, x = build(settings(dropout=0.5)), images(16, 16)
    seen: list[tuple[int, ...]] = []
    network.dropout.register_forward_hook(lambda _, __, output: seen.append(tuple(output.shape)))
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))
    assert {shape[1] for shape in seen} == {8}
    assert isinstance(build(settings()).dropout, nn.Identity)


def test_a_residual_level_adds_its_input() -> None:
    """With kernels of 0 the first level is the activation of its shortcut alone."""
    network, x = build(settings(residual=True, depth=1)), images(10, 10)
    level = network.down[0]
    for weight in level.residual.parameters():
        nn.init.zeros_(weight)
    expected = torch.tanh(level.shortcut(x))[..., 2:-2, 2:-2]
    torch.testing.assert_close(level(x), expected)


def test_without_skips_the_levels_beside_change_nothing() -> None:
    """Only the lowest level hands on: the expanding path has half the inputs."""
    with_skips, without = (build(settings(skips=skips)) for skips in (True, False))
    assert [next(iter(up.parameters())).shape[1] for up in with_skips.up] == [8, 4]
    assert [next(iter(up.parameters())).shape[1] for up in without.up] == [4, 2]


@pytest.mark.parametrize("height", [4, 5, 8])
def test_one_pixel_with_batch_norm_is_refused(height: int) -> None:
    given = settings(padding="same", normalisation="batch")
    fault = given.training_size_fault(height, 4, "these images")
    assert (fault is not None) == (height == 4)
    assert given.size_fault(height, 4, "these images") is None


@pytest.mark.parametrize(
    ("depth", "size", "refused"),
    [(4, (2, 2), False), (4, (2, 1), True), (3, (3, 41), False), (6, (40, 40), False), (9, (40, 40), True)],
)
def test_depth_is_refused_where_nearly_all_would_be_mirrored(depth: int, size: tuple[int, int], refused: bool) -> None:
    """2 x 2 pixels become 16 x 16, 64 times as many."""
    fault = settings(padding="same", depth=depth).size_fault(*size, "these images")
    assert (fault is not None) == refused


def test_the_borders_of_valid_padding_count_where_depth_is_refused() -> None:
    """32 x 32 pixels become 220 x 220 at a depth of 4, and 412 x 412, 166 times as many, at 5."""
    given = [settings(padding="valid", up="transpose", depth=depth) for depth in (4, 5)]
    faults = [one.size_fault(32, 32, "these images") for one in given]
    assert faults[0] is None and faults[1] is not None and "these images with mirrored borders" in faults[1]


@pytest.mark.parametrize(
    ("key", "value"),
    [("padding", "full"), ("up", "cubic"), ("normalisation", "lrn_across"), ("dropout", 1.0), ("skips", "yes")],
)
def test_unknown_values_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        settings(**{key: value})


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 1, 4), (2, 3, 5, 4)])
def test_bilinear_enlargement_is_that_of_torch(shape: tuple[int, ...]) -> None:
    x = torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(Bilinear()(x), nn.Upsample(scale_factor=2, mode="bilinear")(x))
