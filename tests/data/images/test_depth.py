"""16 bits a channel become 8 by one rule for a whole source."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.images import arrays, images
from bakeoff.data.images.class_folders import read
from bakeoff.data.images.depth import Depth
from bakeoff.data.images.pixels import Picture
from bakeoff.data.images.settings import ImagesSettings
from bakeoff.data.images.source_tree import Place
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)


def picture(*values: int, dtype: type[np.unsignedinteger] = np.uint16) -> Picture:
    return np.array([[values]], dtype)


def depth(bits: int | None, *every: Picture) -> Depth:
    def source() -> Iterator[Picture]:
        return iter(every)

    return Depth("data.images.bits", bits, source, Remarks())


@pytest.mark.parametrize(
    ("largest", "bits", "white"),
    [
        (1, 8, 255), (255, 8, 255), (256, 9, 511), (1000, 10, 1023), (1023, 10, 1023), (3000, 12, 4095),
        (4095, 12, 4095), (4096, 13, 8191), (16000, 14, 16383), (40000, 16, 65535), (65535, 16, 65535),
    ],
)  # fmt: skip
def test_as_many_bits_count_as_the_largest_value_of_the_source_needs(largest: int, bits: int, white: int) -> None:
    one, other = picture(0, largest // 2), picture(largest)
    found = depth(None, one, other)
    for each in (one, other):
        expected = np.floor(each.astype(float) * 255 / white + 0.5)
        assert found.eight(each, "a").tolist() == expected.tolist()
    (line,) = found.remarks.lines()
    assert f" use {bits} of them, for their largest value is {largest}: {white} becomes 255" in line
    assert "params.yaml: data.images.bits" in line


def test_full_16_bits_are_v_by_257_rounded() -> None:
    every = np.arange(65536, dtype=np.uint16)[np.newaxis, np.newaxis]
    assert np.array_equal(depth(None, every).eight(every, "a"), (every.astype(int) + 128) // 257)


def test_8_bits_stay_whatever_stands_beside_them() -> None:
    deep, plain = picture(4095), picture(7, 200, dtype=np.uint8)
    found = depth(None, plain, deep)
    assert found.eight(deep, "a").tolist() == [[[255]]]
    assert found.eight(plain, "b").tolist() == [[[7, 200]]]


def test_8_bits_alone_are_not_said() -> None:
    plain = picture(7, dtype=np.uint8)
    found = depth(None, plain)
    assert found.eight(plain, "b") is not None and not found.remarks.lines()


@pytest.mark.parametrize(("bits", "expected"), [(12, 64), (13, 32), (16, 4)])
def test_the_settings_may_give_the_number_of_bits(bits: int, expected: int) -> None:
    found = depth(bits, picture(5))
    assert found.eight(picture(1023), "a").tolist() == [[[expected]]]
    assert f"use {bits} of them (data.images.bits)" in found.remarks.lines()[0]


def test_a_value_of_more_bits_than_the_settings_give_is_refused() -> None:
    with pytest.raises(
        BadInput, match=r"a\.png: invalid value 4096: expected at most 4095, for params\.yaml: data\.images\.bits is 12"
    ):
        depth(12).eight(picture(1, 4096), "a.png")


def made(found: object, **change: object) -> tuple[np.ndarray, list[str]]:
    values = {
        "kind": "images", "source": "mnist-5k", "take": None, "colour": "grey", "resize": None, "bits": None,
        "split": {"validation": 1, "test": 1, "seed": 0},
    }  # fmt: skip
    remarks = Remarks()
    examples = images.examples(found, ImagesSettings.model_validate(values | change), lambda n: n, remarks)  # type: ignore[arg-type]
    parts = (examples.train, examples.validation, examples.test)
    return np.sort(np.concatenate([part.x for part in parts]).ravel()), remarks.lines()


def test_a_folder_is_scaled_as_a_whole(tmp_path: Path) -> None:
    values = np.linspace(0, 4095, 8).astype(np.uint16)
    for n, value in enumerate(values):
        path = tmp_path / "ab"[n % 2] / f"{n}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((1, 1), value)).save(path)
    x, lines = made(read(Place(tmp_path, "mine", LIMITS)))
    assert x.tolist() == np.floor(values * 255.0 / 4095 + 0.5).tolist()
    assert len(lines) == 1 and "use 12 of them" in lines[0]


def test_arrays_are_scaled_as_a_whole(tmp_path: Path) -> None:
    values = np.linspace(0, 1023, 8).astype(np.uint16)
    np.savez(tmp_path / "a.npz", x=values[:, np.newaxis, np.newaxis], y=np.arange(8) % 2)
    x, lines = made(arrays.read(Place(tmp_path / "a.npz", "a.npz", LIMITS)))
    assert x.tolist() == np.floor(values * 255.0 / 1023 + 0.5).tolist()
    assert len(lines) == 1 and "use 10 of them" in lines[0]


def test_arrays_of_two_depths_are_refused(tmp_path: Path) -> None:
    x, y = np.zeros((4, 2, 2), np.uint8), np.arange(4) % 2
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y, x_test=x.astype(np.uint16), y_test=y)
    with pytest.raises(BadInput, match=r"a\.npz: x_train is uint8 but x_test is uint16"):
        arrays.read(Place(tmp_path / "a.npz", "a.npz", LIMITS))
