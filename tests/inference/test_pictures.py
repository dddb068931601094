"""Classes of pictures: of one, of a folder, of an archive, of standard input; what is refused leaves the others."""

import csv
import io
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bakeoff.base.settings import BadInput
from bakeoff.inference import models
from bakeoff.inference.predict import predict
from bakeoff.results.model import Comparison, TaskComparison, Winner

CLASSES = ("zero", "one", "two")
Train = Callable[..., None]

pytestmark = pytest.mark.usefixtures("pictures")


def pixels(n: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(n).integers(0, 256, (4, 5), dtype=np.uint8)


def lines(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


@pytest.fixture
def pictures(project: Path, train: Train) -> Path:
    """A folder of five pictures, and softmax-sgd, whose best seed on validation data is 1."""
    scores = {"0": {"val/accuracy": 0.5}, "1": {"val/accuracy": 0.9}, "2": {"diverged": "step 3"}}
    train("images", "softmax-sgd", "softmax", (1, 4, 5), CLASSES, scores)
    (project / "pictures/inner").mkdir(parents=True)
    for n, name in enumerate(("a.png", "b.png", "c.bmp", "inner/d.png", "inner/e.tif")):
        Image.fromarray(pixels(n)).save(project / "pictures" / name)
    return project / "pictures"


def expected(n: int, seed: int, group: str = "images", name: str = "softmax-sgd") -> list[float]:
    found = models.load(models.Chosen(group, name, "softmax", "stage", seed), "images", "accuracy")
    probabilities: list[float] = found.predictor.predict(pixels(n)[np.newaxis, np.newaxis])[0].tolist()
    return probabilities


def test_a_folder_has_a_line_for_each_picture(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict("images", "pictures", "out.csv", cell="softmax-sgd") == 0
    found = lines(project / "out.csv")
    assert [line["file"] for line in found] == ["a.png", "b.png", "c.bmp", "inner/d.png", "inner/e.tif"]
    for n, line in enumerate(found):
        wanted = expected(n, 1)
        assert [float(line[f"probability.{name}"]) for name in CLASSES] == pytest.approx(wanted, rel=1e-5)
        assert line["predicted"] == CLASSES[int(np.argmax(wanted))]
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("images: 5/5 (100%)") and told[-1] == "images by softmax-sgd, seed 1: 5 pictures"


def test_the_pictures_beside_one_do_not_change_its_line(project: Path) -> None:
    predict("images", "pictures", "all.csv", cell="softmax-sgd")
    for n, name in enumerate(("a.png", "b.png", "c.bmp")):
        predict("images", f"pictures/{name}", "one.csv", cell="softmax-sgd")
        assert lines(project / "one.csv") == [lines(project / "all.csv")[n]]


def test_an_archive_is_read_as_a_folder_is(pictures: Path, project: Path) -> None:
    with zipfile.ZipFile(project / "packed.zip", "w") as file:
        for path in sorted(pictures.rglob("*.*")):
            file.write(path, path.relative_to(pictures))
    predict("images", "pictures", "folder.csv", cell="softmax-sgd")
    predict("images", "packed.zip", "archive.csv", cell="softmax-sgd")
    assert (project / "archive.csv").read_bytes() == (project / "folder.csv").read_bytes()


def test_pipes(
    pictures: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], project: Path
) -> None:
    with (pictures / "b.png").open("rb") as file:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file))
        assert predict("images", "-", "-", cell="softmax-sgd") == 0
    predict("images", "pictures/b.png", "one.csv", cell="softmax-sgd")
    (piped,) = csv.DictReader(io.StringIO(capsysbinary.readouterr().out.decode()))
    (alone,) = lines(project / "one.csv")
    assert piped.pop("file") == "standard input" and alone.pop("file") == "b.png"
    assert piped == alone


def test_what_cannot_be_read_is_one_line_and_the_others_are_done(
    pictures: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (pictures / "a.png").read_bytes()
    (pictures / "cut.png").write_bytes(whole[: len(whole) // 2])
    (pictures / "empty.png").write_bytes(b"")
    (pictures / "words.csv").write_text("a,b\n")
    Image.fromarray(np.zeros((5, 4), np.uint8)).save(pictures / "turned.png")
    Image.fromarray(np.full((4, 5), 300, np.uint16)).save(pictures / "deep.png")
    Image.fromarray(pixels(0)).convert("CMYK").save(pictures / "ink.jpg")
    (pictures / "nowhere.png").symlink_to("nothing")
    os.mkfifo(pictures / "pipe.png")
    (pictures / "inner/loop").symlink_to(pictures)
    assert predict("images", "pictures", "out.csv", cell="softmax-sgd") == 8
    assert len(lines(project / "out.csv")) == 5
    printed = capsys.readouterr().err.splitlines()
    refused = {line.split()[1].strip(":").rpartition("/")[2]: line for line in printed if line.startswith("error: ")}
    assert sorted(refused) == sorted(
        ["cut.png", "empty.png", "words.csv", "turned.png", "deep.png", "ink.jpg", "nowhere.png", "pipe.png"]
    )
    assert (
        "invalid size 5 x 4 (height x width): expected 4 x 5, the size of the pictures of softmax-sgd, seed 1"
        in refused["turned.png"]
    )
    assert "data.images.bits is null" in refused["deep.png"]
    assert printed[-1] == "images by softmax-sgd, seed 1: 5 pictures"


def test_a_colour_picture_is_read_as_the_data_set_says(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(pixels(0)).convert("RGB").save(project / "colour.png")
    assert predict("images", "colour.png", "out.csv", cell="softmax-sgd") == 0
    assert "colour.png: is RGB, and is read as grey (data.images.colour)" in capsys.readouterr().err
    assert lines(project / "out.csv")[0]["predicted"] == CLASSES[int(np.argmax(expected(0, 1)))]


def test_larger_pictures_are_resized_as_those_of_the_data_set(project: Path, change: Callable[..., None]) -> None:
    change("images", resize=[4, 5])
    Image.fromarray(np.kron(pixels(0), np.ones((3, 3), np.uint8))).save(project / "large.png")
    predict("images", "large.png", "large.csv", cell="softmax-sgd")
    predict("images", "pictures/a.png", "small.csv", cell="softmax-sgd")
    (large,), (small,) = lines(project / "large.csv"), lines(project / "small.csv")
    assert large | {"file": ""} == small | {"file": ""}


def test_bits_of_the_data_set_scale_deep_pictures(project: Path, change: Callable[..., None]) -> None:
    change("images", bits=16)
    Image.fromarray(pixels(0).astype(np.uint16) * 257).save(project / "deep.png")
    predict("images", "deep.png", "deep.csv", cell="softmax-sgd")
    predict("images", "pictures/a.png", "eight.csv", cell="softmax-sgd")
    (deep,), (eight,) = lines(project / "deep.csv"), lines(project / "eight.csv")
    assert deep | {"file": ""} == eight | {"file": ""}


def test_where_all_are_refused_nothing_is_written(project: Path) -> None:
    (project / "words.png").write_text("words")
    (project / "out.csv").write_text("before")
    assert predict("images", "words.png", "out.csv", cell="softmax-sgd") == 1
    assert (project / "out.csv").read_text() == "before"


def test_the_default_is_the_leader_and_its_seed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    winner = Winner(model="softmax", optimizer="sgd", seed=0)
    tasks = {"images": TaskComparison.model_construct(winner=winner)}
    monkeypatch.setattr(Comparison, "read", lambda _: Comparison.model_construct(tasks=tasks))
    predict("images", "pictures", "out.csv")
    assert "images by softmax-sgd, seed 0: " in capsys.readouterr().err
    assert float(lines(project / "out.csv")[0]["probability.zero"]) == pytest.approx(expected(0, 0)[0], rel=1e-5)


def test_a_recipe_without_validation_data_gives_its_first_seed(
    train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = {"0": {"diverged": "step 1"}, "1": {"test/accuracy": 0.5}, "2": {"test/accuracy": 0.9}}
    train("recipes", "images-softmax", "softmax", (1, 4, 5), CLASSES, scores)
    predict("images", "pictures", "out.csv", recipe="softmax")
    assert "images by recipe images-softmax, seed 1: " in capsys.readouterr().err


def test_a_network_is_chosen_by_validation_never_by_test_data() -> None:
    seeds = {"0": {"val/accuracy": 0.8, "test/accuracy": 0.7}, "1": {"val/accuracy": 0.7, "test/accuracy": 0.9}}
    assert models.best(seeds, "accuracy", Path("card.json"), "stage") == 0


@pytest.mark.parametrize(
    "seeds",
    [
        {"0": {"val/auc": 0.8}, "1": {"val/auc": 0.9}},
        {"0": {"val/auc": 0.8, "val/accuracy": 0.1}, "1": {"val/auc": 0.9}},
        {"0": {"val/auc": 0.8, "val_subset/accuracy": 0.1}},
        {"0": {"val/auc": 0.8, "val/accuracy": 0.1}, "1": {"val/auc": 0.9, "test/auc": 0.9}},
        {"0": {"diverged": "step 3"}, "1": {"val/auc": 0.9, "test/accuracy": 0.9}},
    ],
)
def test_a_card_without_the_metric_of_the_task_names_no_best_seed(
    project: Path, train: Train, seeds: dict[str, dict[str, Any]]
) -> None:
    train("images", "softmax-adam", "softmax", (1, 4, 5), CLASSES, seeds)
    line = r"softmax-adam\.json: seed \d has no val/accuracy.*it has val/auc.*; .*`dvc repro train_images@softmax-adam`"
    with pytest.raises(BadInput, match=line):
        predict("images", "pictures", "out.csv", cell="softmax-adam")
    assert not (project / "out.csv").exists()


@pytest.mark.parametrize(
    "name",
    [
        "../images/softmax-sgd",
        "./softmax-sgd",
        "/tmp/softmax-sgd",
        "a/../softmax-sgd",
        "..\\softmax-sgd",
        "..",
        ".",
        "",
    ],
)
@pytest.mark.parametrize("option", ["cell", "recipe"])
def test_a_path_is_no_name_of_a_model(project: Path, train: Train, option: str, name: str) -> None:
    train("recipes", "images-..", "softmax", (1, 4, 5), CLASSES, {"0": {"val/accuracy": 0.5}})
    (project / "models/recipes/images-a").mkdir()
    with pytest.raises(BadInput, match=f"^--{option.replace('cell', 'model')}: .* is not the name of a model; "):
        predict("images", "pictures", "out.csv", **{option: name})
    assert not (project / "out.csv").exists()


@pytest.mark.parametrize("to", ["pictures/a.png", "pictures/inner/d.png", "pictures/../pictures/b.png", "link/a.png"])
def test_predictions_never_replace_a_picture_of_the_input(pictures: Path, project: Path, to: str) -> None:
    (project / "link").symlink_to(pictures)
    before = (project / to).read_bytes()
    with pytest.raises(BadInput, match="the output would overwrite a file of the input; name another file"):
        predict("images", "pictures", to, cell="softmax-sgd")
    assert (project / to).read_bytes() == before


def test_where_no_picture_is_read_the_refusals_are_all_that_is_said(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "words.png").write_text("words")
    assert predict("images", "words.png", "out.csv", cell="softmax-sgd") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: words.png: ")


def test_a_network_whose_runs_all_diverged_has_no_weights(train: Train) -> None:
    train("images", "softmax-adam", "softmax", (1, 4, 5), CLASSES, {"0": {"diverged": "step 1"}})
    with pytest.raises(BadInput, match=r"softmax-adam\.json: every run of softmax-adam diverged"):
        predict("images", "pictures", "out.csv", cell="softmax-adam")


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"task": "imags"}, "params.yaml: tasks has no 'imags'; did you mean 'images'?"),
        ({"cell": "softmax-sdg"}, "models/images/softmax-sdg.json: not found; .*did you mean 'softmax-sgd'?"),
        ({"recipe": "mlp"}, "models/recipes/images-mlp.json: not found; .*`dvc repro train_recipe_images@mlp`"),
        ({"cell": None}, "reports/comparison.json: cannot be read: .*; `dvc repro compare`"),
        ({"source": "nowhere"}, "nowhere: not found; name an existing file or folder"),
        ({"source": "nothing"}, "nothing: the folder is empty; put the files there"),
        ({"to": "no/out.csv"}, "no: this folder does not exist; create it"),
        ({"to": ""}, "--to: is empty; name a file"),
        ({"to": "pipe"}, "pipe: expected a file, found a pipe or a device; write --to -"),
        ({"to": "nothing"}, "nothing: is a folder; name a file in it"),
        ({"source": "pictures/a.png", "to": "pictures/a.png"}, "pictures/a.png: the output would overwrite the input"),
        ({"colour": "rgb"}, "data.images.colour is rgb, but softmax-sgd, seed 1 was trained on pictures of 1 channels"),
    ],
)
def test_refusals_before_work(project: Path, change: Callable[..., None], asked: dict[str, Any], line: str) -> None:
    (project / "nothing").mkdir()
    os.mkfifo(project / "pipe")
    if colour := asked.get("colour"):
        change("images", colour=colour)
    before = sorted(project.rglob("*"))
    arguments = {"task": "images", "source": "pictures", "to": "out.csv", "cell": "softmax-sgd"} | asked
    arguments.pop("colour", None)
    with pytest.raises(BadInput, match=line.replace("?", r"\?")) as error:
        predict(arguments.pop("task"), arguments.pop("source"), arguments.pop("to"), **arguments)
    assert "\n" not in str(error.value)
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize("damage", ["cut weights", "cut card", "another network", "another version"])
def test_damaged_models_are_one_line(project: Path, damage: str) -> None:
    weights, card = project / "models/images/softmax-sgd.safetensors", project / "models/images/softmax-sgd.json"
    match damage:
        case "cut weights":
            weights.write_bytes(weights.read_bytes()[:50])
        case "cut card":
            card.write_bytes(card.read_bytes()[:50])
        case "another network":
            card.write_text(card.read_text().replace("[1, 4, 5]", "[1, 4, 6]"))
        case "another version":
            card.write_text(card.read_text().replace("initial_sigma", "sigma"))
    with pytest.raises(BadInput, match=r"softmax-sgd\.safetensors: does not fit .*`dvc checkout "):
        predict("images", "pictures", "out.csv", cell="softmax-sgd")
