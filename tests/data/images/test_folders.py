"""Folders of pictures as people have them: litter, parts, classes, and what must not be opened."""

import os
import socket
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.images.labelled import Labelled
from bakeoff.data.images.read import in_folder
from bakeoff.data.images.source_tree import Place, root
from bakeoff.data.limits import Limits

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)
NFC, NFD = (unicodedata.normalize(form, "Café") for form in ("NFC", "NFD"))


def put(folder: Path, *names: str) -> None:
    for value, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".jfif"):
            Image.new("L", (8, 8), value).save(path, "PNG" if path.suffix == ".png" else "JPEG")
        else:
            path.write_bytes(b"litter")


def read(folder: Path) -> Labelled:
    return in_folder(root(folder, "mine", LIMITS))


def refused(folder: Path) -> str:
    with pytest.raises(BadInput) as caught:
        read(folder)
    line = str(caught.value)
    assert line.startswith("mine")
    assert line.isprintable()
    return line


LITTER = ["Thumbs.db", "thumbs.db", "THUMBS.DB", "ehthumbs.db", "desktop.ini", "Desktop.ini", ".DS_Store", "._0.png"]
LITTER += ["Icon\r", "README.md", "readme.txt", "README", "LICENSE", "@eaDir/0.png@SynoEAStream", "@eaDir/0.png"]
LITTER += [
    "__MACOSX/._0.png",
    "__MACOSX/0.png",
    "lost+found/.keep",
    "lost+found/0.png",
    "$RECYCLE.BIN/0.png",
    "#recycle/0.png",
]
LITTER += ["System Volume Information/x", ".ipynb_checkpoints/0-checkpoint.png", ".git/HEAD"]


@pytest.mark.parametrize("place", ["", "cat/"])
@pytest.mark.parametrize("litter", LITTER)
def test_what_systems_leave_is_passed_over(tmp_path: Path, litter: str, place: str) -> None:
    put(tmp_path, "cat/0.png", "dog/0.png", place + litter)
    found = read(tmp_path)
    assert found.classes == ("cat", "dog")
    assert found.y.tolist() == [0, 1]


@pytest.mark.parametrize("name", ["1.jfif", "1.JFIF", "1.JPG", "1.jpeg"])
def test_a_jpeg_of_any_suffix_is_a_picture(tmp_path: Path, name: str) -> None:
    put(tmp_path, "cat/0.png", "dog/0.png", f"dog/{name}")
    found = read(tmp_path)
    assert found.y.tolist() == [0, 1, 1]
    assert found.picture(2).shape == (1, 8, 8)


@pytest.mark.parametrize(
    ("names", "counts"),
    [
        (("train", "test"), (2, 0, 4)),
        (("Train", "Test"), (2, 0, 4)),
        (("TRAIN", "TEST"), (2, 0, 4)),
        (("Training", "Testing"), (2, 0, 4)),
        (("training", "test"), (2, 0, 4)),
        (("train", "val"), (2, 4, 0)),
        (("train", "valid"), (2, 4, 0)),
        (("Train", "Validation"), (2, 4, 0)),
        (("train", "valid", "test"), (2, 4, 6)),
        (("Train", "VAL", "testing"), (2, 4, 6)),
    ],
)
def test_parts_have_the_names_that_people_use(
    tmp_path: Path, names: tuple[str, ...], counts: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for pictures, name in enumerate(names, 1):
        put(tmp_path / name, *(f"{kind}/{n}.png" for kind in ("cat", "dog") for n in range(pictures)))
    found = read(tmp_path)
    assert found.classes == ("cat", "dog")
    assert found.parts == counts
    assert f"parts: train {counts[0]}" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["train", "Train", "test", "val", "valid", "testing"])
def test_a_class_may_be_named_as_a_part(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, "car/0.png", "plane/0.png", f"{name}/0.png")
    found = read(tmp_path)
    assert found.classes == tuple(sorted(["car", "plane", name]))
    assert found.parts == (3, 0, 0)
    assert f"'{name}' contains pictures, so it is a class and no part" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["train/cat/0.png", "train/dog/0.png", "car/0.png"], "car: unexpected folder beside the part 'train'"),
        (["train/cat/0.png", "Train/cat/0.png"], "this folder and 'Train' are both the part train"),
        (["train/cat/0.png", "training/cat/0.png"], "this folder and 'train' are both the part train"),
        (
            ["val/a/0.png", "train/a/0.png", "valid/a/0.png"],
            "valid: this folder and 'val' are both the part validation",
        ),
        (["test/cat/0.png", "val/cat/0.png"], "the part train is missing beside this part"),
        (["train/0.png", "test/0.png"], "this folder has the name of a part but contains no class folders"),
        (
            ["Train/0.png", "VALID/0.png", "Testing/1.png"],
            "this folder has the name of a part but contains no class folders",
        ),
        (["train/cat/0.png", "train/dog/0.png", "test/0.png"], "unexpected picture beside the class folders"),
        (
            ["train/Cat/0.png", "test/cat/0.png"],
            "which has 'Cat'; give both the same name|which has 'cat'; give both the same name",
        ),
        (["train/cat/0.png", "train/dog/0.png", "test/cat/0.png"], "class 'dog' is in train but not in test"),
    ],
)
def test_parts_that_do_not_fit_are_refused(tmp_path: Path, names: list[str], said: str) -> None:
    put(tmp_path, *names)
    line = refused(tmp_path)
    assert any(words in line for words in said.split("|")), line


@pytest.mark.parametrize("spellings", [(NFC, NFD), (NFD, NFC), (NFD, NFD)])
def test_two_spellings_of_a_class_in_two_parts_are_one(tmp_path: Path, spellings: tuple[str, str]) -> None:
    for part, name in zip(("train", "test"), spellings, strict=True):
        put(tmp_path / part, f"{name}/0.png", "dog/0.png")
    found = read(tmp_path)
    assert found.classes == (NFC, "dog")
    assert found.parts == (2, 0, 2)


def test_two_spellings_of_a_class_in_one_folder_are_one(tmp_path: Path) -> None:
    put(tmp_path, f"{NFC}/0.png", f"{NFD}/0.png", f"{NFD}/1.png", "dog/0.png")
    found = read(tmp_path)
    assert found.classes == (NFC, "dog")
    assert found.y.tolist() == [0, 0, 0, 1]


def test_two_spellings_of_a_file_are_refused(tmp_path: Path) -> None:
    put(tmp_path, f"cat/{NFC}.png", f"cat/{NFD}.png", "dog/0.png")
    assert "two files have this name, in two Unicode spellings" in refused(tmp_path)


def test_classes_that_differ_by_case_are_two_and_said_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, "a/0.png", "A/0.png", "b/0.png")
    assert read(tmp_path).classes == ("A", "a", "b")
    assert "A and a differ by case alone, and are two classes" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["cat/1.png", "1.png", "cat/1", "train-images-idx3-ubyte", "data_batch_1", "x.npz"])
def test_a_pipe_is_never_opened(tmp_path: Path, name: str) -> None:
    put(tmp_path, "cat/0.png", "dog/0.png")
    os.mkfifo(tmp_path / name)
    assert f"mine/{name}: found a pipe: expected a file or a folder" in refused(tmp_path)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_link_to_a_device_is_never_opened(tmp_path: Path, device: str) -> None:
    put(tmp_path, "cat/0.png", "dog/0.png")
    (tmp_path / "cat/1.png").symlink_to(device)
    assert "cat/1.png: found a device" in refused(tmp_path)


def test_a_socket_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "cat/0.png", "dog/0.png")
    monkeypatch.chdir(tmp_path / "cat")  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("1.png")
        assert "cat/1.png: found a socket" in refused(tmp_path)


def test_a_link_to_nothing_is_named(tmp_path: Path) -> None:
    put(tmp_path, "cat/0.png", "dog/0.png")
    (tmp_path / "cat/1.png").symlink_to("gone.png")
    assert "cat/1.png: the link points to gone.png, which does not exist" in refused(tmp_path)


def test_a_folder_that_links_to_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(".")
    assert "Too many levels of symbolic links" in refused(tmp_path)


def test_control_characters_of_a_name_reach_no_message(tmp_path: Path) -> None:
    put(tmp_path, "cat/0.png", "dog/a\x1b[31m\u202e.exe")
    assert r"\x1b[31m" in refused(tmp_path)


def test_names_are_in_normal_form_and_paths_as_they_lie(tmp_path: Path) -> None:
    put(tmp_path, f"{NFD}.png")
    (file,) = Place(tmp_path, "mine", LIMITS).files()
    assert file.name == f"{NFC}.png"
    assert file.path.is_file()


@pytest.mark.parametrize(
    ("names", "left_out"),
    [
        (["cat/0.png", "dog/0.png", "labels.csv"], "labels.csv"),
        (["train/cat/0.png", "train/dog/0.png", "train/labels.csv", "all.csv"], "all.csv, train/labels.csv"),
        (["cat/0.png", "dog/0.png", "a.csv", "b.csv", "c.csv", "d.csv"], "a.csv, b.csv, c.csv and 1 more"),
    ],
)
def test_files_beside_the_class_folders_are_said_to_be_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], names: list[str], left_out: str
) -> None:
    put(tmp_path, *names)
    read(tmp_path)
    assert f"; not read, as classes are the names of folders: {left_out}\n" in capsys.readouterr().out


def test_nothing_is_said_where_nothing_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, "cat/0.png", "dog/0.png", "README.md", ".hidden")
    read(tmp_path)
    assert "not read" not in capsys.readouterr().out
