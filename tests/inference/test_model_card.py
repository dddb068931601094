"""Model cards: the head that the Hugging Face hub reads, and the numbers of the record."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML
from simulated_contest import SETTINGS, contests

from bakeoff.base import paths
from bakeoff.base.settings import BadInput
from bakeoff.data.card import Card
from bakeoff.data.examples import Examples, Split
from bakeoff.inference.model_card import card
from bakeoff.results.compare import compare

CLASSES = ("a|b", "<b>", "- no: list")
SCORES = {
    "0": {"val/accuracy": 0.5, "test/accuracy": 0.25},
    "1": {"val/accuracy": 0.75, "test/accuracy": 0.125},
    "2": {"diverged": "at step 3"},
}
Write = Callable[..., None]


@pytest.fixture
def written(project: Path, train: Callable[..., None]) -> Write:
    """Write a model, the card of its data, and a comparison."""

    def write(source: str = "mnist-5k", scores: dict[str, Any] = SCORES) -> None:
        train("images", "softmax-adam", "softmax", (1, 4, 5), CLASSES, scores)
        path = project / paths.card("images", "softmax-adam")
        found = json.loads(path.read_text())
        found |= {
            "title": "softmax regression under adam on images",
            "source": "Cox 1958",
            "parameters": 63,
            "optimizer": {"name": "adam", "learning_rate": 0.003},
            "training": {"epochs": 3, "schedule": {"kind": "cosine"}},
            "trained on": ["training"],
        }
        path.write_text(json.dumps(found))
        split = Split(np.zeros((3, 1, 4, 5), np.uint8), np.array([0, 1, 2], np.uint8))
        (project / "data/images").mkdir(parents=True, exist_ok=True)
        Card.of(Examples(split, split, split, CLASSES), "images", source).save(project / paths.data_card("images"))
        simulated = compare(contests(["cifar"], ["adam"]), {}, {}, [], [], SETTINGS)
        task = simulated.tasks["cifar"]
        cell = next(cell for cell in task.cells if cell.model == "softmax")
        values = {"values": (0.25, 0.125, None), "mean": 0.1875, "interval": (0.0875, 0.2875)}
        named = {"optimizer": "adam", "test": cell.test.model_copy(update=values), "diverged": (2,)}
        task = task.model_copy(update={"cells": (cell.model_copy(update=named),)})
        (project / "reports").mkdir(exist_ok=True)
        (project / paths.COMPARISON).write_text(simulated.model_copy(update={"tasks": {"images": task}}).dumped())

    return write


def parts(path: str = "README.md") -> tuple[Any, str]:
    """Return the metadata and the text of a card."""
    empty, head, text = Path(path).read_text(encoding="utf-8").split("---\n", 2)
    assert empty == ""
    return YAML(typ="safe").load(io.StringIO(head)), text


@pytest.mark.parametrize("licence", [None, "cc-by-4.0", "apache-2.0"])
def test_the_head_is_what_the_hub_reads(written: Write, licence: str | None) -> None:
    written()
    card("images", "README.md", licence, cell="softmax-adam")
    head, _ = parts()
    assert head["license"] == (licence or "unknown")
    assert head["pipeline_tag"] == "image-classification" and head["metrics"] == ["accuracy"]
    assert head["tags"] == ["bakeoff", "image-classification", "softmax", "adam"]
    ((model,),) = [head["model-index"]]
    assert model["name"] == "images-softmax-adam"
    (result,) = model["results"]
    assert result["dataset"]["type"] == "mnist-5k"
    # Seed 1 has the best validation score.
    assert [(one["name"], one["value"]) for one in result["metrics"]] == [
        ("Validation accuracy", 0.75),
        ("Test accuracy", 0.125),
    ]


def test_the_text_has_the_record(written: Write) -> None:
    written()
    card("images", "README.md", None, cell="softmax-adam")
    _, text = parts()
    for expected in (
        "# softmax regression under adam on images",
        "CC BY-SA 3.0",
        "| this model, seed 1 | 0.75 | 0.125 |",
        "0.19 ± 0.10",
        "1 run diverged",
        "`optimizer.learning_rate` | `0.003`",
        '`training.schedule` | `{"kind": "cosine"}`',
        "## Not tested",
        "--model softmax-adam",
    ):
        assert expected in text
    assert "<b>" not in text.replace("`<b>`", "")


@pytest.mark.parametrize("source", ["data/raw/images/mine", "https://example.org/a: b #c.zip"])
def test_own_data_have_no_licence(written: Write, source: str) -> None:
    written(source)
    card("images", "README.md", None, cell="softmax-adam")
    head, text = parts()
    assert head["model-index"][0]["results"][0]["dataset"]["name"] == source
    assert "no licence is recorded" in text


def test_twice_the_same_bytes(written: Write) -> None:
    written()
    for name in ("a.md", "b.md"):
        card("images", name, None, cell="softmax-adam")
    assert Path("a.md").read_bytes() == Path("b.md").read_bytes()


@pytest.mark.parametrize("licence", ["", "CC BY", "a\nb", "x: y", "é"])
def test_licences_that_are_refused(written: Write, licence: str) -> None:
    written()
    with pytest.raises(BadInput, match="is not a licence identifier of the hub") as refused:
        card("images", "README.md", licence, cell="softmax-adam")
    assert "\n" not in str(refused.value) and not Path("README.md").exists()


def test_a_comparison_of_another_training_is_refused(written: Write) -> None:
    written(scores={**SCORES, "1": {"val/accuracy": 0.75, "test/accuracy": 0.5}})
    with pytest.raises(BadInput, match=r"has other scores of softmax-adam .*`dvc repro compare"):
        card("images", "README.md", None, cell="softmax-adam")
    assert not Path("README.md").exists()


def test_a_model_that_the_comparison_does_not_have_is_refused(written: Write, train: Callable[..., None]) -> None:
    written()
    train("images", "softmax-sgd", "softmax", (1, 4, 5), CLASSES, SCORES)
    with pytest.raises(BadInput, match="does not have softmax-sgd"):
        card("images", "README.md", None, cell="softmax-sgd")
