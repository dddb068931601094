"""Scans that `ingest_scans` refuses: one line with the place, what was found, and the way out."""

import gzip
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image
from PIL import Image

FOLDER = "data/raw/scans/mine"


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def grey(value: int, size: tuple[int, int] = (8, 6)) -> bytes:
    return encoded(Image.new("L", size, value))


def stack(n: int) -> bytes:
    frames = [Image.new("L", (8, 6), 0) for _ in range(n)]
    return encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])


def nifti(shape: tuple[int, ...], dtype: type[np.generic] = np.uint8) -> bytes:
    values = np.arange(np.prod(shape)).reshape(shape) % 2
    return Nifti1Image(values.astype(dtype), np.eye(4)).to_bytes()


def unlisted() -> bytes:
    mask = np.zeros((6, 8), np.uint8)
    mask[4, 5] = 3
    return encoded(Image.fromarray(mask))


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))
FLAT = Image.new("L", NOISE.size)
TURNED = Image.Exif()
TURNED[0x0112] = 6
PAIRS = {f"{folder}/{n}.png": grey(0) for folder in ("images", "masks") for n in range(4)}
VOLUMES = {f"{folder}/{n}.nii": nifti((6, 6, 6)) for folder in ("images", "masks") for n in range(3)}


@dataclass(frozen=True)
class Case:
    """Files below data/raw/scans/mine, settings changed in data.scans, and what the line says."""

    files: dict[str, bytes]
    said: list[str]
    settings: dict[str, Any] = field(default_factory=dict)


CASES = {
    "a volume in two files": Case(
        {**VOLUMES, "images/3.hdr": nifti((6, 6, 6))[:348], "images/3.img": bytes(432)},
        ["images/3.hdr: a volume in two files, .hdr and .img, is not read", "save it as one .nii or .nii.gz file"],
    ),
    "mask missing": Case({**PAIRS, "images/x.png": grey(0)}, ["images/x.png: no mask is named 'x'", "add it"]),
    "image missing": Case({**PAIRS, "masks/x.png": grey(0)}, ["masks/x.png: no image is named 'x'", "add it"]),
    "masks missing": Case(
        {**PAIRS, "images/x.png": grey(0), "images/y.png": grey(0)}, ["images/x.png (and 1 more): no mask is named"]
    ),
    "one name twice": Case(
        {**PAIRS, "images/1.tif": stack(1)}, ["mine/images/1.tif: this file and 1.png are both named '1'", "rename one"]
    ),
    "unlisted label": Case(
        {**PAIRS, "masks/2.png": unlisted()},
        ["mine/masks/2.png: invalid value 3 (row 4, column 5): expected one of 0, 1, as params.yaml: data."],
    ),
    "mask of another size": Case(
        {**PAIRS, "masks/2.png": grey(0, (6, 8))},
        ["mine/masks/2.png: invalid size 8 x 6 (height",
         "expected 6 x 8, the size of its image data/raw/scans/mine/images/2.png"],
    ),
    "pairs of differing sizes": Case(
        {**PAIRS, "images/2.png": grey(0, (6, 8)), "masks/2.png": grey(0, (6, 8))},
        ["mine/images/2.png: invalid size 8 x 6 (height",
         "expected 6 x 8, the size of data/raw/scans/mine/images/0.png", "params.yaml: data.scans.resize"],
    ),
    "size larger": Case(PAIRS, ["images/0.png: invalid size 6 x 8", "at least resize [7, 8]"], {"resize": [7, 8]}),
    "rgb mask": Case(
        {**PAIRS, "masks/2.png": encoded(Image.new("RGB", (8, 6), (0, 1, 0)))},
        ["mine/masks/2.png: invalid value [0, 1, 0] (row 0, column 0)", "a palette index"],
    ),
    "rgba mask": Case(
        {**PAIRS, "masks/2.png": encoded(Image.new("RGBA", (8, 6), (0, 0, 1, 255)))},
        ["invalid value [0, 0, 1] (row 0, column 0): expected a grey value"]
    ),
    "cmyk mask": Case(
        {**PAIRS, "images/x.png": grey(0), "masks/x.jpg": encoded(Image.new("CMYK", (8, 6)), "JPEG")},
        ["mine/masks/x.jpg: invalid pixel format CMYK of a mask", "expected grey values"],
    ),
    "transparent image": Case(
        {**PAIRS, "images/2.png": encoded(Image.new("LA", (8, 6), (0, 0)))},
        ["images/2.png: some pixels are transparent"]
    ),
    "image cut": Case({**PAIRS, "images/2.png": encoded(NOISE)[:-900]},
        ["mine/images/2.png: the picture is damaged", "again"]),
    "image turned": Case(
        {**PAIRS, "images/2.png": encoded(Image.new("L", (8, 6)), exif=TURNED)},
        ["mine/images/2.png: the EXIF orientation is 6", "masks/2.png is 1", "turn the pixels"],
    ),
    "mask empty": Case({**PAIRS, "masks/2.png": b""}, ["mine/masks/2.png: the file is empty"]),
    "mask is text": Case({**PAIRS, "masks/2.png": b"0 0 0 1"},
        ["mine/masks/2.png: the file is not a picture", "b'0 0 0 1'"]),
    "stacks of differing lengths": Case(
        {"images/a.tif": stack(5), "masks/a.tif": stack(4)},
        ["mine/masks/a.tif: found 4 slices: expected 5", "one for each slice of data/raw/scans/mine/images/a.tif"],
    ),
    "animation": Case(
        {**PAIRS, "masks/x.png": grey(0), "images/x.gif": encoded(NOISE, "GIF", save_all=True, append_images=[FLAT])},
        ["mine/images/x.gif: found an animation of 2 frames", "TIFF stack"],
    ),
    "volume cut": Case({**VOLUMES, "images/1.nii": nifti((6, 6, 6))[:-50]},
        ["images/1.nii: the volume cannot be read", "again"]),
    "packed volume cut": Case(
        {**VOLUMES, "images/x.nii.gz": gzip.compress(nifti((6, 6, 6)))[:-20], "masks/x.nii": nifti((6, 6, 6))},
        ["mine/images/x.nii.gz: the volume cannot be read"],
    ),
    "volume is text": Case({**VOLUMES, "images/1.nii": b"a brain"}, ["images/1.nii: the volume cannot be read"]),
    "four axes": Case(
        {**VOLUMES, "images/1.nii": nifti((6, 6, 6, 2))},
        ["images/1.nii: invalid shape 6 x 6 x 6 x 2: expected three axes"]
    ),
    "mask of another shape": Case(
        {**VOLUMES, "masks/1.nii": nifti((6, 6, 5))},
        ["mine/masks/1.nii: invalid shape 6 x 6 x 5: expected 6 x 6 x 6, the shape of data/raw/scans/mine/im"]
    ),
    "volume and picture": Case(
        {**PAIRS, "images/x.nii": nifti((6, 6, 6)), "masks/x.png": grey(0)},
        ["masks/x.png: the kind of file differs from that of"]
    ),
    "no masks folder": Case({"images/1.png": grey(0)}, ["the folder masks/ is missing", "expected scans in images/"]),
    "empty folders": Case(
        {"images/.keep": b"", "masks/.keep": b""}, ["images: the folder contains no files", "put the images"]
    ),
    "another kind of file": Case(
        {**PAIRS, "images/x.dcm": b"DICM"}, ["images/x.dcm: unexpected file: expected pictures or volumes"]
    ),
    "folder among the images": Case({**PAIRS, "images/old/1.png": grey(0)}, ["mine/images/old: unexpected folder"]),
    "slabs longer than the set": Case(
        PAIRS,
        ["params.yaml: data.scans.split takes 7 slices with its gaps, but the data set has 4"],
        {"split": {"by": "slabs", "slices": [3, 1, 1], "gap": 1}},
    ),
    "a class in no mask": Case(
        PAIRS,
        ["data.scans.labels: no pixel in the masks of train is of class 'tissue', 'edge'; correct"],
        {"labels": [{"background": 0}, {"tissue": 1}, {"edge": 2}]},
    ),
    "more files held out than are taken": Case(
        PAIRS,
        ["validation + test is 2: expected less than 2, the number of files; lower them, or raise data.scans.take"],
        {"take": 2},
    ),
    "more slices held out than are taken": Case(
        PAIRS,
        ["takes 3 slices with its gaps, but the data set has 2; take fewer, or raise data.scans.take"],
        {"take": 2, "split": {"by": "slabs", "slices": [1, 1, 1], "gap": 0}},
    ),
    "more files held out than there are": Case(
        PAIRS,
        ["params.yaml: data.scans.split: validation + test is 4: expected less than 4"],
        {"split": {"by": "file", "validation": 2, "test": 2, "seed": 0}},
    ),
}  # fmt: skip


def chosen(**change: Any) -> dict[str, Any]:
    return {
        "kind": "scans",
        "source": FOLDER,
        "take": None,
        "labels": [{"background": 0}, {"tissue": 1}],
        "background": "background",
        "colour": "grey",
        "resize": None,
        "bits": None,
        "volumes": {"plane": "axial", "window": [0, 100]},
        "split": {"by": "file", "validation": 1, "test": 1, "seed": 0},
        "bias_field": 0,
        "noise": 0,
        "seed": 0,
    } | change


@pytest.mark.parametrize("name", CASES)
def test_scans_are_refused_in_one_line(name: str, project: Any) -> None:
    case = CASES[name]
    for path, content in case.files.items():
        project.put(f"{FOLDER}/{path}", content)
    project.set(data__scans=chosen(**case.settings))
    line = project.refusal("ingest_scans", "data/scans/scans.npz")
    assert all(words in line for words in case.said), line


SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "labels as a mapping": ({"labels": {"background": 0, "tissue": 1}}, "data.scans.labels is"),
    "value twice": ({"labels": [{"background": 0}, {"tissue": [1, 0]}]}, "labels has the value 0 twice"),
    "window that falls": ({"volumes": {"plane": "axial", "window": [99, 1]}}, "[99.0, 1.0] should rise"),
    "another plane": ({"volumes": {"plane": "top", "window": [0, 100]}}, "data.scans.volumes.plane is 'top'"),
    "split by neither": ({"split": {"by": "slices", "gap": 1}}, "data.scans.split"),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_scans_are_refused_in_one_line(name: str, project: Any) -> None:
    change, said = SETTINGS[name]
    project.set(data__scans=chosen(**change))
    assert said in project.refusal("ingest_scans", "data/scans/scans.npz")


def made(project: Any) -> dict[str, np.ndarray]:
    ended = project.run("ingest_scans")
    assert ended.returncode == 0, ended.stderr
    with np.load(Path(project.root, "data/scans/scans.npz")) as held:
        return dict(held)


def test_a_folder_of_pairs_goes_through(project: Any) -> None:
    mask = Image.new("P", (8, 6), 1)
    mask.putpalette([255, 0, 0, 0, 255, 0])
    files = {**PAIRS, "images/2.png": encoded(Image.new("I;16", (8, 6), 65535)), "masks/2.png": encoded(mask)}
    for path, content in files.items():
        project.put(f"{FOLDER}/{path}", content)
    split = {"by": "file", "validation": 1, "test": 1, "seed": 1}  # the file with tissue is in train
    project.set(
        data__scans=chosen(resize=[4, 4], split=split), networks__unet__depth=1
    )  # two levels down there is a single pixel
    held = made(project)
    x, y = (np.concatenate([held[f"{part}.{what}"] for part in ("train", "validation", "test")]) for what in "xy")
    assert (x.shape, y.shape) == ((4, 1, 4, 4), (4, 4, 4))
    assert sorted(zip(x[:, 0, 0, 0].tolist(), y[:, 0, 0].tolist(), strict=True)) == [(0, 0)] * 3 + [(255, 1)]


def test_a_folder_of_volumes_goes_through(project: Any) -> None:
    for path, content in VOLUMES.items():
        project.put(f"{FOLDER}/{path}", content)
    project.set(data__scans=chosen())
    held = made(project)
    assert [len(held[f"{part}.x"]) for part in ("train", "validation", "test")] == [6, 6, 6]
    assert np.array_equal(held["train.x"][:, 0], 255 * held["train.y"])
