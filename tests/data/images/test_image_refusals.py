"""Images that `ingest_images` refuses: one line with the place, what was found, and the way out."""

import io
import os
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

FOLDER = "data/raw/images/mine"


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def grey(value: int = 9, size: tuple[int, int] = (8, 8)) -> bytes:
    return encoded(Image.new("L", size, value))


def noise(kind: str) -> bytes:
    return encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)), kind)


def header_alone(width: int, height: int) -> bytes:
    """A PNG that promises many pixels in 60 bytes."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    size, check = struct.pack(">I", 13), struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + size + chunk + check + b"\0\0\0\0IDAT"


def idx(array: np.ndarray, magic: bytes = b"\0\0\x08") -> bytes:
    return magic + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def npz(**held: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, **held)
    return buffer.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return buffer.getvalue()


class Shell:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch proof",)


ONES = np.ones((9, 4, 4), np.uint8)
LABELS = np.arange(9, dtype=np.uint8) % 3
TWO = {f"{name}/{n}.png": grey(n) for name in ("cat", "dog") for n in range(4)}
DIGITS = {"train-images-idx3-ubyte": idx(ONES), "train-labels-idx1-ubyte": idx(LABELS)}
CIFAR = {f"data_batch_{n}.bin": bytes(3073) for n in range(1, 6)} | {
    "test_batch.bin": bytes(3073),
    "batches.meta.txt": b"cat\ndog\n",
}
PICKLED = {f"data_batch_{n}": b"" for n in range(1, 6)} | {"test_batch": b"", "batches.meta": b""}


@dataclass(frozen=True)
class Case:
    """Files below data/raw/images/mine, settings changed in data.images, and what the line says."""

    files: dict[str, bytes]
    said: list[str]
    settings: dict[str, Any] = field(default_factory=dict)
    source: str = FOLDER


CASES = {
    "truncated png": Case(
        {**TWO, "cat/0.png": noise("PNG")[:-900]}, ["mine/cat/0.png: the picture is damaged", "again"]
    ),
    "truncated jpg": Case(
        {**TWO, "cat/0.jpg": noise("JPEG")[:-900]}, ["mine/cat/0.jpg: the picture is damaged", "truncated"]
    ),
    "text named .png": Case(
        {**TWO, "cat/0.png": b"meow, said the cat"}, ["cat/0.png: the file is not a picture", "b'meow, said t'"]
    ),
    "empty file": Case({**TWO, "dog/x.png": b""}, ["mine/dog/x.png: the file is empty", "export it again"]),
    "transparent": Case(
        {**TWO, "dog/x.png": encoded(Image.new("RGBA", (8, 8), (1, 2, 3, 254)))},
        ["dog/x.png: some pixels are transparent", "put the picture on the background"],
    ),
    "transparent palette": Case(
        {**TWO, "dog/x.png": encoded(Image.new("P", (8, 8)), transparency=0)},
        ["dog/x.png: some pixels are transparent"],
    ),
    "cmyk": Case(
        {**TWO, "dog/x.jpg": encoded(Image.new("CMYK", (8, 8)), "JPEG")},
        ["x.jpg: invalid pixel format CMYK: expected black and white, grey", "convert it"],
    ),
    "fractions": Case(
        {**TWO, "dog/x.tif": encoded(Image.new("F", (8, 8)), "TIFF")},
        ["x.tif: invalid pixel type float32: expected unsigned integers", "scale the pixels"],
    ),
    "animation": Case(
        {
            **TWO,
            "dog/x.gif": encoded(
                Image.new("L", (8, 8)), "GIF", save_all=True, append_images=[Image.new("L", (8, 8), 9)]
            ),
        },
        ["dog/x.gif: found 2 frames: expected one", "save the frame that you want"],
    ),
    "huge": Case(
        {**TWO, "cat/0.png": header_alone(100_000, 100_000)},
        ["cat/0.png: the picture has 100000 x 100000 pixels", "cut it into tiles"],
    ),
    "large": Case(
        {**TWO, "cat/0.png": header_alone(10_001, 10_000)},
        ["pixels: expected at most 100000000 (params.yaml", "limits.picture_pixels"],
    ),
    "differing sizes": Case(
        {**TWO, "dog/3.png": grey(3, (9, 7))},
        [
            "mine/dog/3.png: invalid size 7 x 9 (height x width)",
            "expected 8 x 8, the size of data/raw/images/mine/cat/0.png",
            "data.images.resize",
        ],
    ),
    "size larger": Case(
        TWO, ["cat/0.png: invalid size 8 x 8", "at least resize [8, 9]", "smaller size"], {"resize": [8, 9]}
    ),
    "empty class": Case(
        {**TWO, "bird/.keep": b""}, ["mine/bird: no pictures found in this class folder", "remove the folder"]
    ),
    "one class": Case(
        {"cat/0.png": grey(), "cat/1.png": grey()}, ["mine: invalid number of classes 1 (cat", "2 to 256"]
    ),
    "too many classes": Case(
        {f"{n:03}/0.png": grey() for n in range(257)},
        ["mine: invalid number of classes 257 (000, 001, 002", "2 to 256"],
    ),
    "no pictures": Case(
        {"notes.csv": b"coming soon"}, ["mine: no images in a known layout found", "one folder for each class"]
    ),
    "empty folder": Case({".keep": b""}, ["mine: the folder is empty", "put the data there"]),
    "picture beside the classes": Case(
        {**TWO, "x.png": grey()}, ["mine/x.png: unexpected picture beside the class folders"]
    ),
    "folder in a class": Case(
        {**TWO, "cat/more/x.png": grey()}, ["mine/cat/more: unexpected folder in a class folder"]
    ),
    "text among the pictures": Case(
        {**TWO, "cat/list.csv": b"1,2"}, ["cat/list.csv: unexpected file in a class folder: expected pictures", ".png"]
    ),
    "part of another name": Case(
        {"train/a/1.png": grey(), "train/b/1.png": grey(), "dev/a/1.png": grey()},
        ["mine/dev: unexpected folder beside the part 'train'", "validation (validation, valid, val)"],
    ),
    "class missing in test": Case(
        {f"train/{name}": content for name, content in TWO.items()} | {"test/cat/9.png": grey()},
        ["mine: class 'dog' is in train but not in test", "every class"],
        {"split": {"validation": 2, "test": "given", "seed": 0}},
    ),
    "no test part": Case(
        TWO,
        ["data.images.split.test is given", "no part of that name"],
        {"split": {"validation": 2, "test": "given", "seed": 0}},
    ),
    "splits as large as the set": Case(
        TWO,
        ["params.yaml: data.images.split: test + validation is 8: expected less than 8", "lower it"],
        {"split": {"validation": 4, "test": 4, "seed": 0}},
    ),
    "zip slip": Case(
        {"a.zip": zipped({**TWO, "../../proof": b""})},
        ["mine/a.zip: member '../../proof' would be written outside of the target folder", "unpack it yourself"],
        source=f"{FOLDER}/a.zip",
    ),
    "zip cut": Case(
        {"a.zip": zipped(TWO)[:-30]}, ["mine/a.zip: the file is damaged near byte"], source=f"{FOLDER}/a.zip"
    ),
    "tar outside its folder": Case(
        {"a.tar.gz": tarred({**TWO, "../../../proof": b""})},
        ["mine/a.tar.gz: member '../../../proof' would be written outside of the target folder", "unpack it yourself"],
        source=f"{FOLDER}/a.tar.gz",
    ),
    "object npz": Case(
        {"a.npz": npz(x=np.array([[1], "two", {}], object), y=LABELS[:3])},
        ["mine/a.npz: the file cannot be read: Object arrays cannot be loaded", "numpy.savez"],
        source=f"{FOLDER}/a.npz",
    ),
    "npz without labels": Case(
        {"a.npz": npz(x=ONES, labels=LABELS)},
        ["a.npz: invalid names of arrays, x, labels: expected x_train", "x and y"],
        source=f"{FOLDER}/a.npz",
    ),
    "npz of fractions": Case(
        {"a.npz": npz(x=ONES / 2, y=LABELS)}, ["a.npz: x is float64", "uint8"], source=f"{FOLDER}/a.npz"
    ),
    "npz with fewer labels": Case(
        {"a.npz": npz(x=ONES, y=LABELS[:8])}, ["a.npz: x has 9 images but y has 8 labels"], source=f"{FOLDER}/a.npz"
    ),
    "npz cut": Case(
        {"a.npz": npz(x=ONES, y=LABELS)[:-9]}, ["mine/a.npz: the file cannot be read"], source=f"{FOLDER}/a.npz"
    ),
    "pickle that calls": Case(
        {**PICKLED, "data_batch_1": pickle.dumps({b"data": Shell()}, protocol=2)},
        ["mine/data_batch_1: the pickle cannot be read: unsupported object posix.system", "download it again"],
    ),
    "pickle of something else": Case(
        {**PICKLED, "data_batch_1": pickle.dumps([1, 2])},
        ["mine/data_batch_1: the pickle contains list: expected a dict", "download it again"],
    ),
    "pickle without data": Case(
        {**PICKLED, "data_batch_1": pickle.dumps({b"labels": [1]})},
        ["data_batch_1: the key 'data' is missing (found: labels)"],
    ),
    "idx with another magic": Case(
        {**DIGITS, "train-images-idx3-ubyte": idx(ONES, b"\0\0\x0d")},
        ["train-images-idx3-ubyte: invalid magic number 00 00 0d 03: expected 00 00 08 03 (3-dimensional"],
    ),
    "idx cut": Case(
        {**DIGITS, "train-images-idx3-ubyte": idx(ONES)[:-5]},
        [
            "train-images-idx3-ubyte: only 139 bytes follow the header: expected 144, for its dimensions are (9, 4, 4)",
            "copy the file again",
        ],
    ),
    "idx with fewer labels": Case(
        {**DIGITS, "train-labels-idx1-ubyte": idx(LABELS[:8])},
        ["train-labels-idx1-ubyte: found 8 labels: expected 9, the number of images in train-images-idx3-ubyte"],
    ),
    "idx of two sizes": Case(
        {**DIGITS, "t10k-images-idx3-ubyte": idx(ONES[:, :3]), "t10k-labels-idx1-ubyte": idx(LABELS)},
        ["mine: the images of train have the shape (1, 4, 4) (C, H, W) but those of test (1, 3, 4); bring both to one"],
    ),
    "folders of pictures one folder too deep": Case(
        {f"{part}/{name}/{n}.png": grey(n) for part in ("train_data", "test_data") for name in "ab" for n in range(2)},
        [
            "test_data: this folder contains no pictures but folders, and is no part",
            "train (train, training)",
            "rename",
        ],
    ),
    "idx without labels": Case(
        {"train-images-idx3-ubyte": idx(ONES)}, ["train-images-idx3-ubyte: the file of the train labels is missing"]
    ),
    "cifar batch cut": Case(
        {**CIFAR, "data_batch_2.bin": bytes(3000)},
        ["mine/data_batch_2.bin: invalid file size 3000", "a multiple of 3073"],
    ),
    "cifar batch missing": Case(
        {name: content for name, content in CIFAR.items() if "3" not in name},
        ["mine: the file data_batch_3.bin is missing"],
    ),
    "cifar label without a name": Case(
        {**CIFAR, "test_batch.bin": b"\x02" + bytes(3072)},
        ["mine: invalid label 2: expected 0 to 1, for batches.meta.txt has 2 names"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_images_are_refused_in_one_line(name: str, project: Any) -> None:
    case = CASES[name]
    for path, content in case.files.items():
        project.put(f"{FOLDER}/{path}", content)
    split = {"validation": 1, "test": 1, "seed": 0}
    settings = {
        "kind": "images",
        "source": case.source,
        "take": None,
        "colour": "grey",
        "resize": None,
        "bits": None,
        "split": split,
    } | case.settings
    project.set(data__images=settings)
    line = project.refusal("ingest_images", "data/images/images.npz")
    assert all(words in line for words in case.said), line
    assert not list(project.root.glob("**/proof"))


SETTINGS: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "another colour": (lambda: {"colour": "gray"}, "data.images.colour is 'gray', and should be 'grey' or 'rgb'"),
    "resize to one number": (lambda: {"resize": [8]}, "data.images.resize"),
    "nothing held out": (lambda: {"split": {"validation": 0, "test": 1, "seed": 0}}, "data.images.split.validation"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_images_are_refused_in_one_line(name: str, project: Any) -> None:
    change, said = SETTINGS[name]
    split = {"validation": 1, "test": 1, "seed": 0}
    project.set(
        data__images={
            "kind": "images",
            "source": "mnist-5k",
            "take": None,
            "colour": "grey",
            "resize": None,
            "bits": None,
            "split": split,
        }
        | change()
    )
    assert said in project.refusal("ingest_images", "data/images/images.npz")


def test_a_folder_of_mixed_modes_goes_through(project: Any) -> None:
    opaque = Image.new("RGBA", (8, 8), (200, 100, 50, 255))
    for name, content in {
        **TWO,
        "dog/5.png": encoded(opaque),
        "cat/5.bmp": encoded(Image.new("1", (8, 8), 1), "BMP"),
    }.items():
        project.put(f"{FOLDER}/{name}", content)
    split = {"validation": 2, "test": 2, "seed": 0}
    project.set(
        data__images={
            "kind": "images",
            "source": FOLDER,
            "take": None,
            "colour": "rgb",
            "resize": [6, 6],
            "bits": None,
            "split": split,
        }
    )
    assert project.run("ingest_images").returncode == 0
    with np.load(Path(project.root, "data/images/images.npz")) as made:
        x = np.concatenate([made[f"{part}.x"] for part in ("train", "validation", "test")])
        assert made["classes"].tolist() == ["cat", "dog"]
    assert x.shape == (10, 3, 6, 6)
    first = sorted(x[:, :, 0, 0].tolist())
    assert first == sorted([[n] * 3 for n in range(4)] * 2 + [[200, 100, 50], [255] * 3])
