"""Damage inside a JPEG's compressed data, of which Pillow says nothing."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.images import jpeg, pictures
from bakeoff.data.images.source_tree import Place
from bakeoff.data.limits import Limits

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)
END = b"\xff\xd9"

KINDS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "grey": {"grey": True},
    "restart markers": {"restart_marker_rows": 1},
    "without subsampling": {"subsampling": 0},
    "optimized": {"optimize": True},
}


def encoded(grey: bool = False, **options: Any) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).convert("L" if grey else "RGB").save(buffer, "JPEG", **options)
    return buffer.getvalue()


def saved(tmp_path: Path, content: bytes) -> Place:
    (tmp_path / "a.jpg").write_bytes(content)
    return Place(tmp_path / "a.jpg", "a.jpg", LIMITS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_picture_is_read(kind: str, tmp_path: Path) -> None:
    content = encoded(**KINDS[kind])
    place = saved(tmp_path, content)
    jpeg.check(place)
    with Image.open(io.BytesIO(content)) as image:
        assert np.array_equal(pictures.read(place)[0], np.asarray(image)[..., 0] if image.mode == "RGB" else image)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_data_that_are_missing_before_the_end_are_found(kind: str, share: float, tmp_path: Path) -> None:
    content = encoded(**KINDS[kind])
    with pytest.raises(
        BadInput, match=r"^a\.jpg: the picture is damaged: (Corrupt JPEG|Premature end|image file is truncated)"
    ):
        pictures.read(saved(tmp_path, content[: int(share * len(content))] + END))


@pytest.mark.parametrize("kind", ["baseline", "grey", "without subsampling", "optimized"])
def test_data_that_are_overwritten_are_found(kind: str, tmp_path: Path) -> None:
    content = bytearray(encoded(**KINDS[kind]))
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(200)
    with pytest.raises(BadInput, match=r"^a\.jpg: the picture is damaged: Corrupt JPEG data"):
        pictures.read(saved(tmp_path, bytes(content)))


def test_most_damage_of_a_few_bytes_is_found(tmp_path: Path) -> None:
    whole, generator, found = encoded(), np.random.default_rng(0), 0
    start = whole.index(b"\xff\xda") + 14
    for _ in range(40):
        content = bytearray(whole)
        at = int(generator.integers(start, len(content) - 20))
        content[at : at + 16] = generator.integers(0, 255, 16, np.uint8).tobytes()
        try:
            pictures.read(saved(tmp_path, bytes(content)))
        except BadInput:
            found += 1
    assert found > 20


def test_an_unusual_header_is_no_damage_and_hides_none(tmp_path: Path) -> None:
    content = bytearray(encoded())
    content[jpeg.REVISION] = 0  # libjpeg warns of an unknown JFIF revision
    jpeg.check(saved(tmp_path, bytes(content)))
    with pytest.raises(BadInput, match="Corrupt JPEG data"):
        jpeg.check(saved(tmp_path, bytes(content[: len(content) // 2]) + END))


def test_bytes_after_the_end_are_no_damage(tmp_path: Path) -> None:
    jpeg.check(saved(tmp_path, encoded() + b"what a camera appends" * 9))
