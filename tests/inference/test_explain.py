"""`bakeoff explain`: a page without references to other files, and the same numbers as JSON."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bakeoff.base import paths
from bakeoff.base.provenance import sha256
from bakeoff.base.settings import BadInput
from bakeoff.data.card import Card
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.examples import Examples, Split
from bakeoff.explanation.explain import NUMBERS, PAGE, explain
from bakeoff.explanation.importance import groups
from bakeoff.explanation.membranes import Separations
from bakeoff.explanation.page import decoded
from bakeoff.explanation.surfaces import Spacing, Surfaces
from bakeoff.inference import models
from bakeoff.inference.views import Flips

SCORES = {"0": {"val/accuracy": 0.5, "val/dice": 0.5, "val/auc": 0.5, "test/accuracy": 0.25}}
Make = Callable[..., Examples]


@pytest.fixture
def made(project: Path, train: Callable[..., None]) -> Make:
    """Write examples, and train a network on them."""

    def examples(
        task: str, network: str, shape: tuple[int, ...], classes: tuple[str, ...], *, scores: dict[str, Any] = SCORES
    ) -> Examples:
        generator = np.random.default_rng(0)

        def split(count: int) -> Split:
            labels = (count, *shape[1:]) if network == "unet" else count
            x = generator.integers(0, 256, (count, *shape), np.uint8)
            if len(shape) == 1:
                x = generator.standard_normal((count, *shape)).astype(np.float32)
            return Split(x, generator.integers(0, len(classes), labels).astype(np.uint8))

        found = Examples(split(3), split(40), split(20), classes)
        file = {"images": "images.npz", "table": "encoded.npz", "scans": "scans.npz"}[task]
        path = project / "data" / task / file
        path.parent.mkdir(parents=True, exist_ok=True)
        found.save(path)
        train(task, f"{network}-sgd", network, shape, classes, scores, {f"data/{task}/{file}": sha256(path)})
        return found

    return examples


def numbers(folder: str) -> Any:
    page = Path(folder, PAGE).read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    return json.loads(Path(folder, NUMBERS).read_text(encoding="utf-8"))


def predicted(network: str, task: str, metric: str, split: Split) -> np.ndarray[Any, Any]:
    model = models.load(models.choose(task, f"{network}-sgd", None), task, metric)
    return model.predictor.predict(split.x)


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures(made: Make, split: Any, channels: int) -> None:
    examples = made("images", "softmax", (channels, 4, 5), ("a|b", "<b>", "$c$"))
    explain("images", split, "out", cell="softmax-sgd")
    part = getattr(examples, split)
    probabilities = predicted("softmax", "images", "accuracy", part)
    found = numbers("out")
    assert found["score"] == found["accuracy"] == pytest.approx((probabilities.argmax(1) == part.y).mean())
    assert np.sum(found["confusion"]) == found["examples"] == len(part.x)
    wrong = np.flatnonzero(probabilities.argmax(1) != part.y)
    assert found["wrong"] == len(wrong) and len(found["errors"]) == min(len(wrong), 12)
    assert found["errors"][0]["example"] == max(wrong, key=lambda place: probabilities[place].max())
    assert found["recorded"]["0"]["accuracy"] == SCORES["0"][{"validation": "val/accuracy"}.get(split, "test/accuracy")]
    page = Path("out", PAGE).read_text(encoding="utf-8")
    assert "<b>" not in page and "&lt;b&gt;" in page
    assert page.count("data:image/png;base64,") == 3
    labelled, chosen = np.bincount(part.y, minlength=3), np.bincount(probabilities.argmax(1), minlength=3)
    assert labelled.tolist() != chosen.tolist()
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)]
    for number in range(3):
        assert any(row[1:3] == [str(labelled[number]), str(chosen[number])] for row in cells), cells
    assert found["importance"] == []


def test_the_columns_of_a_table(made: Make, encoder: Encoder) -> None:
    examples = made("table", "softmax", (len(encoder.columns),), ("on time", "late"))
    explain("table", "validation", "out", cell="softmax-sgd")
    found = numbers("out")
    assert {one["column"] for one in found["importance"]} == {"temp", "carrier"}
    assert found["permutations"] == {"repeats": 5, "seed": 0}
    assert found["metric"] == "auc" and 0 <= found["score"] <= 1
    page = Path("out", PAGE).read_text(encoding="utf-8")
    assert ">carrier</th>" in page
    # The rows of the errors are those of the examples, decoded.
    rows = decoded(examples.validation.x[[one["example"] for one in found["errors"]]], encoder)
    assert len(rows) > 1 and rows[0]["temp"] != rows[1]["temp"]
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)]
    shown = {cell[0]: cell[5] for cell in cells if len(cell) > 5}
    wrong = [str(one["example"]) for one in found["errors"]]
    assert [shown[place] for place in wrong] == [f"{row['temp']:g}" for row in rows]


def test_a_column_of_a_table_has_all_its_encoded_columns(encoder: Encoder) -> None:
    found = groups(encoder)
    assert [name for name, where in found.items() for _ in range(where.start, where.stop)] == [
        column.partition("=")[0] for column in encoder.columns
    ]
    assert [place for where in found.values() for place in range(where.start, where.stop)] == [
        *range(len(encoder.columns))
    ]


def test_the_pixels_of_scans(made: Make) -> None:
    examples = made("scans", "unet", (1, 6, 8), ("background", "grey", "white"))
    explain("scans", "validation", "out", cell="unet-sgd")
    found = numbers("out")
    right = predicted("unet", "scans", "dice", examples.validation).argmax(1) == examples.validation.y
    assert found["counted"] == "pixels" and found["accuracy"] == pytest.approx(right.mean())
    assert np.sum(found["confusion"]) == right.size and found["errors"] == []
    likeliest = predicted("unet", "scans", "dice", examples.validation).argmax(1)
    for spacing, unit in (((2.0, 0.5), "mm"), (None, "pixels")):
        explain("scans", "validation", "out", cell="unet-sgd", spacing=spacing)
        expected = Surfaces([1, 2], spacing or (1.0, 1.0))
        for drawn, mask in zip(likeliest, examples.validation.y, strict=True):
            expected.add(drawn, mask)
        said = numbers("out")["surface_distance"]
        assert said["unit"] == unit and [one["name"] for one in said["classes"]] == ["grey", "white"]
        for one, wanted in zip(said["classes"], expected.distances(examples.classes), strict=True):
            assert {name: one[name] for name in ("measured", "missed", "added")} == {
                name: getattr(wanted, name) for name in ("measured", "missed", "added")
            }
            assert one["median"] == (None if wanted.median is None else pytest.approx(wanted.median, rel=1e-5))
        assert f"(HD95) of each picture, in {unit}" in Path("out", PAGE).read_text(encoding="utf-8")


def test_a_pixel_has_the_size_that_the_card_of_the_data_has(made: Make, capsys: pytest.CaptureFixture[str]) -> None:
    examples = made("scans", "unet", (1, 6, 8), ("background", "grey", "white"))
    card = Path(paths.data_card("scans"))

    def distances(least: Spacing, largest: Spacing, given: Spacing | None = None) -> dict[str, Any]:
        Card.of(examples, "scans", "mine", None, (least, largest)).save(card)
        explain("scans", "validation", "out", cell="unet-sgd", spacing=given)
        said: dict[str, Any] = numbers("out")["surface_distance"]
        return said

    known = distances((2.0, 0.5), (2.0, 0.5))
    said = "A pixel is 2 x 0.5 mm (height x width), from the voxel sizes of the volumes."
    assert (known["unit"], known["spacing"], known["source"]) == ("mm", [2.0, 0.5], "data")
    assert f"distances are in mm: {said}" in capsys.readouterr().err
    assert said in Path("out", PAGE).read_text(encoding="utf-8")
    given = distances((1.0, 1.0), (1.0, 1.0), given=(2.0, 0.5))
    assert given == known | {"source": "option"}
    assert "as --spacing gives it" in capsys.readouterr().err
    several = distances((1.0, 1.0), (2.0, 1.0))
    assert (several["unit"], several["spacing"], several["source"]) == ("pixels", None, None)
    said = "pixels of several sizes, 1 x 1 to 2 x 1 mm (height x width), and none is assumed"
    assert said in capsys.readouterr().err and said in Path("out", PAGE).read_text(encoding="utf-8")
    card.unlink()
    explain("scans", "validation", "out", cell="unet-sgd")
    assert numbers("out")["surface_distance"] == several
    assert "The size of a pixel is not known" in capsys.readouterr().err


def test_cells_between_a_border_have_their_scores(made: Make) -> None:
    examples = made("scans", "unet", (1, 16, 20), ("cell", "membrane"))
    explain("scans", "validation", "out", cell="unet-sgd", border="membrane", flips=4)
    found = numbers("out")
    model = models.load(models.choose("scans", "unet-sgd", None), "scans", "dice")
    probabilities = Flips(model.predictor, 4).predict(examples.validation.x)
    expected = Separations()
    for one, mask in zip(probabilities, examples.validation.y, strict=True):
        expected.add(one[1], mask == 1)
    scores = expected.separation("membrane")
    assert found["separation"]["border"] == "membrane" and 0 < scores.rand.middle < 1
    for name in ("rand", "pooled_rand", "info", "pooled_info"):
        assert found["separation"][name] == pytest.approx(asdict(getattr(scores, name)), rel=1e-5)
    assert found["accuracy"] == pytest.approx((probabilities.argmax(1) == examples.validation.y).mean())
    assert found["model"].endswith("seed 0, mean of 4 views")
    page = Path("out", PAGE).read_text(encoding="utf-8")
    assert "V_Rand" in page and "membrane" in page


def test_a_border_that_is_no_class_is_refused(made: Make) -> None:
    made("scans", "unet", (1, 6, 8), ("cell", "membrane"))
    with pytest.raises(BadInput, match=r"^--border: 'membran' is not a class of 'scans'; did you mean 'membrane'\?"):
        explain("scans", "validation", "out", cell="unet-sgd", border="membran")
    for sides, shown in (((0.0, 1.0), "0 1"), ((1e300, 1e-300), r"1e\+300 1e-300"), ((1.0, math.inf), "1 inf")):
        line = rf"^--spacing: {shown} should be the height and the width of a pixel in millimetres, both from 1e-09"
        with pytest.raises(BadInput, match=line):
            explain("scans", "validation", "out", cell="unet-sgd", spacing=sides)
    made("images", "softmax", (1, 4, 5), ("a", "b"))
    for option, given in (("flips", 2), ("border", "a"), ("spacing", (1.0, 1.0))):
        with pytest.raises(
            BadInput,
            match=rf"^--{option}: this option is for tasks with masks, and 'images' has no masks; leave it out",
        ):
            explain("images", "validation", "out", cell="softmax-sgd", **{option: given})  # type: ignore[arg-type]
    assert not Path("out").exists()


def test_twice_the_same_bytes_and_over_an_earlier_explanation(made: Make) -> None:
    made("images", "softmax", (1, 4, 5), ("a", "b"), scores={**SCORES, "1": SCORES["0"]})
    for folder in ("one", "two", "two"):
        explain("images", "test", folder, cell="softmax-sgd", ensemble=True)
    for name in (PAGE, NUMBERS):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()
    assert numbers("one")["model"] == "softmax-sgd, mean of 2 seeds"


@pytest.mark.parametrize("scores", [{"0": {"test/accuracy": 0.5}}, {"0": {"train/accuracy": 0.5}}])
def test_a_network_trained_on_validation_data_is_explained_on_test_data(made: Make, scores: dict[str, Any]) -> None:
    made("images", "softmax", (1, 4, 5), ("a", "b"), scores=scores)
    with pytest.raises(BadInput, match=r"trained on validation data too, .* name --split test"):
        explain("images", "validation", "out", cell="softmax-sgd")
    assert not Path("out").exists()
    explain("images", "test", "out", cell="softmax-sgd")
    assert numbers("out")["split"] == "test"


def test_other_data_than_those_of_the_training_are_refused(project: Path, made: Make) -> None:
    examples = made("images", "softmax", (1, 4, 5), ("a", "b"))
    Examples(examples.train, examples.test, examples.validation, examples.classes).save(
        project / "data/images/images.npz"
    )
    with pytest.raises(BadInput, match="is not what softmax-sgd, seed 0 was trained on"):
        explain("images", "validation", "out", cell="softmax-sgd")
    (project / "data/images/images.npz").unlink()
    with pytest.raises(BadInput, match=r"data/images/images.npz: not found; `dvc pull"):
        explain("images", "validation", "out", cell="softmax-sgd")


@pytest.mark.parametrize("to", ["", "-", "params.yaml", "no/out", "data", "/proc/out"])
def test_folders_that_are_refused(made: Make, to: str) -> None:
    made("images", "softmax", (1, 4, 5), ("a", "b"))
    with pytest.raises(BadInput) as refused:
        explain("images", "validation", to, cell="softmax-sgd")
    assert "\n" not in str(refused.value)
    assert sorted(path.name for path in Path().iterdir()) == ["data", "models", "params.yaml"]
