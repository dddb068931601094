"""The size of a pixel of the prepared slices: of each plane, of resized slices, and of several files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform
from PIL import Image

from bakeoff.base import settings
from bakeoff.data.card import Card, Spacings, read_card
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans import scans
from bakeoff.data.scans.read import read
from bakeoff.data.scans.settings import ScansSettings
from bakeoff.data.scans.spacing import spacings
from bakeoff.data.sources.find import Found

DOCUMENT = settings.load(Path(__file__).parents[3] / "params.yaml")
LIMITS = settings.validate(DOCUMENT, "limits", Limits)
SHAPE, ZOOMS = (6, 8, 10), (1.5, 2.0, 3.0)  # X, Y, Z


def save(
    folder: Path,
    name: str,
    zooms: tuple[float, ...] = ZOOMS,
    *,
    shape: tuple[int, ...] = SHAPE,
    unit: str | None = "mm",
    stored: str = "RAS",
) -> None:
    affine = np.diag([*zooms, 1.0])
    for where in ("images", "masks"):
        values = np.random.default_rng(0).integers(0, 2, shape)
        volume = Nifti1Image(values.astype(np.uint8), affine)
        volume = volume.as_reoriented(ornt_transform(io_orientation(affine), axcodes2ornt(stored)))
        if unit:
            volume.header.set_xyzt_units(unit)
        (folder / where).mkdir(parents=True, exist_ok=True)
        volume.to_filename(folder / where / name)


def found(folder: Path, remarks: Remarks, **changed: Any) -> Spacings | None:
    """Return the spacings of what `ingest_scans` makes of a folder, as its card has them."""
    written = {
        "source": "data/raw/scans/mine",
        "labels": [{"no": 0}, {"yes": 1}],
        "background": "no",
        "resize": None,
        "split": {"by": "slabs", "slices": [1, 1, 1], "gap": 0},
        "bias_field": 0.0,
        "noise": 0.0,
    }
    asked = settings.validate({"scans": DOCUMENT["data"]["scans"] | written | changed}, "scans", ScansSettings)
    read_in = read(Found("mine", None, {"data": folder}), asked, LIMITS, remarks)
    examples = scans.examples(read_in, asked, lambda _: None, remarks)
    known = spacings(read_in, *examples.train.x.shape[2:], remarks)
    Card.of(examples, "scans", "mine", None, known).save(folder / "card.json")
    assert ("spacings" in (folder / "card.json").read_text(encoding="utf-8")) == (known is not None)
    assert read_card(folder / "card.json").spacings == known
    return known


def plane(name: str) -> dict[str, Any]:
    return {"volumes": {"plane": name, "window": [0.0, 100.0]}}


@pytest.mark.parametrize("stored", ["RAS", "LPI", "SRA"])
@pytest.mark.parametrize(
    ("name", "resize", "expected"),
    [
        ("sagittal", None, (3.0, 2.0)),
        ("coronal", None, (3.0, 1.5)),
        ("axial", None, (2.0, 1.5)),
        ("axial", 0.5, (4.0, 3.0)),
        ("coronal", 0.5, (6.0, 3.0)),
        ("coronal", [4, 5], (7.5, 1.8)),
    ],
)
def test_a_pixel_has_the_sides_of_the_voxels_in_its_plane(
    name: str, resize: Any, expected: tuple[float, float], stored: str, tmp_path: Path
) -> None:
    save(tmp_path, "a.nii.gz", stored=stored)
    assert found(tmp_path, Remarks(), resize=resize, **plane(name)) == (expected, expected)


@pytest.mark.parametrize(("unit", "factor"), [("micron", 1e-3), ("meter", 1e3), (None, 1.0)])
def test_the_unit_of_the_header_counts_and_without_one_it_is_a_millimetre(
    unit: str | None, factor: float, tmp_path: Path
) -> None:
    save(tmp_path, "a.nii", unit=unit)
    remarks = Remarks()
    expected = (3.0 * factor, 1.5 * factor)
    assert found(tmp_path, remarks, **plane("coronal")) == (expected, expected)
    assert any("names no unit of length" in line for line in remarks.lines()) == (unit is None)


def test_float32_rounding_of_a_header_makes_no_second_size(tmp_path: Path) -> None:
    save(tmp_path, "a.nii", (0.7, 0.7, 0.9))
    save(tmp_path, "b.nii", (0.70000001, 0.7, 0.9))
    remarks = Remarks()
    assert found(tmp_path, remarks, **plane("axial")) == ((0.7, 0.7), (0.7, 0.7))
    assert not remarks.lines()


def test_files_of_several_sizes_have_the_least_and_the_largest(tmp_path: Path) -> None:
    save(tmp_path, "a.nii", (1.0, 1.0, 3.0))
    save(tmp_path, "b.nii", (0.5, 2.0, 3.0), shape=(12, 8, 10))
    remarks = Remarks()
    # b has twice as many columns of half the width: once both have one size, their widths are equal.
    assert found(tmp_path, remarks, resize=[8, 6], **plane("axial")) == ((1.0, 1.0), (2.0, 1.0))
    assert [line for line in remarks.lines() if "different sizes, 1 x 1 to 2 x 1 mm (height x width)" in line]


@pytest.mark.parametrize("beside", [False, True])
def test_pictures_have_no_known_size(beside: bool, tmp_path: Path) -> None:
    for where in ("images", "masks"):
        (tmp_path / where).mkdir()
        for n in range(3):
            Image.fromarray(np.eye(10, 6, dtype=np.uint8)).save(tmp_path / where / f"p{n}.png")
    if beside:
        save(tmp_path, "a.nii")
    assert found(tmp_path, Remarks(), **plane("coronal")) is None
