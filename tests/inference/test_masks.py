"""Masks have the size and the kind of their pictures, stacks and volumes, and lie where these lie."""

import gzip
import io
import itertools
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from nibabel.nifti1 import Nifti1Image
from nibabel.nifti2 import Nifti2Image
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation
from numpy.typing import NDArray
from PIL import Image
from safetensors.numpy import load_file, save_file

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.images import pictures
from bakeoff.data.images.source_tree import Place
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans import volumes
from bakeoff.data.scans.settings import ScansSettings
from bakeoff.inference import masks, models, sources
from bakeoff.inference.predict import predict

CLASSES = ("background", "grey", "white")
AFFINE = np.array([[2, 0, 0, -7], [0, 1.5, 0, 3], [0, 0, 1, 11], [0, 0, 0, 1]], float)
Change = Callable[..., None]


@pytest.fixture(autouse=True)
def trained(project: Path, train: Callable[..., None], change: Change) -> None:
    """unet-adam with weights by which each class occurs; pictures keep their size."""
    train("scans", "unet-adam", "unet", (1, 8, 6), CLASSES, {"3": {"val/dice": 0.5}})
    path = project / "models/scans/unet-adam.safetensors"
    weights = load_file(path)
    chosen = models.Chosen("scans", "unet-adam", "unet", "stage", 3)
    probabilities = models.load(chosen, "scans", "dice").predictor.predict(picture(0, 64, 64)[np.newaxis, np.newaxis])
    logits = np.log(probabilities[0])
    weights["s3.head.bias"] -= np.median(logits, axis=(1, 2))
    save_file(weights, path)
    change("scans", resize=None, labels=[{"background": 0}, {"grey": 128}, {"white": [255, 254]}])


def picture(n: int, height: int = 8, width: int = 6) -> NDArray[np.uint8]:
    return np.random.default_rng(n).integers(0, 256, (height, width), dtype=np.uint8)


def expected(x: NDArray[np.uint8]) -> NDArray[np.uint8]:
    chosen = models.Chosen("scans", "unet-adam", "unet", "stage", 3)
    labels = models.load(chosen, "scans", "dice").predictor.predict(x[np.newaxis, np.newaxis])[0].argmax(0)
    return np.array([0, 128, 255], np.uint8)[labels]


def read(project: Path, name: str) -> list[NDArray[Any]]:
    """Return the masks of a file as the pipeline reads them."""
    place = Place(project / name, name, settings.validate(settings.load(), "limits", Limits))
    return list(pictures.masks(place, Remarks()))


@pytest.mark.parametrize("size", [(8, 6), (9, 7), (31, 2), (64, 48)])
def test_a_picture_gets_a_mask_of_its_size(
    project: Path, size: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(picture(0, *size)).save(project / "a.png")
    assert predict("scans", "a.png", "mask.png", cell="unet-adam") == 0
    (mask,) = read(project, "mask.png")
    assert mask.dtype == np.uint8
    assert set(np.unique(mask)) == {0, 128, 255} or mask.size < 100
    np.testing.assert_array_equal(mask, expected(picture(0, *size)))
    told = capsys.readouterr().err.splitlines()
    assert told[-1] == "scans by unet-adam, seed 3: 1 mask; background 0, grey 128, white 255"


def test_a_stack_gets_a_page_for_each_page(project: Path) -> None:
    stack = [picture(n) for n in range(3)]
    tifffile.imwrite(project / "stack.tif", np.stack(stack), photometric="minisblack")
    predict("scans", "stack.tif", "mask.tif", cell="unet-adam")
    found = read(project, "mask.tif")
    assert len(found) == 3
    for mask, one in zip(found, stack, strict=True):
        np.testing.assert_array_equal(mask, expected(one))


def test_a_resized_picture_gets_a_mask_of_its_own_size(project: Path, change: Change) -> None:
    """Of a network that sees flat areas alone, the mask is flat too."""
    change("scans", resize=0.5)
    flat = np.full((16, 12), 200, np.uint8)
    Image.fromarray(flat).save(project / "a.png")
    predict("scans", "a.png", "mask.png", cell="unet-adam")
    (mask,) = read(project, "mask.png")
    assert mask.shape == (16, 12)
    small = expected(np.full((8, 6), 200, np.uint8))
    inner = mask[4:12, 4:8], small[2:6, 2:4]
    np.testing.assert_array_equal(*(np.unique(part) for part in inner))


@pytest.mark.parametrize(
    ("orientation", "flips"),
    [
        *zip(
            itertools.permutations(range(3)),
            [(-1, 1, 1), (1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1), (-1, -1, -1)],
            strict=True,
        )
    ],
)
def test_a_volume_of_any_orientation_gets_the_same_mask(
    project: Path, orientation: tuple[int, int, int], flips: tuple[int, int, int]
) -> None:
    volume = np.random.default_rng(0).integers(0, 1000, (6, 7, 8), dtype=np.int16)
    turned = np.array([*zip(orientation, flips, strict=True)])
    Nifti1Image(volume, AFFINE).to_filename(project / "upright.nii")
    affine = AFFINE @ inv_ornt_aff(turned, volume.shape)
    image = Nifti1Image(apply_orientation(volume, turned), affine)
    image.header.set_xyzt_units("mm")
    image.to_filename(project / "turned.nii.gz")

    predict("scans", "upright.nii", "upright-mask.nii", cell="unet-adam")
    predict("scans", "turned.nii.gz", "turned-mask.nii.gz", cell="unet-adam")
    upright, found = (
        Nifti1Image.from_filename(project / f"{name}") for name in ("upright-mask.nii", "turned-mask.nii.gz")
    )
    assert found.shape == image.shape and found.get_data_dtype() == np.uint8
    np.testing.assert_array_equal(found.affine, image.affine)
    assert found.header.get_xyzt_units() == image.header.get_xyzt_units()
    np.testing.assert_array_equal(
        apply_orientation(np.asarray(found.dataobj), io_orientation(found.affine)), np.asarray(upright.dataobj)
    )
    assert len(np.unique(np.asarray(found.dataobj))) > 1


def test_slices_of_a_volume_are_those_of_the_ingestion(project: Path) -> None:
    """The mask of a volume, read beside it, is what the network says of the slices that the pipeline makes."""
    volume = np.random.default_rng(1).normal(size=(8, 9, 10)).astype(np.float32)
    Nifti1Image(volume, AFFINE).to_filename(project / "image.nii.gz")
    predict("scans", "image.nii.gz", "mask.nii.gz", cell="unet-adam")
    document = settings.load()
    limits = settings.validate(document, "limits", Limits)
    image, mask = (Place(project / name, name, limits) for name in ("image.nii.gz", "mask.nii.gz"))
    found = volumes.read(image, mask, settings.validate(document, "data.scans", ScansSettings).volumes, Remarks())
    slices = list(found.slices())
    assert len(slices) == 9
    for sliced, labels in slices:
        np.testing.assert_array_equal(labels, expected(sliced[0].astype(np.uint8)))


@pytest.mark.parametrize("shape", [(8, 9, 10), (8, 9, 10, 1), (8, 9, 10, 1, 1)])
def test_header_fields_of_a_volume_are_kept_but_for_those_of_its_intensities(
    project: Path, shape: tuple[int, ...]
) -> None:
    volume = np.random.default_rng(1).integers(0, 1000, shape).astype(np.int16)
    image = Nifti1Image(volume, AFFINE)
    image.set_sform(AFFINE, code="mni")
    image.set_qform(AFFINE, code="scanner")
    image.header.set_xyzt_units("micron", "sec")
    image.header.set_slope_inter(0.5, -100)
    image.header["cal_max"] = 900
    image.to_filename(project / "image.nii")
    predict("scans", "image.nii", "mask.nii", cell="unet-adam")
    mask = Nifti1Image.from_filename(project / "mask.nii")
    assert mask.shape == shape
    assert set(np.unique(np.asarray(mask.dataobj))) == {0, 128, 255}
    assert (int(mask.header["sform_code"]), int(mask.header["qform_code"])) == (4, 1)
    assert mask.header.get_xyzt_units() == ("micron", "sec")
    assert mask.header.get_zooms() == image.header.get_zooms()
    assert mask.header["cal_max"] == 0


def test_a_volume_in_a_pipe_is_told_by_its_content(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    Nifti1Image(np.arange(512, dtype=np.int16).reshape(8, 8, 8), AFFINE).to_filename(project / "image.nii")
    (project / "image.nii.gz").write_bytes(gzip.compress((project / "image.nii").read_bytes()))
    for name in ("image.nii", "image.nii.gz"):
        predict("scans", name, f"mask-{name}", cell="unet-adam")
        with (project / name).open("rb") as file:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file))
            predict("scans", "-", "-", cell="unet-adam")
        assert capsysbinary.readouterr().out == (project / f"mask-{name}").read_bytes()


def test_a_folder_gets_a_folder_of_masks(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "images/inner").mkdir(parents=True)
    for name in ("a.png", "a.bmp", "b.jpg", "inner/c.tif"):
        Image.fromarray(picture(0)).save(project / "images" / name)
    Nifti1Image(np.arange(512, dtype=np.int16).reshape(8, 8, 8), AFFINE).to_filename(project / "images/d.nii.gz")
    (project / "images/cut.png").write_bytes((project / "images/a.png").read_bytes()[:40])
    (project / "images/flat.nii").write_bytes(Nifti1Image(np.zeros((8, 8, 8), np.uint8), AFFINE).to_bytes())
    (project / "images/words.txt").write_text("words")
    Image.fromarray(picture(0, 1, 9)).save(project / "images/tiny.png")
    assert predict("scans", "images", "masks", cell="unet-adam") == 4
    written = sorted(str(path.relative_to(project / "masks")) for path in (project / "masks").rglob("*.*"))
    assert written == ["a.png", "b.png", "d.nii.gz", "inner/c.tif", "tiny.png"]
    printed = capsys.readouterr().err.splitlines()
    refused = {line.split()[1].strip(":") for line in printed if line.startswith("error: ")}
    assert refused == {f"images/{name}" for name in ("a.png", "cut.png", "flat.nii", "words.txt")}
    assert "5 masks" in printed[-1]


@pytest.mark.parametrize(
    ("source", "to", "line"),
    [
        ("a.png", "mask.tif", r"mask\.tif: invalid suffix: expected \.png, the format of the mask of"),
        ("a.png", "a.png", r"a\.png: the output would overwrite the input"),
        ("image.nii.gz", "mask.nii", r"mask\.nii: invalid suffix: expected \.nii\.gz"),
        ("image.nii.gz", "mask.png", r"mask\.png: invalid suffix: expected \.nii\.gz"),
        ("images", "-", "--to '-': masks go to a folder; name a new or an empty one"),
        ("images", "images/masks", "--to images/masks: lies in the folder of the input; name a folder elsewhere"),
        ("images", "images", "--to images: lies in the folder of the input; name a folder elsewhere"),
        ("images", "a.png", r"--to a\.png: is a file, and masks go to a folder; name a new or an empty one"),
        ("images", "", "--to '': masks go to a folder; name a new or an empty one"),
        ("images", "no/masks", "--to no/masks: the folder no does not exist; create it"),
        ("nothing", "masks", "nothing: the folder is empty"),
    ],
)
def test_refusals_before_work(project: Path, source: str, to: str, line: str) -> None:
    Image.fromarray(picture(0)).save(project / "a.png")
    Nifti1Image(np.arange(512, dtype=np.int16).reshape(8, 8, 8), AFFINE).to_filename(project / "image.nii.gz")
    (project / "images").mkdir()
    (project / "nothing").mkdir()
    Image.fromarray(picture(0)).save(project / "images/a.png")
    before = {path: path.read_bytes() for path in project.rglob("*.*")}
    with pytest.raises(BadInput, match=line):
        predict("scans", source, to, cell="unet-adam")
    assert {path: path.read_bytes() for path in project.rglob("*.*")} == before


@pytest.mark.parametrize("source", ["pics/sub", "pics/sub.zip"])
@pytest.mark.parametrize(
    ("to", "refused"),
    [
        ("pics", True),
        ("pics/.", True),
        ("link", True),
        ("full", True),
        ("new", False),
        ("bare", False),
        ("told", False),
    ],
)
def test_masks_never_lie_among_other_files(project: Path, source: str, to: str, refused: bool) -> None:
    """A mask of pics/sub/s.png in pics would replace pics/s.png, another image."""
    for folder in ("pics/sub", "full/inner", "bare", "told"):
        (project / folder).mkdir(parents=True)
    (project / "told/.DS_Store").write_bytes(b"of the system")
    (project / "link").symlink_to("pics")
    Image.fromarray(picture(0)).save(project / "pics/s.png")
    Image.fromarray(picture(1)).save(project / "pics/sub/s.png")
    with zipfile.ZipFile(project / "pics/sub.zip", "w") as file:
        file.write(project / "pics/sub/s.png", "s.png")
    before = {path: path.read_bytes() for path in project.rglob("*.*") if path.is_file()}
    if refused:
        with pytest.raises(BadInput, match=r"has .* in it; name a new or an empty folder"):
            predict("scans", source, to, cell="unet-adam")
    else:
        assert predict("scans", source, to, cell="unet-adam") == 0
        assert (project / to / "s.png").is_file()
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("several", [False, True])
def test_where_no_mask_is_made_the_refusals_are_all_that_is_said(
    project: Path, capsys: pytest.CaptureFixture[str], several: bool
) -> None:
    (project / "images").mkdir()
    (project / "images/cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    source, to = ("images", "masks") if several else ("images/cut.png", "mask.png")
    assert predict("scans", source, to, cell="unet-adam") == 1
    printed = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("scans: 1/1")]
    assert len(printed) == 1 and printed[0].startswith("error: images/cut.png: ")
    assert not (project / to).exists()


@pytest.mark.parametrize(
    ("settings_changed", "line"),
    [
        ({"labels": [{"background": 0}, {"cell": 1}]}, "has the classes background, cell, and unet-adam, seed 3 was"),
        ({"colour": "rgb"}, "data.scans.colour is rgb, but unet-adam, seed 3 was trained on pictures of 1 channels"),
    ],
)
def test_settings_of_another_training_are_refused(
    project: Path, change: Change, settings_changed: dict[str, Any], line: str
) -> None:
    change("scans", **settings_changed)
    Image.fromarray(picture(0)).save(project / "a.png")
    with pytest.raises(BadInput, match=line):
        predict("scans", "a.png", "mask.png", cell="unet-adam")


@pytest.mark.parametrize(
    ("labels", "values", "dtype"),
    [
        ([{"background": 0}, {"cell": "rest"}], [0, 1], np.uint8),
        ([{"background": 1}, {"cell": "rest"}], [1, 0], np.uint8),
        ([{"background": "rest"}, {"cell": [0, 1]}, {"edge": 2}], [3, 0, 2], np.uint8),
        ([{"background": 0}, {"cell": 65535}], [0, 65535], np.uint16),
        ([{"background": 0}, {"cell": 70000}], [0, 70000], np.uint32),
    ],
)
def test_values_of_masks_are_those_of_the_data_set(
    change: Change, labels: list[dict[str, Any]], values: list[int], dtype: type
) -> None:
    change("scans", labels=labels)
    found = masks.label_values(settings.validate(settings.load(), "data.scans", ScansSettings))
    assert found.tolist() == values and found.dtype == dtype


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_large_values_are_kept(project: Path, dtype: type) -> None:
    mask = np.array([[0, np.iinfo(dtype).max]], dtype)
    place = Place(project / "a.png", "a.png", settings.validate(settings.load(), "limits", Limits))
    (project / "mask.tif").write_bytes(masks.tiff([mask]))
    np.testing.assert_array_equal(read(project, "mask.tif")[0], mask)
    if dtype == np.uint32:
        with pytest.raises(BadInput, match="labels above 65535, the largest value of a PNG; save the picture as TIFF"):
            masks.png(mask, place)
    else:
        (project / "mask.png").write_bytes(masks.png(mask, place))
        np.testing.assert_array_equal(read(project, "mask.png")[0], mask)


@pytest.mark.parametrize("kind", [Nifti1Image, Nifti2Image])
def test_a_volume_without_a_name_is_told_by_its_content(kind: type[Nifti1Image], tmp_path: Path) -> None:
    content = kind(np.zeros((2, 3, 4), np.int16), np.eye(4)).to_bytes()
    (tmp_path / "plain").write_bytes(content)
    (tmp_path / "packed").write_bytes(gzip.compress(content))
    (tmp_path / "neither").write_bytes(bytes(400))
    assert [sources.volume_suffix(tmp_path / name) for name in ("plain", "packed", "neither")] == [
        ".nii",
        ".nii.gz",
        "",
    ]
