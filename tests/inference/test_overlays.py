"""Masks drawn over their pictures, on request."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from nibabel.nifti1 import Nifti1Image
from numpy.typing import NDArray
from PIL import Image

from bakeoff.base.settings import BadInput
from bakeoff.inference.overlays import COLOURS, OPACITY, overlay
from bakeoff.inference.predict import predict

CLASSES = ("background", "grey", "white")


@pytest.fixture
def trained(project: Path, train: Callable[..., None], change: Callable[..., None]) -> None:
    train("scans", "unet-adam", "unet", (1, 8, 6), CLASSES, {"3": {"val/dice": 0.5}})
    change("scans", resize=None)
    (project / "scans").mkdir()
    Image.fromarray(grey(0)).save(project / "scans/a.png")
    tifffile.imwrite(project / "scans/b.tif", np.stack([grey(1), grey(2)]), photometric="minisblack")
    volume = np.random.default_rng(3).integers(0, 100, (6, 2, 8)).astype(np.float32)
    Nifti1Image(volume, np.eye(4)).to_filename(project / "scans/c.nii.gz")


def grey(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (8, 6), np.uint8)


@pytest.mark.parametrize(("kind", "brightest"), [(np.uint8, 255), (np.uint16, 4000)])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_first_class_stays_and_the_others_have_their_colours(channels: int, kind: type, brightest: int) -> None:
    picture = np.zeros((channels, 2, 2), kind)
    picture[:, 0, :] = brightest
    values = np.array([7, 0, 200], np.uint8)
    found = overlay(picture, np.array([[7, 0], [7, 200]], np.uint8), values, True)
    assert found.shape == (2, 2, 3) and found.dtype == np.uint8
    assert found[:, 0].tolist() == [[255] * 3, [0] * 3]
    np.testing.assert_allclose(found[0, 1], (1 - OPACITY) * 255 + OPACITY * COLOURS[0], atol=0.5)
    np.testing.assert_allclose(found[1, 1], OPACITY * COLOURS[1], atol=0.5)


def test_more_classes_than_colours() -> None:
    values = np.arange(20, dtype=np.uint8)
    black = np.zeros((1, 4, 5), np.uint8)
    assert overlay(black, values.reshape(4, 5), values, True).any(axis=2).sum() == 19
    assert overlay(black, values.reshape(4, 5), values, False).any(axis=2).sum() == 20  # where none is the background


@pytest.mark.usefixtures("trained")
def test_each_page_and_slice_gets_an_overlay_and_masks_are_as_without(project: Path) -> None:
    assert predict("scans", "scans", "plain", cell="unet-adam") == 0
    assert predict("scans", "scans", "masks", cell="unet-adam", overlay="over") == 0
    for path in (project / "plain").iterdir():
        assert path.read_bytes() == (project / "masks" / path.name).read_bytes()
    names = ["a.png", "b.tif.0000", "b.tif.0001", "c.nii.gz.0000", "c.nii.gz.0001"]
    assert sorted(path.name for path in (project / "over").iterdir()) == [f"{name}.overlay.png" for name in names]
    with Image.open(project / "over/a.png.overlay.png") as drawn, Image.open(project / "masks/a.png") as mask:
        found, labels = np.asarray(drawn), np.asarray(mask)
    assert found.shape == (8, 6, 3)
    first = labels == 0
    np.testing.assert_array_equal(found[first], np.repeat(grey(0)[first][:, np.newaxis], 3, axis=1))


@pytest.mark.usefixtures("trained")
def test_a_file_that_is_refused_has_no_overlay(project: Path) -> None:
    (project / "scans/a.png").write_bytes(b"no picture")
    assert predict("scans", "scans", "masks", cell="unet-adam", overlay="over") == 1
    assert not (project / "over/a.png.overlay.png").exists() and (project / "over/b.tif.0001.overlay.png").is_file()


FOLDERS = [
    ("", "'': overlays go to a folder"),
    ("-", "'-': overlays go to a folder"),
    ("params.yaml", "params.yaml: is a file"),
    ("no/over", "no/over: the folder no does not exist"),
    ("models", "models: has .* in it"),
    ("masks", "masks: is in masks, where the masks go"),
    ("masks/over", "masks/over: is in masks, where the masks go"),
    ("scans/over", "scans/over: lies in the folder of the input"),
]


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(("folder", "line"), FOLDERS)
def test_folders_that_are_refused(project: Path, folder: str, line: str) -> None:
    (project / "masks").mkdir()
    with pytest.raises(BadInput, match=f"^--overlay {line}") as refused:
        predict("scans", "scans", "masks", cell="unet-adam", overlay=folder)
    assert "\n" not in str(refused.value) and not list((project / "masks").iterdir())


def test_classes_have_no_overlay(project: Path, train: Callable[..., None]) -> None:
    train("images", "softmax-sgd", "softmax", (1, 8, 6), CLASSES, {"0": {"val/accuracy": 0.5}})
    Image.fromarray(grey(0)).save(project / "a.png")
    with pytest.raises(BadInput, match="this option is for tasks with masks, and 'images' has no masks"):
        predict("images", "a.png", "out.csv", cell="softmax-sgd", overlay="over")
