import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage

from bakeoff.base.settings import BadInput
from bakeoff.data.examples import Examples, Split
from bakeoff.training.augmentation import Augmentation, cubic, interpolated
from bakeoff.training.settings import (
    NO_AUGMENTATION,
    AugmentationSettings,
    ElasticSettings,
    IntensitySettings,
    plain,
)
from bakeoff.training.supervised import Classification, Segmentation

H, W = 5, 7
OFF = NO_AUGMENTATION
CPU = torch.device("cpu")
Array = NDArray[np.generic]


def images(n: int, channels: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """No pixel is 0, and no label."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(n, channels, H, W, generator=generator) + 1
    return x, torch.randint(1, 4, (n, H, W), generator=generator)


def by_hand(image: Array, drawn: list[int], asked: AugmentationSettings, covered: bool) -> Array:
    """(..., H, W), step by step, with NumPy's pad."""
    down, right, crop_down, crop_right, flip, row, column = drawn[:7]
    around = [(0, 0)] * (image.ndim - 2)
    s, c = asked.shift, asked.crop
    image = np.pad(image, [*around, (s, s), (s, s)], mode="reflect")[..., s - down :, s - right :][..., :H, :W]
    image = np.pad(image, [*around, (c, c), (c, c)])[..., c + crop_down :, c + crop_right :][..., :H, :W]
    image = (image[..., ::-1] if flip else image).copy()
    if asked.cutout and covered:
        top, left = row - asked.cutout // 2, column - asked.cutout // 2
        image[..., max(top, 0) : top + asked.cutout, max(left, 0) : left + asked.cutout] = 0
    return image


@pytest.mark.parametrize(
    "changes",
    [
        {"shift": 3},
        {"shift": 4},
        {"crop": 2},
        {"flip": True},
        {"cutout": 1},
        {"cutout": 4},
        {"shift": 2, "crop": 3, "flip": True, "cutout": 3},
    ],
)
def test_images_and_labels_are_those_made_by_hand(changes: dict[str, Any]) -> None:
    asked = OFF.model_copy(update=changes)
    x, y = images(200)
    augment = Augmentation(asked, (2, H, W))
    drawn = augment.draw(200, torch.Generator().manual_seed(1))
    moved, labels = augment(x, y, drawn)
    for image, label, one, its, how in zip(x.numpy(), y.numpy(), moved, labels, drawn.tolist(), strict=True):
        np.testing.assert_array_equal(one.numpy(), by_hand(image, how, asked, covered=True))
        np.testing.assert_array_equal(its.numpy(), by_hand(label, how, asked, covered=False))
    assert (moved.shape, moved.dtype, labels.dtype) == (x.shape, x.dtype, y.dtype)
    assert moved.is_contiguous(memory_format=torch.channels_last)


def test_every_move_that_is_possible_happens_about_equally_often() -> None:
    augment = Augmentation(
        AugmentationSettings(
            shift=2, crop=1, flip=True, cutout=3, rotation=0.0, elastic=None, intensity=None, window=0
        ),
        (1, H, W),
    )
    drawn = augment.draw(21_000, torch.Generator().manual_seed(0)).numpy()[:, :7]
    for column, (low, high) in enumerate([(-2, 2), (-2, 2), (-1, 1), (-1, 1), (0, 1), (0, H - 1), (0, W - 1)]):
        values, counts = np.unique(drawn[:, column], return_counts=True)
        assert values.tolist() == list(range(low, high + 1))
        p = 1 / len(values)
        # Five standard deviations of so many draws.
        assert counts == pytest.approx(21_000 * p, abs=5 * (21_000 * p * (1 - p)) ** 0.5)
    assert np.abs(np.corrcoef(drawn.T) - np.eye(7)).max() < 5 / 21_000**0.5


def test_what_is_off_draws_nothing_and_moves_nothing() -> None:
    generator = torch.Generator()
    before = generator.get_state()
    augment = Augmentation(OFF, (1, H, W))
    assert not augment.on
    assert not augment.draw(5, generator).any()
    assert torch.equal(generator.get_state(), before)


ROTATED = {"rotation": 40.0}
BENT = {"elastic": ElasticSettings(sigma=0.5, grid=2)}


@pytest.mark.parametrize(
    "changes", [ROTATED, BENT, ROTATED | {"elastic": ElasticSettings(sigma=0.25, grid=3)}], ids=str
)
def test_rotated_and_bent_images_are_those_of_scipy(changes: dict[str, Any]) -> None:
    """The displacements between the nodes are those of torch's bicubic interpolation."""
    x, y = images(40)
    augment = Augmentation(OFF.model_copy(update=changes), (2, H, W))
    drawn = augment.draw(40, torch.Generator().manual_seed(1))
    moved, labels = augment(x, y, drawn)
    assert moved.is_contiguous(memory_format=torch.channels_last) and labels.dtype == y.dtype
    i, j = np.mgrid[:H, :W].astype(np.float64)
    for n in range(40):
        angle = math.radians(drawn[n, 7].item() / 1024)
        assert abs(angle) <= math.radians(40)
        away = (i - 2) + 1j * (j - 3)
        away = away * np.exp(-1j * angle)
        rows, columns = away.real + 2, away.imag + 3
        if nodes := augment.nodes:
            moves = drawn[n, 8:-4].double().view(1, 2, nodes, nodes) / 1024
            field = F.interpolate(moves, size=(H, W), mode="bicubic", align_corners=True)[0].numpy()
            rows, columns = rows + field[0], columns + field[1]
        for channel in range(2):
            expected = ndimage.map_coordinates(x[n, channel].double(), [rows, columns], order=1, mode="mirror")
            np.testing.assert_allclose(moved[n, channel], expected, rtol=1e-6)
        nearest = ndimage.map_coordinates(y[n].numpy(), [rows, columns], order=0, mode="mirror")
        np.testing.assert_array_equal(labels[n], nearest)


def test_a_quarter_turn_keeps_every_pixel() -> None:
    augment = Augmentation(OFF.model_copy(update={"rotation": 180.0}), (2, 7, 7))
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(3, 2, 7, 7, generator=generator), torch.randint(3, (3, 7, 7), generator=generator)
    drawn = torch.zeros(3, 12, dtype=torch.int64)
    drawn[:, 7] = torch.tensor([0, 90, -180]) * 1024
    moved, labels = augment(x, y, drawn)
    for n, quarters in enumerate((0, 1, 2)):
        torch.testing.assert_close(moved[n], torch.rot90(x[n], quarters, (1, 2)), rtol=0, atol=1e-6)
        assert torch.equal(labels[n], torch.rot90(y[n], quarters))


@pytest.mark.parametrize("grid", [2, 3, 6])
def test_interpolation_between_nodes_is_that_of_torch(grid: int) -> None:
    values = torch.rand(1, 1, 1, grid, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = F.interpolate(values, size=(1, 23), mode="bicubic", align_corners=True)
    torch.testing.assert_close(interpolated(values, cubic(grid, 23)), expected)


def test_intensity_is_a_gain_and_an_offset_and_leaves_the_black_frame() -> None:
    x, y = images(200)
    changes = {"crop": 1, "intensity": IntensitySettings(gain=0.25, offset=0.5)}
    augment = Augmentation(OFF.model_copy(update=changes), (2, H, W))
    drawn = augment.draw(200, torch.Generator().manual_seed(0))
    assert drawn[:, -4].abs().max() > 200 and drawn[:, -3].abs().max() > 400
    changed, labels = augment(x, y, drawn)
    drawn[:, -4:] = 0
    same, same_labels = augment(x, y, drawn)
    assert torch.equal(labels, same_labels)
    for one, before, (gain, offset) in zip(
        changed, same, augment.draw(200, torch.Generator().manual_seed(0))[:, -4:-2].tolist(), strict=True
    ):
        assert abs(gain) <= 256 and abs(offset) <= 512
        expected = torch.where(before > 0, before * (1 + gain / 1024) + offset / 1024, 0)
        torch.testing.assert_close(one, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("side", [1, 3, 5])
def test_a_window_is_cut_out_of_all_other_changes(side: int) -> None:
    x, y = images(300)
    others = {"shift": 2, "crop": 2, "flip": True, "cutout": 3, "rotation": 20.0}
    whole, cut = (Augmentation(OFF.model_copy(update=others | {"window": window}), (2, H, W)) for window in (0, side))
    drawn = cut.draw(300, torch.Generator().manual_seed(0))
    moved, labels = whole(x, y, drawn * (torch.arange(drawn.shape[1]) < drawn.shape[1] - 2))
    seen, theirs = cut(x, y, drawn)
    assert seen.shape == (300, 2, side, side) and theirs.shape == (300, side, side)
    for n, (top, left) in enumerate(drawn[:, -2:].tolist()):
        assert torch.equal(seen[n], moved[n, :, top : top + side, left : left + side])
        assert torch.equal(theirs[n], labels[n, top : top + side, left : left + side])
    assert {tuple(place) for place in drawn[:, -2:].tolist()} == {
        (top, left) for top in range(H - side + 1) for left in range(W - side + 1)
    }


def test_angles_and_displacements_are_spread_as_asked() -> None:
    changes = {"rotation": 30.0, "elastic": ElasticSettings(sigma=0.25, grid=3)}
    augment = Augmentation(OFF.model_copy(update=changes), (1, H, W))
    drawn = augment.draw(4000, torch.Generator().manual_seed(0)).double() / 1024
    assert drawn.shape == (4000, 8 + 18 + 4) and not drawn[:, -4:].any()
    # Of n draws the deviation strays by less than 1 / sqrt(2 n): five times that.
    assert drawn[:, 7].std().item() == pytest.approx(60 / 12**0.5, rel=5 / 8000**0.5)
    assert drawn[:, 8:-4].std(0).tolist() == pytest.approx([0.25] * 18, rel=5 / 8000**0.5)
    assert np.abs(np.corrcoef(drawn[:, 7:-4].T) - np.eye(19)).max() < 5 / 4000**0.5


def test_what_is_new_leaves_what_was_drawn_before() -> None:
    old = {"shift": 2, "crop": 1, "flip": True, "cutout": 3}
    changes = {"elastic": ElasticSettings(sigma=0.5, grid=2), "intensity": IntensitySettings(gain=0.1, offset=0.1)}
    few, many = (
        Augmentation(OFF.model_copy(update=asked), (1, H, W)).draw(50, torch.Generator().manual_seed(0))
        for asked in (old, old | changes)
    )
    assert torch.equal(few[:, :7], many[:, :7])


def test_labels_of_examples_stay() -> None:
    augment, y = (
        Augmentation(
            AugmentationSettings(
                shift=1, crop=1, flip=True, cutout=2, rotation=0.0, elastic=None, intensity=None, window=0
            ),
            (2, H, W),
        ),
        torch.arange(9),
    )
    _, kept = augment(images(9)[0], y, augment.draw(9, torch.Generator()))
    assert kept is y


@pytest.mark.parametrize(
    ("changes", "shape", "says"),
    [
        ({"flip": True}, (12,), "training.augmentation changes pixels, and an example here is a row of 12 numbers"),
        ({"shift": 5}, (1, H, W), "augmentation.shift is 5, which leaves nothing of images of 5 x 7 pixels"),
        ({"crop": 9}, (1, H, W), "augmentation.crop is 9, which leaves nothing of images of 5 x 7 pixels"),
        (
            {"elastic": ElasticSettings(sigma=0.6, grid=3)},
            (1, H, W),
            "elastic.sigma is 0.6, and 3 nodes of a grid over images of 5 x 7 pixels are 2 pixels apart",
        ),
        (
            {"window": 6},
            (1, H, W),
            "window is 6, and images of 5 x 7 pixels have no square of this side; take at most 5",
        ),
    ],
)
def test_moves_that_make_no_sense_are_refused(changes: dict[str, Any], shape: tuple[int, ...], says: str) -> None:
    Augmentation(OFF, shape)
    with pytest.raises(BadInput, match=says):
        Augmentation(OFF.model_copy(update=changes), shape)


def examples(pixelwise: bool) -> Examples:
    def split(n: int, seed: int) -> Split:
        draw = np.random.default_rng(seed)
        y = draw.integers(2, size=(n, H, W) if pixelwise else n, dtype=np.uint8)
        y[:2] = [[[0]], [[1]]] if pixelwise else [0, 1]
        return Split(draw.integers(1, 256, size=(n, 1, H, W), dtype=np.uint8), y)

    return Examples(split(23, 0), split(9, 1), split(9, 2), ("a", "b"))


def test_segmentations_meet_their_labels_moved_alike() -> None:
    """Each image holds its own labels: they agree wherever the image is not cut out."""
    data = examples(pixelwise=True)
    data.train.x[:, 0] = data.train.y * 100 + 50
    asked = plain(1, 5).model_copy(
        update={
            "augmentation": AugmentationSettings(
                shift=2, crop=2, flip=True, cutout=3, rotation=0.0, elastic=None, intensity=None, window=0
            )
        }
    )
    for x, y in Segmentation(data, asked, CPU).batches(torch.Generator().manual_seed(0)):
        seen = x[:, 0] > 0
        assert 0.3 < seen.double().mean() < 0.95
        assert torch.equal((x[:, 0] > 0.5)[seen], (y == 1)[seen])


@pytest.mark.parametrize("start", [0, 2])
@pytest.mark.parametrize("size", [5, 8])
def test_what_happens_to_an_example_depends_neither_on_batches_nor_on_where_they_begin(size: int, start: int) -> None:
    data = examples(pixelwise=False)

    def epoch(size: int, start: int) -> torch.Tensor:
        update = {
            "augmentation": AugmentationSettings(
                shift=2, crop=1, flip=True, cutout=2, rotation=0.0, elastic=None, intensity=None, window=0
            )
        }
        workload = Classification(data, plain(1, size).model_copy(update=update), CPU)
        return torch.cat([x for x, _ in workload.batches(torch.Generator().manual_seed(0), start)])

    assert torch.equal(epoch(size, start), epoch(1, 0)[size * start :])


def test_two_epochs_differ_and_held_data_are_left_alone() -> None:
    data = examples(pixelwise=False)
    update = {
        "augmentation": AugmentationSettings(
            shift=2, crop=0, flip=False, cutout=0, rotation=0.0, elastic=None, intensity=None, window=0
        )
    }
    workload, generator = Classification(data, plain(1, 23).model_copy(update=update), CPU), torch.Generator()
    first, second = (sorted(next(iter(workload.batches(generator)))[0].flatten(1).tolist()) for _ in range(2))
    assert first != second
    still = Classification(data, plain(1, 23), CPU)
    for name in ("validation", "test"):
        assert torch.equal(workload.held[name][0], still.held[name][0])
