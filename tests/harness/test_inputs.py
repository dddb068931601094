"""An edit that falls into a run is seen, whichever way it is made; what has the same content is no edit."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bakeoff.base.settings import Settings
from bakeoff.harness.inputs import Inputs

PARAMS = """\
training: {epochs: 20, optimizer: adam, learning_rate: 1.0}
models: [cnn, mlp]
nothing: null
note: a
"""


class Training(Settings):
    epochs: int
    optimizer: str
    learning_rate: float


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    Path("data/folder/inner").mkdir(parents=True)
    for name in ("file", "folder/a", "folder/inner/b"):
        Path("data", name).write_text(name)
    read = Inputs()
    read.setting("training", Training)
    read.setting("models", list[str])
    read.setting("nothing", int | None)
    read.hash("data/file")
    read.hash("data/folder")
    return read


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("epochs: 20", "epochs: 30", "training.epochs was 20 when 'train' began, and is 30 now"),
        ("optimizer: adam", "optimizer: sgd", "training.optimizer was 'adam' when 'train' began, and is 'sgd' now"),
        ("[cnn, mlp]", "[mlp, cnn]", "models was ['cnn', 'mlp'] when 'train' began, and is ['mlp', 'cnn'] now"),
        ("[cnn, mlp]", "[cnn]", "models was ['cnn', 'mlp'] when 'train' began, and is ['cnn'] now"),
        ("nothing: null", "nothing: 3", "nothing was None when 'train' began, and is 3 now"),
        ("rate: 1.0", "rate: 1.0000001", "training.learning_rate was 1.0 when 'train' began, and is 1.0000001 now"),
        ("rate: 1.0", "rate: -0.0", "training.learning_rate was 1.0 when 'train' began, and is -0.0 now"),
        ("adam", "a" * 200, f"training.optimizer was 'adam' when 'train' began, and is '{'a' * 59}... now"),
    ],
)
def test_an_edited_setting_is_named(read: Inputs, old: str, new: str, line: str) -> None:
    Path("params.yaml").write_text(PARAMS.replace(old, new))
    assert list(read.changes("train")) == [f"params.yaml: {line}"]


def test_an_edited_file_of_settings_is_named(read: Inputs) -> None:
    Path("recipe.yaml").write_text("{epochs: 3, optimizer: adam, learning_rate: 0.1}")
    assert read.file_settings("recipe.yaml", Training) == Training(epochs=3, optimizer="adam", learning_rate=0.1)
    assert read.settings["recipe.yaml"] == {"epochs": 3, "optimizer": "adam", "learning_rate": 0.1}
    Path("recipe.yaml").write_text("# the same\n{optimizer: adam, epochs: 3, learning_rate: 0.10}")
    assert list(read.changes("train")) == []
    Path("recipe.yaml").write_text("{epochs: 4, optimizer: adam, learning_rate: 0.1}")
    assert list(read.changes("train")) == ["recipe.yaml: epochs was 3 when 'train' began, and is 4 now"]


@pytest.mark.parametrize(
    "text",
    [
        PARAMS,
        PARAMS + "# a remark\n",
        PARAMS.replace("note: a", "note: b"),
        PARAMS.replace("rate: 1.0", "rate: 1"),
        PARAMS.replace("{epochs: 20, optimizer: adam,", "{optimizer: 'adam', epochs: 20,"),
        PARAMS.replace("[cnn, mlp]", "\n  - cnn\n  - mlp"),
    ],
)
def test_other_words_for_the_same_settings_are_no_edit(read: Inputs, text: str) -> None:
    Path("params.yaml").write_text(text)
    assert list(read.changes("train")) == []


@pytest.mark.parametrize(
    "text", ["", "{", PARAMS.replace("epochs: 20", "epochs: many"), PARAMS.replace("models", "mod")]
)
def test_settings_that_can_be_read_no_more_are_an_edit(read: Inputs, text: str) -> None:
    Path("params.yaml").write_text(text)
    (line,) = read.changes("train")
    assert line.startswith("params.yaml: ")
    assert line.endswith("; 'train' had read valid settings when it began")


def in_place(path: Path) -> None:
    """Another content of the same length, with the old time of change."""
    before = path.stat()
    path.write_text(path.read_text().swapcase())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_text("other")
    other.replace(path)


EDITS: dict[str, Callable[[], object]] = {
    "a byte more": lambda: Path("data/file").write_text("file!"),
    "the same length and time": lambda: in_place(Path("data/file")),
    "another file in its place": lambda: replaced(Path("data/file")),
    "gone": lambda: Path("data/file").unlink(),
    "a link to another": lambda: (Path("data/file").unlink(), Path("data/file").symlink_to("folder/a")),
    "a file of the folder": lambda: in_place(Path("data/folder/a")),
    "a file deep in the folder": lambda: in_place(Path("data/folder/inner/b")),
    "a file more in the folder": lambda: Path("data/folder/c").touch(),
    "a file less in the folder": lambda: Path("data/folder/inner/b").unlink(),
    "a file of another name": lambda: Path("data/folder/a").rename("data/folder/b"),
    "the folder gone": lambda: shutil.rmtree("data/folder"),
}
SAME: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "touched": lambda: Path("data/file").touch(),
    "written again": lambda: Path("data/file").write_text("file"),
    "another mode": lambda: Path("data/file").chmod(0o600),
    "a copy in its place": lambda: (shutil.copy("data/file", "copy"), Path("copy").replace("data/file")),
    "a link to a copy": lambda: (Path("data/file").rename("copy"), Path("data/file").symlink_to("../copy")),
    "the folder touched": lambda: Path("data/folder/inner").touch(),
    "a half-written file in the folder": lambda: Path("data/folder/.partial-a").touch(),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_file_is_named(read: Inputs, name: str) -> None:
    EDITS[name]()
    (line,) = read.changes("train")
    place = "data/folder" if "folder" in name or name == "a file of another name" else "data/file"
    assert line.startswith(f"{place}: was ")


@pytest.mark.parametrize("name", SAME)
def test_the_same_content_is_no_edit(read: Inputs, name: str) -> None:
    SAME[name]()
    assert list(read.changes("train")) == []


@pytest.mark.usefixtures("read")
@pytest.mark.parametrize("name", [name for name in EDITS if "folder" in name])
def test_a_folder_without_a_digest_is_watched_too(name: str) -> None:
    watching = Inputs()
    watching.watch("data/folder")
    assert list(watching.changes("ingest")) == []
    EDITS[name]()
    (line,) = watching.changes("ingest")
    assert line.startswith("data/folder: was ")


@pytest.mark.usefixtures("read")
def test_a_folder_that_was_not_there_and_is_not() -> None:
    watching = Inputs()
    watching.watch("nowhere")
    assert list(watching.changes("ingest")) == []
