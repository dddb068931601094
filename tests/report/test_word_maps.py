import io
import itertools

import numpy as np
import pytest
from PIL import Image

from bakeoff.report.figures.word_maps import DOT, LABEL, SMALL, draw, labels, overlap, width

RNG = np.random.default_rng(0)
WORDS = [f"word{n}" for n in range(60)]


def boxes(points: np.ndarray, words: list[str], sizes: list[float], needed: list[bool]) -> dict[int, np.ndarray]:
    found = labels(points, words, sizes, needed)
    halves = {place: np.array([width(words[place], sizes[place]), sizes[place]]) / 2 for place in found}
    return {
        place: np.hstack([points[place] + offset - halves[place], points[place] + offset + halves[place]])
        for place, offset in found.items()
    }


def test_labels_cover_neither_dots_nor_each_other() -> None:
    points, needed = RNG.uniform(0, 400, (60, 2)), [n < 20 for n in range(60)]
    found = boxes(points, WORDS, [LABEL if need else SMALL for need in needed], needed)
    assert set(range(20)) <= found.keys()
    assert len(found) > 50
    for (_, one), (_, other) in itertools.combinations(found.items(), 2):
        assert overlap(one, other[None]) == 0
    dots = np.hstack([points - DOT, points + DOT])
    assert all(overlap(box, dots) == 0 for box in found.values())


def test_where_there_is_no_room_the_needed_stay_and_others_go() -> None:
    points, needed = RNG.uniform(0, 20, (60, 2)), [n < 12 for n in range(60)]
    found = labels(points, WORDS, [SMALL] * 60, needed)
    assert set(range(12)) <= found.keys()
    assert len(found) < 40


def test_overlap_is_the_shared_area() -> None:
    box = np.array([0.0, 0.0, 2.0, 2.0])
    others = np.array([[1, 1, 3, 5], [2, 0, 4, 2], [-1, -1, 3, 0.5], [np.nan] * 4])
    assert overlap(box, others) == pytest.approx(1 + 0 + 1)


def test_a_map_is_a_picture_with_the_same_bytes_twice() -> None:
    places = RNG.normal(size=(60, 2))
    groups = {"some": WORDS[:5], "more": WORDS[5:9]}
    first, again = (draw("words", WORDS, places, groups) for _ in range(2))
    assert first == again != draw("words", WORDS, places, {})
    with Image.open(io.BytesIO(first)) as picture:
        assert picture.size == (1210, 935)
