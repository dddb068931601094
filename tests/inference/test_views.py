"""Masks by several predictions: of a turned image, or of windows that overlap."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bakeoff.base.settings import BadInput
from bakeoff.commands.choice import window_side
from bakeoff.commands.cli import main
from bakeoff.inference import models
from bakeoff.inference.predict import predict
from bakeoff.inference.views import Flips, Windows

CLASSES = ("background", "grey", "white")


class Local:
    """Probabilities that depend on a pixel alone, or on its place in what is seen."""

    def __init__(self, *, placed: bool = False) -> None:
        self.placed = placed
        self.seen: list[tuple[int, ...]] = []

    def predict(self, x: NDArray[Any]) -> NDArray[np.float32]:
        self.seen.append(x.shape)
        p = x[:, 0] / 255
        if self.placed:
            p = p * np.linspace(0.2, 1, x.shape[2])[:, None] * np.linspace(0.5, 1, x.shape[3])
        return np.stack([p, 1 - p], 1).astype(np.float32)


def images(height: int, width: int, n: int = 2) -> NDArray[np.uint8]:
    return np.random.default_rng(height * width).integers(0, 256, (n, 1, height, width), dtype=np.uint8)


@pytest.mark.parametrize("views", [2, 4, 8])
@pytest.mark.parametrize("size", [(6, 6), (5, 8)], ids=str)
def test_flips_are_turned_back(size: tuple[int, int], views: int) -> None:
    x, plain, placed = images(*size), Local(), Local(placed=True)
    np.testing.assert_allclose(Flips(plain, views).predict(x), plain.predict(x), rtol=1e-6)
    assert len(plain.seen) == views + 1
    assert sorted(set(plain.seen)) == sorted({(2, 1, *size), (2, 1, *(size[::-1] if views == 8 else size))})
    mean = Flips(placed, views).predict(x)
    assert mean.dtype == np.float32 and mean.shape == (2, 2, *size)
    # A turned image has the turned mean, which a single prediction has not.
    turns: list[Callable[[NDArray[Any]], NDArray[Any]]] = [
        lambda array: np.ascontiguousarray(array[..., ::-1]),
        lambda array: np.ascontiguousarray(array[..., ::-1, :]),
        lambda array: np.ascontiguousarray(np.rot90(array, 1, axes=(2, 3))),
    ]
    for turned in turns[: views.bit_length() - 1]:
        np.testing.assert_allclose(Flips(placed, views).predict(turned(x)), turned(mean), rtol=1e-6)
    assert not np.allclose(placed.predict(x)[..., ::-1], placed.predict(np.ascontiguousarray(x[..., ::-1])))


@pytest.mark.parametrize("size", [(16, 16), (17, 40), (9, 33), (50, 16)], ids=str)
@pytest.mark.parametrize("side", [16, 17])
def test_windows_cover_every_pixel_and_are_blended(size: tuple[int, int], side: int) -> None:
    x, plain = images(*size), Local()
    np.testing.assert_allclose(Windows(plain, side).predict(x), plain.predict(x), rtol=1e-6)
    assert all(max(shape[2:]) <= side for shape in plain.seen[:-1])
    covered, sums = np.zeros(size), np.zeros((2, 2, *size))
    for top in windows(size[0], side):
        for left in windows(size[1], side):
            part = Local(placed=True).predict(x[:, :, top : top + side, left : left + side])
            for i in range(part.shape[2]):
                for j in range(part.shape[3]):
                    weight = min(i + 1, part.shape[2] - i) * min(j + 1, part.shape[3] - j)
                    covered[top + i, left + j] += weight
                    sums[:, :, top + i, left + j] += weight * part[:, :, i, j]
    np.testing.assert_allclose(Windows(Local(placed=True), side).predict(x), sums / covered, rtol=1e-5)


def windows(pixels: int, side: int) -> list[int]:
    """Return where windows begin: half of a side apart, the last where the image ends."""
    if pixels <= side:
        return [0]
    return [start for start in range(0, pixels, -(-side // 2)) if start + side < pixels] + [pixels - side]


@pytest.fixture
def trained(train: Callable[..., None], change: Callable[..., None]) -> None:
    train("scans", "unet-adam", "unet", (1, 24, 20), CLASSES, {"3": {"val/dice": 0.5}})
    change("scans", resize=None, labels=[{"background": 0}, {"grey": 128}, {"white": [255, 254]}])


@pytest.mark.usefixtures("trained")
def test_masks_are_those_of_the_views(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = images(24, 40, 1)
    Image.fromarray(x[0, 0]).save(project / "a.png")
    assert predict("scans", "a.png", "mask.png", cell="unet-adam", flips=8, window=16) == 0
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("scans by unet-adam, seed 3, windows of 16, mean of 8 views: 1 mask")
    chosen = models.Chosen("scans", "unet-adam", "unet", "stage", 3)
    network = models.load(chosen, "scans", "dice").predictor
    expected = Flips(Windows(network, 16), 8).predict(x)[0].argmax(0)
    with Image.open(project / "mask.png") as mask:
        np.testing.assert_array_equal(np.array(mask), np.array([0, 128, 255])[expected])


@pytest.mark.usefixtures("trained")
def test_windows_that_resized_pictures_do_not_fill_are_refused(project: Path, change: Callable[..., None]) -> None:
    change("scans", resize=[24, 20])
    Image.fromarray(images(48, 40, 1)[0, 0]).save(project / "a.png")
    with pytest.raises(BadInput, match=r"^--window: 24 is not below data\.scans\.resize \[24, 20\], the size to which"):
        predict("scans", "a.png", "mask.png", cell="unet-adam", window=24)
    assert predict("scans", "a.png", "mask.png", cell="unet-adam", window=16) == 0


@pytest.mark.parametrize(("option", "value"), [("flips", 2), ("window", 64)])
def test_views_are_for_masks(project: Path, train: Callable[..., None], option: str, value: Any) -> None:
    train("images", "softmax-sgd", "softmax", (1, 4, 5), ("a", "b"), {"0": {"val/accuracy": 0.5}})
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(project / "a.png")
    with pytest.raises(
        BadInput, match=rf"^--{option}: this option is for tasks with masks, and 'images' has no masks; leave it out"
    ):
        predict("images", "a.png", "all.csv", cell="softmax-sgd", **{option: value})


@pytest.mark.parametrize(("option", "value"), [("overlay", "folder"), ("flips", "2"), ("window", "64")])
def test_a_registered_model_takes_no_view(
    option: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["predict", "scans", "a.png", "--to", "b.png", "--mlflow", "models:/scans@champion", f"--{option}", value]
    monkeypatch.chdir(Path(__file__).parents[2])
    monkeypatch.setattr(sys, "argv", ["bakeoff", *given])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = f"error: --{option}: cannot be combined with --mlflow, whose model predicts as it was registered"
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize("given", ["", "15", "-20", "1e3", "a", "99999", "9" * 5000], ids=lambda given: given[:6])
def test_a_window_is_a_number_of_pixels(given: str) -> None:
    assert window_side("16") == 16 and window_side(None) is None
    with pytest.raises(BadInput, match=r"^--window: .* is not an integer from 16 to 32768; write it as --window 512"):
        window_side(given)
