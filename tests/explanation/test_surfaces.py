"""The 95 % Hausdorff distance against distance transforms of scipy, and against all pairs of pixels."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt

from bakeoff.explanation.surfaces import Spacing, SurfaceDistance, Surfaces, border, hausdorff


def blob(seed: int, shape: tuple[int, int] = (23, 31)) -> NDArray[np.bool_]:
    """A random shape, which may touch the edge of the picture."""
    rng = np.random.default_rng(seed)
    seeds = np.zeros(shape, bool)
    seeds[tuple(rng.integers(0, side, 4) for side in shape)] = True
    grown: NDArray[np.bool_] = binary_dilation(seeds, iterations=int(rng.integers(1, 6)))
    return grown


def outline(of: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels with a neighbour at a side that is outside, by comparing with shifted copies."""
    around = np.pad(of, 1)
    sides = (around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:])
    return of & ~np.logical_and.reduce(sides)


def by_transform(first: NDArray[np.bool_], second: NDArray[np.bool_], spacing: Spacing) -> float:
    a, b = outline(first), outline(second)
    there = distance_transform_edt(~b, sampling=spacing)[a]
    back = distance_transform_edt(~a, sampling=spacing)[b]
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.5, 3.0)])
@pytest.mark.parametrize("seed", range(12))
def test_it_is_that_of_distance_transforms(seed: int, spacing: Spacing) -> None:
    first, second = blob(seed), blob(seed + 100)
    assert hausdorff(first, second, spacing) == pytest.approx(by_transform(first, second, spacing), rel=1e-12)
    assert hausdorff(first, second, spacing) == hausdorff(second, first, spacing)


def test_it_is_that_of_all_pairs_of_pixels() -> None:
    a, b = (np.argwhere(outline(blob(seed))) for seed in (3, 4))
    pairs = np.sqrt(((a[:, np.newaxis] - b) ** 2).sum(axis=2))
    expected = max(np.percentile(pairs.min(axis=axis), 95) for axis in (0, 1))
    assert hausdorff(blob(3), blob(4)) == pytest.approx(expected, rel=1e-12)


def test_a_shifted_square_is_as_far_as_its_shift_and_one_stray_pixel_does_not_count() -> None:
    square = np.zeros((60, 60), bool)
    square[5:25, 5:25] = True
    assert hausdorff(square, square) == 0
    assert hausdorff(square, np.roll(square, 7, axis=1)) == 7
    assert hausdorff(square, np.roll(square, 7, axis=1), (1.0, 0.5)) == 3.5
    stray = square.copy()
    stray[55, 55] = True
    assert hausdorff(square, stray) == 0


def test_pixels_at_the_edge_of_the_picture_are_at_the_border() -> None:
    assert border(np.ones((3, 4), bool)).tolist() == [[True] * 4, [True, False, False, True], [True] * 4]


def test_a_class_that_only_one_of_both_has_is_counted_and_not_averaged() -> None:
    found = Surfaces(range(1, 4), (1.0, 1.0))
    mask = np.zeros((9, 9), np.uint8)
    mask[2:5, 2:5] = 1
    found.add(np.roll(mask, 2, axis=0), mask)
    found.add(mask, mask)
    found.add(np.zeros_like(mask), mask)
    found.add(np.full_like(mask, 3), np.zeros_like(mask))
    one, nowhere, added = found.distances(("background", "a", "b", "c"))
    assert one == SurfaceDistance("a", measured=2, mean=1.0, median=1.0, largest=2.0, missed=1, added=0)
    assert nowhere == SurfaceDistance("b", measured=0, mean=None, median=None, largest=None, missed=0, added=0)
    assert added == SurfaceDistance("c", measured=0, mean=None, median=None, largest=None, missed=0, added=1)
