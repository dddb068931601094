"""Values of masks become classes: one value, a list of them, or the rest of all."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.images.source_tree import Place
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans.labels import numbered
from bakeoff.data.scans.read import in_folder
from bakeoff.data.scans.settings import ScansSettings

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)
CELLS = [{"background": 0}, {"cell": "rest"}]


def scans(labels: list[dict[str, Any]]) -> ScansSettings:
    whole = settings.load(Path(__file__).parents[3] / "params.yaml")["data"]["scans"]
    return ScansSettings.model_validate(whole | {"labels": labels, "background": next(iter(labels[0]))})


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.int16, np.int64])
def test_the_numbers_of_instances_are_one_class(dtype: type[np.integer]) -> None:
    mask = np.array([[0, 1, 2], [3, 100, 0]], dtype)
    assert numbered(mask, scans(CELLS), "m").tolist() == [[0, 1, 1], [1, 1, 0]]


def test_the_rest_is_what_no_class_lists_wherever_it_stands() -> None:
    chosen = scans([{"rest of all": "rest"}, {"edge": [255, 254]}, {"ground": 0}])
    assert numbered(np.array([[0, 7, 254, 255]]), chosen, "m").tolist() == [[2, 0, 1, 1]]
    assert chosen.classes == ("rest of all", "edge", "ground")


def test_a_negative_value_is_no_instance() -> None:
    with pytest.raises(
        BadInput, match=r"m: invalid value -1 \(row 0, column 1\): expected 0 or more; correct the mask"
    ):
        numbered(np.array([[5, -1]]), scans(CELLS), "m")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([{"a": "rest"}, {"b": "rest"}], "gives the rest of the values to a and to b"),
        ([{"a": 0}, {"b": "others"}], "should be 'rest'"),
    ],
)
def test_labels_that_say_two_things_are_refused(labels: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        scans(labels)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_instances_that_compression_changed_are_refused(kind: str, tmp_path: Path) -> None:
    suffix = {"JPEG": "jpg", "WEBP": "webp"}[kind]
    for folder in ("images", "masks"):
        buffer = io.BytesIO()
        Image.new("L", (8, 6), 1).save(buffer, kind)
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"a.{suffix}").write_bytes(buffer.getvalue())
    with pytest.raises(BadInput, match=rf"masks/a\.{suffix}: a mask with lossy compression may have changed labels"):
        in_folder(Place(tmp_path, "mine", LIMITS), scans(CELLS), Remarks())


def test_a_folder_of_other_names_says_what_it_has(tmp_path: Path) -> None:
    for name in ("imagesTr", "labelsTr"):
        (tmp_path / name).mkdir()
    with pytest.raises(
        BadInput,
        match=r"mine: the folder images/ is missing \(found: imagesTr/, labelsTr/\): .* rename",
    ):
        in_folder(Place(tmp_path, "mine", LIMITS), scans(CELLS), Remarks())
