"""Predictions are made with the settings and the encoder of the training, which dvc.lock records."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bakeoff.base import settings
from bakeoff.base.provenance import sha256
from bakeoff.base.settings import BadInput
from bakeoff.inference.predict import predict

Call = Callable[..., None]
SCANS, IMAGES = "data/scans/scans.npz", "data/images/images.npz"
CELLS = {"scans": "unet-adam", "images": "softmax-adam"}
FILES = {"scans": SCANS, "images": IMAGES}
NOTE = "note: not checked: whether params.yaml has the settings of the training ("


@pytest.fixture(autouse=True)
def trained(project: Path, train: Call) -> None:
    """Write a network for scans, one for images, one of them by a recipe, and their data."""
    digests = {}
    for kind, path in FILES.items():
        (project / path).parent.mkdir(parents=True)
        (project / path).write_bytes(kind.encode())
        digests[kind] = {path: sha256(project / path)}
    classes = ("background", "grey", "white")
    train("scans", "unet-adam", "unet", (1, 8, 6), classes, {"3": {"val/dice": 0.5}}, digests["scans"])
    seeds = {"0": {"val/accuracy": 0.5}}
    train("images", "softmax-adam", "softmax", (1, 8, 6), ("a", "b"), seeds, digests["images"])
    train("recipes", "images-softmax", "softmax", (1, 8, 6), ("a", "b"), seeds, digests["images"])
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 12), dtype=np.uint8)).save(project / "a.png")
    Image.fromarray(np.zeros((8, 6), np.uint8)).save(project / "small.png")


def recorded_settings(data: str, dotted: bool) -> dict[str, Any]:
    """Return `params:` of dvc.lock: a section, or each of its keys by itself."""
    section = copy.deepcopy(settings.load()["data"][data])
    return {f"data.{data}.{key}": value for key, value in section.items()} if dotted else {f"data.{data}": section}


@pytest.mark.parametrize("dotted", [False, True], ids=["section", "keys"])
@pytest.mark.parametrize("with_data", [False, True], ids=["pulled", "not pulled"])
@pytest.mark.parametrize(
    ("data", "changed", "said"),
    [
        (
            "scans",
            {"volumes": {"plane": "sagittal", "window": [0.5, 99.5]}},
            "volumes.plane is sagittal, and {} was trained with coronal",
        ),
        (
            "scans",
            {"volumes": {"plane": "coronal", "window": [1, 99]}},
            "volumes.window is [1, 99], and {} was trained with [0.5, 99.5]",
        ),
        ("scans", {"resize": None}, "resize is null, and {} was trained with 0.5"),
        ("scans", {"resize": [8, 6]}, "resize is [8, 6], and {} was trained with 0.5"),
        ("scans", {"bits": 12}, "bits is 12, and {} was trained with null"),
        ("scans", {"colour": "rgb"}, "colour is rgb, and {} was trained with grey"),
        ("scans", {"labels": [{"background": 0}, {"grey": 2}, {"white": 1}]}, "labels is ["),
        ("scans", {"labels": [{"background": 0}, {"white": 2}, {"grey": 1}]}, "labels is ["),
        ("images", {"bits": 16}, "bits is 16, and {} was trained with null"),
        ("images", {"resize": [8, 6]}, "resize is [8, 6], and {} was trained with null"),
        ("images", {"resize": 0.5}, "resize is 0.5, and {} was trained with null"),
        ("images", {"colour": "rgb"}, "colour is rgb, and {} was trained with grey"),
    ],
)
def test_other_settings_than_those_of_the_training_are_refused(
    project: Path,
    change: Call,
    record: Call,
    data: str,
    changed: dict[str, Any],
    said: str,
    with_data: bool,
    dotted: bool,
) -> None:
    record(data, CELLS[data], FILES[data], recorded_settings(data, dotted))
    if not with_data:
        (project / FILES[data]).unlink()
    change(data, **changed)
    with pytest.raises(BadInput) as error:
        predict(data, "a.png", "out.png", cell=CELLS[data])
    seed = 3 if data == "scans" else 0
    wanted = f"params.yaml: data.{data}.{said.format(f'{CELLS[data]}, seed {seed}')}"
    assert str(error.value).startswith(wanted)
    assert str(error.value).endswith(f"change that back, or `dvc repro train_{data}@{CELLS[data]}` trains it again")
    assert not (project / "out.png").exists()


def test_other_settings_than_those_of_a_recipe_are_refused(change: Call, record: Call) -> None:
    record("recipes", "images-softmax", IMAGES, recorded_settings("images", dotted=False))
    change("images", resize=[8, 6])
    with pytest.raises(BadInput, match="`dvc repro train_recipe_images@softmax` trains it again"):
        predict("images", "a.png", "out.csv", recipe="softmax")


@pytest.mark.parametrize(
    ("data", "changed"),
    [
        ("scans", {"noise": 1.0, "seed": 7, "bias_field": 0.0}),
        ("scans", {"volumes": {"window": [0.5, 99.5], "plane": "coronal"}}),
        ("images", {"take": 100}),
        ("images", {}),
    ],
)
def test_settings_that_prepare_nothing_may_change(
    change: Call, record: Call, capsys: pytest.CaptureFixture[str], data: str, changed: dict[str, Any]
) -> None:
    record(data, CELLS[data], FILES[data], recorded_settings(data, dotted=False))
    change(data, **changed)
    assert predict(data, "small.png" if data == "images" else "a.png", "out.png", cell=CELLS[data]) == 0
    assert "note" not in capsys.readouterr().err


def test_data_that_were_made_anew_after_the_training_are_refused(project: Path, record: Call) -> None:
    """The data of dvc.lock are of the new settings, the model is of the old ones."""
    record("scans", "unet-adam", SCANS, recorded_settings("scans", dotted=False))
    lock = (project / "dvc.lock").read_text()
    assert lock.count("md5: ") == 4
    head, _, rest = lock.partition("md5: ")
    (project / "dvc.lock").write_text(f"{head}md5: {'0' * 32}{rest[32:]}")
    with pytest.raises(
        BadInput, match=r"scans\.npz: is not what unet-adam, seed 3 was trained on, .*`dvc repro train_scans"
    ):
        predict("scans", "a.png", "mask.png", cell="unet-adam")


@pytest.mark.parametrize("lock", [None, "", "schema: '2.0'\nstages: {}\n", "of another model"])
def test_the_file_of_the_data_leads_to_the_settings_too(
    project: Path, change: Call, record: Call, capsys: pytest.CaptureFixture[str], lock: str | None
) -> None:
    """Where dvc.lock has neither, a note says so; data of another sha256 than the model's are refused."""
    if lock == "of another model":
        record("images", "softmax-adam", SCANS, recorded_settings("scans", dotted=False))
        change("scans", resize=None)
        with pytest.raises(BadInput, match=r"resize is null, and unet-adam, seed 3 was trained with 0\.5"):
            predict("scans", "a.png", "mask.png", cell="unet-adam")
        (project / SCANS).unlink()
    elif lock is not None:
        (project / "dvc.lock").write_text(lock)
    assert predict("scans", "a.png", "mask.png", cell="unet-adam") == 0
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(NOTE) and first.endswith("dvc.lock has no entry of the data of unet-adam, seed 3")
    assert second.startswith("scans by unet-adam, seed 3: 1 mask")
    (project / SCANS).write_bytes(b"made anew")
    with pytest.raises(BadInput, match="is not what unet-adam, seed 3 was trained on"):
        predict("scans", "a.png", "mask.png", cell="unet-adam")


@pytest.mark.parametrize("text", ["stages: [", "[1]", "words", "stages: [a]", "stages: {a: b}", "stages: {a: 1, a: 2}"])
def test_a_damaged_lock_is_one_line(project: Path, text: str) -> None:
    (project / "dvc.lock").write_text(text)
    with pytest.raises(
        BadInput,
        match=r"dvc\.lock: is truncated or was not written by DVC; `bakeoff tidy` repairs it, or: git checkout",
    ):
        predict("scans", "a.png", "mask.png", cell="unet-adam")
