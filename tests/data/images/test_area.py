from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from bakeoff.base.settings import BadInput
from bakeoff.data.images import area


def test_new_pixels_are_means_of_squares_with_halves_up() -> None:
    picture = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    assert area.means(picture, (2, 2)).tolist() == [[[3, 5], [11, 13]]]  # 2.5, 4.5, 10.5, 12.5


def test_where_squares_are_whole_it_is_pillow_s_box() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (60, 80), np.uint8)
    pillow = np.asarray(Image.fromarray(picture).resize((20, 20), Image.Resampling.BOX)).astype(int)
    assert np.abs(area.means(picture, (20, 20)) - pillow).max() <= 1  # Pillow rounds twice: rows, then columns


@pytest.mark.parametrize("size", [(3, 5), (7, 7), (1, 1), (2, 7)])
def test_a_pixel_on_a_border_counts_by_its_parts(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (7, 7), np.uint8)

    def overlap(cell: int, cells: int, pixel: int) -> Fraction:
        start, stop = Fraction(cell * 7, cells), Fraction((cell + 1) * 7, cells)
        return max(min(stop, Fraction(pixel + 1)) - max(start, Fraction(pixel)), Fraction(0))

    for row, column in np.ndindex(size):
        mean = sum(
            overlap(row, size[0], r) * overlap(column, size[1], c) * int(picture[r, c]) for r, c in np.ndindex(7, 7)
        ) / (Fraction(7, size[0]) * Fraction(7, size[1]))
        assert area.means(picture, size)[row, column] == int(mean + Fraction(1, 2))


def test_the_class_with_the_largest_share_wins_and_of_equal_ones_the_first() -> None:
    labels = np.array([[2, 2, 1, 1], [2, 0, 2, 2]], np.uint8)
    assert area.majority(labels, 3, (1, 2)).tolist() == [[2, 1]]
    # Three columns become two: of the first area [0, 1.5) class 1 has two thirds.
    assert area.majority(np.array([[1, 0, 0]], np.uint8), 2, (1, 2)).tolist() == [[1, 0]]


def test_nothing_is_enlarged() -> None:
    with pytest.raises(BadInput, match=r"a\.png: invalid size 4 x 9 .* at least resize \[5, 9\]"):
        area.check("a.png", (4, 9), (5, 9))
