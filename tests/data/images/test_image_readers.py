import gzip
import io
import pickle
import re
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.images import arrays, cifar, class_folders, idx, mnist, unpickle
from bakeoff.data.images.labelled import Labelled
from bakeoff.data.images.read import in_folder
from bakeoff.data.images.source_tree import Place, root
from bakeoff.data.limits import Limits
from bakeoff.data.sources.find import find

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)

GENERATOR = np.random.default_rng(0)
X = GENERATOR.integers(0, 256, (6, 3, 32, 32), np.uint8)
Y = np.array([0, 1, 2, 2, 1, 0], np.uint8)


def put(folder: Path, **names: list[int]) -> None:
    """Pictures of one pixel; their value tells them apart."""
    for name, values in names.items():
        (folder / name).mkdir(parents=True)
        for value in values:
            Image.new("L", (1, 1), value).save(folder / name / f"{value}.png")


def values(found: Labelled) -> list[int]:
    return [int(found.picture(n)[0, 0, 0]) for n in range(len(found.y))]


def test_class_folders_are_read_in_order_of_their_names(tmp_path: Path) -> None:
    put(tmp_path, b=[3, 20, 1], A=[4], a=[9])
    (tmp_path / ".DS_Store").write_text("litter")
    (tmp_path / "b" / "._3.png").write_text("litter")
    found = class_folders.read(Place(tmp_path, "pets", LIMITS))
    assert found.classes == ("A", "a", "b")
    assert values(found) == [4, 9, 1, 20, 3]
    assert found.y.tolist() == [0, 1, 2, 2, 2]
    assert found.place(3) == "pets/b/20.png"
    assert found.parts == (5, 0, 0)


def test_parts_of_a_folder_stand_one_after_another(tmp_path: Path) -> None:
    put(tmp_path / "test", a=[1], b=[2])
    put(tmp_path / "train", a=[3, 4], b=[5])
    found = class_folders.read(Place(tmp_path, "pets", LIMITS))
    assert values(found) == [3, 4, 5, 1, 2]
    assert found.y.tolist() == [0, 0, 1, 0, 1]
    assert found.parts == (3, 0, 2)


def test_a_zip_is_read_like_the_folder_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    put(tmp_path / "pets" / "inner", a=[1], b=[2])
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in sorted((tmp_path / "pets").rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path))
        archive.writestr("__MACOSX/pets/._1.png", "litter")
    found = in_folder(root(tmp_path / "pets.zip", "data/raw/images/pets.zip", LIMITS))
    assert values(found) == [1, 2]
    assert found.place(0) == "data/raw/images/pets.zip/pets/inner/a/1.png"


def test_a_class_alone_is_not_taken_for_a_folder_around_the_classes(tmp_path: Path) -> None:
    put(tmp_path, a=[1, 2])
    assert in_folder(root(tmp_path, "pets", LIMITS)).classes == ("a",)


def idx_file(path: Path, array: np.ndarray, *, packed: bool = False) -> None:
    content = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if packed else content)


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_are_read_packed_or_not(packed: bool, tmp_path: Path) -> None:
    suffix = ".gz" if packed else ""
    for prefix, rows in (("train", slice(0, 4)), ("t10k", slice(4, 6))):
        idx_file(tmp_path / f"{prefix}-images-idx3-ubyte{suffix}", X[rows, 0], packed=packed)
        idx_file(tmp_path / f"{prefix}-labels-idx1-ubyte{suffix}", Y[rows] + 5, packed=packed)
    found = in_folder(root(tmp_path, "digits", LIMITS))
    assert all(np.array_equal(found.picture(n), X[n, :1]) for n in range(6))
    assert found.y.tolist() == Y.tolist()
    assert found.classes == ("5", "6", "7")
    assert found.parts == (4, 0, 2)


def test_the_stream_of_an_idx_file_ends_where_its_header_says(tmp_path: Path) -> None:
    idx_file(tmp_path / "a", Y)
    assert idx.array(Place(tmp_path / "a", "a", LIMITS), 1).tolist() == Y.tolist()
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes() + b"\0")
    with pytest.raises(
        BadInput, match=r"more than 6 bytes follow the header: expected 6, for its dimensions are \(6,\)"
    ):
        idx.array(Place(tmp_path / "a", "a", LIMITS), 1)


def python2(value: dict[bytes, object]) -> bytes:
    """As Python 2 and NumPy 1 wrote CIFAR: protocol 2, arrays of numpy.core, bytes as text."""
    return pickle.dumps(value, protocol=2).replace(b"numpy._core", b"numpy.core")


def write_cifar(folder: Path, edition: str) -> None:
    names = [b"cat", b"dog", b"ship"]
    flat = X.reshape(6, -1)
    batches = [("data_batch_1", [0]), ("data_batch_2", [1]), ("data_batch_3", [2]), ("data_batch_4", [3])]
    batches += [("data_batch_5", [4]), ("test_batch", [5])]
    if edition.startswith("cifar-100"):
        batches = [("train", [0, 1, 2, 3, 4]), ("test", [5])]
    for name, rows in batches:
        if edition == "cifar-10 python":
            content = python2({b"data": flat[rows], b"labels": Y[rows].tolist()})
        elif edition == "cifar-100 python":
            content = python2(
                {b"data": flat[rows], b"fine_labels": Y[rows].tolist(), b"coarse_labels": [0] * len(rows)}
            )
        else:
            before = [[], [9]][edition.startswith("cifar-100")]
            content = b"".join(bytes([*before, Y[row]]) + flat[row].tobytes() for row in rows)
        (folder / (name if "python" in edition else f"{name}.bin")).write_bytes(content)
    match edition:
        case "cifar-10 python":
            (folder / "batches.meta").write_bytes(python2({b"label_names": names}))
        case "cifar-100 python":
            (folder / "meta").write_bytes(python2({b"fine_label_names": names, b"coarse_label_names": [b"x"]}))
        case "cifar-10 binary":
            (folder / "batches.meta.txt").write_bytes(b"\n".join(names) + b"\n\n")
        case _:
            (folder / "fine_label_names.txt").write_bytes(b"\n".join(names) + b"\n")


@pytest.mark.parametrize("edition", ["cifar-10 python", "cifar-10 binary", "cifar-100 python", "cifar-100 binary"])
def test_cifar_is_read_in_all_its_editions(edition: str, tmp_path: Path) -> None:
    write_cifar(tmp_path, edition)
    found = in_folder(root(tmp_path, "cifar", LIMITS))
    assert all(np.array_equal(found.picture(n), X[n]) for n in range(6))
    assert found.y.tolist() == Y.tolist()
    assert found.classes == ("cat", "dog", "ship")
    assert found.parts == (5, 0, 1)


def test_every_edition_has_five_batches_or_one(tmp_path: Path) -> None:
    assert [len(edition.train) for edition in cifar.EDITIONS] == [5, 1, 5, 1]
    write_cifar(tmp_path, "cifar-10 binary")
    (tmp_path / "data_batch_4.bin").unlink()
    with pytest.raises(BadInput, match=r"cifar: the file data_batch_4\.bin is missing"):
        in_folder(root(tmp_path, "cifar", LIMITS))


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_of_plain_values_is_read_as_python_reads_it(protocol: int, tmp_path: Path) -> None:
    value = {
        "bytes": np.arange(6, dtype=np.uint8).reshape(2, 3),
        "columns": np.asfortranarray(np.arange(6, dtype=np.int64).reshape(2, 3)),
        "big": np.arange(3, dtype=">f4"),
        "list": [1, b"two", 3.0],
    }
    (tmp_path / "a").write_bytes(pickle.dumps(value, protocol=protocol))
    if protocol == 5:  # written by no edition: arrays as buffers
        with pytest.raises(BadInput, match=r"unsupported object numpy\._core\.numeric\._frombuffer"):
            unpickle.load(Place(tmp_path / "a", "a", LIMITS))
        return
    read = unpickle.load(Place(tmp_path / "a", "a", LIMITS))
    assert read["list"] == value["list"]
    for key in ("bytes", "columns", "big"):
        assert np.array_equal(read[key], value[key])


class Calls:
    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (Calls(eval, "open('proof', 'w')"), r"unsupported object .*\.eval"),
        (Calls(np.load, "proof"), r"unsupported object numpy\.load"),
        (np.array([{}]), "invalid array type 'O8'"),
        (np.zeros(1, [("a", "u1"), ("b", "O")]), "invalid array type 'V"),
        (np.array([Calls(eval, "1")]), "invalid array type 'O8'|unsupported object"),
    ],
)
def test_a_pickle_of_anything_else_is_refused_by_name(
    value: object, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_bytes(pickle.dumps({"data": value}, protocol=2))
    with pytest.raises(BadInput, match=named):
        unpickle.load(Place(Path("a"), "a", LIMITS))
    assert not Path("proof").exists()


TUPLES = b"N" + b"2\x86" * 60  # of two, of two of two, ...: 2 ** 60 leaves in 121 bytes


@pytest.mark.parametrize(
    ("program", "named"),
    [
        pytest.param(
            b"\x80\x02}" + TUPLES.replace(b"2", b"q\0h\0") + b"K\1s.",
            "found tuple where text was expected",
            id="key to hash",
        ),
        pytest.param(
            b"\x80\x02cnumpy\ndtype\n" + TUPLES.replace(b"2", b"q\0h\0") + b"\x85R.", "found tuple where", id="type"
        ),
        pytest.param(
            b"\x80\x02}U\1ac_codecs\nencode\n}b.",
            "the state of an object is set that is not an array",
            id="state of a function",
        ),
        pytest.param(
            b"\x80\x02}U\1aK\1)R.", "an object is called that is not the type of an array", id="call of a number"
        ),
        pytest.param(b"(S'id'\nios\nsystem\n.", "unsupported instruction INST", id="old-style instance"),
        pytest.param(b"\x80\x02\x82\1.", "unsupported instruction EXT1", id="registered extension"),
        pytest.param(b"Px\n.", "unsupported instruction PERSID", id="persistent id"),
        pytest.param(
            b"\x80\x04\x8c\x05numpy\x8c\x0ddtype.__new__\x93.",
            "unsupported object numpy.dtype.__new__",
            id="dotted name",
        ),
        pytest.param(b"\x80\x02Nr\xff\xff\xff\x7f.", "the pickle contains NoneType", id="memo of two billion"),
        pytest.param(b"\x80\x04\x8e" + b"\xff" * 8 + b"a.", "the pickle cannot be read", id="bytes of 16 exabytes"),
    ],
)
def test_a_hostile_pickle_is_refused_at_once(program: bytes, named: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(program)
    with pytest.raises(BadInput, match=rf"^a: .*{re.escape(named)}"):
        unpickle.load(Place(tmp_path / "a", "a", LIMITS))


@pytest.mark.parametrize("cut", [0, 1, 10, 100, -1])
def test_a_cut_pickle_is_refused(cut: int, tmp_path: Path) -> None:
    content = python2({b"data": X})
    (tmp_path / "a").write_bytes(content[:cut])
    with pytest.raises(BadInput, match="a: the pickle cannot be read"):
        unpickle.load(Place(tmp_path / "a", "a", LIMITS))


def npz(folder: Path, **held: np.ndarray) -> Place:
    buffer = io.BytesIO()
    np.savez(buffer, **held)
    (folder / "a.npz").write_bytes(buffer.getvalue())
    return Place(folder / "a.npz", "a.npz", LIMITS)


@pytest.mark.parametrize("x", [X, np.moveaxis(X, 1, -1), X.astype(np.uint16) * 257], ids=["NCHW", "NHWC", "16 bits"])
def test_an_npz_may_have_its_channels_first_or_last(x: np.ndarray, tmp_path: Path) -> None:
    found = arrays.read(npz(tmp_path, x=x, y=np.array(["b", "a", "c", "c", "a", "b"])))
    scale = 257 if x.dtype == np.uint16 else 1
    assert all(np.array_equal(found.picture(n), X[n].astype(x.dtype) * scale) for n in range(6))
    assert found.classes == ("a", "b", "c")
    assert found.y.tolist() == [1, 0, 2, 2, 0, 1]


@pytest.mark.parametrize(
    ("y", "classes", "labels"),
    [
        (["a", "a ", " b", "b", "e\u0301", "\u00e9"], ("a", "b", "\u00e9"), [0, 0, 1, 1, 2, 2]),
        ([2.0, 1.0, 2.0, 10.0, 1.0, 2.0], ("1", "2", "10"), [1, 0, 1, 2, 0, 1]),
    ],
    ids=["spaces and spellings of Unicode", "whole numbers of float64"],
)
def test_one_class_has_one_name_in_an_npz(
    y: list[object], classes: tuple[str, ...], labels: list[int], tmp_path: Path
) -> None:
    found = arrays.read(npz(tmp_path, x=X, y=np.array(y)))
    assert found.classes == classes
    assert found.y.tolist() == labels


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (np.arange(6) / 2, "y is float64"),
        (np.array([1, 2, np.nan] * 2), "y is float64"),
        (np.array(["a", " "] * 3), "image 1"),
    ],
    ids=["fractions", "NaN", "an empty name"],
)
def test_labels_of_an_npz_that_name_no_class_are_refused(y: np.ndarray, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=said):
        arrays.read(npz(tmp_path, x=X, y=y))


def test_keras_names_keep_the_test_part_apart(tmp_path: Path) -> None:
    grey, y = X[:, 0], Y[:, np.newaxis].astype(np.int64)
    found = arrays.read(npz(tmp_path, x_train=grey[:4], y_train=y[:4], x_test=grey[4:], y_test=y[4:]))
    assert [found.picture(n).shape for n in (0, 5)] == [(1, 32, 32)] * 2
    assert found.y.tolist() == Y.tolist()
    assert found.parts == (4, 0, 2)


def test_a_line_of_the_sample_is_an_image_row_by_row_and_then_its_label(tmp_path: Path) -> None:
    pixels = np.arange(784) % 256
    with gzip.open(tmp_path / "digits.csv.gz", "wt") as file:
        file.write(",".join(map(str, [*pixels, 7])) + "\n")
    found = mnist.read("mnist-5k", tmp_path / "digits.csv.gz")
    assert found.picture(0).dtype == np.uint8
    assert found.picture(0)[0, 1, 0] == 28
    assert found.y.tolist() == [7]
    assert found.classes == tuple("0123456789")


def test_the_sample_has_500_images_of_each_digit() -> None:
    found = mnist.read("mnist-5k", find("mnist-5k", "images", LIMITS).files["digits"])
    assert np.bincount(found.y).tolist() == [500] * 10
    # A one has ink in the middle column, a zero has a hole there.
    centre = np.array([found.picture(n)[0, 12:16, 13:15].mean() for n in range(5000)])
    assert centre[found.y == 1].mean() > 150 > 50 > centre[found.y == 0].mean()
