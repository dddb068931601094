from pathlib import Path
from typing import Any

import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.corpus.settings import CorpusSettings
from bakeoff.data.encoding.settings import TableData
from bakeoff.data.images.settings import ImagesSettings
from bakeoff.data.scans.settings import ScansSettings

DOCUMENT = settings.load(Path(__file__).parents[2] / "params.yaml")
SECTIONS = {"corpus": CorpusSettings, "table": TableData, "images": ImagesSettings, "scans": ScansSettings}


def refusal(section: str, change: dict[str, Any]) -> str:
    document = {"data": {section: DOCUMENT["data"][section] | change}}
    with pytest.raises(BadInput) as refused:
        settings.validate(document, f"data.{section}", SECTIONS[section])
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("leak", ["dep_delay", "air_time"])
def test_what_is_known_only_after_the_event_is_no_feature(leak: str) -> None:
    assert f"'{leak}' is a feature and among leaks" in refusal("table", {"numeric": ["distance", leak]})
    assert f"'{leak}' is a feature and among leaks" in refusal("table", {"categorical": ["origin", leak]})


def test_the_target_is_no_feature_even_when_it_is_not_among_the_leaks() -> None:
    change = {"numeric": ["arr_delay"], "leaks": []}
    assert "'arr_delay' is the target, and cannot be a feature" in refusal("table", change)


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        ("table", {"numeric": ["seats", "seats"]}, "lists 'seats' twice"),
        ("table", {"numeric": ["origin"]}, "'origin' is numeric and categorical"),
        ("table", {"numeric": [], "categorical": []}, "list at least one feature"),
        ("table", {"time": "date", "categorical": ["date"]}, "'date' is the time, and cannot be a feature"),
        ("table", {"dropped": ["origin"]}, "'origin' is dropped and has a role"),
        (
            "table",
            {"split": {"by": "group", "column": "date", "validation": 0.5, "test": 0.5, "seed": 0}},
            "validation + test is 1, and should be below 1",
        ),
        (
            "corpus",
            {"vocabulary_size": 1},
            "data.corpus.vocabulary_size is 1, and should be at least 2",
        ),
        ("scans", {"bias_field": 1.0}, "data.scans.bias_field is 1.0, and should be less than 1"),
        ("scans", {"split": {"by": "slabs", "slices": [96, 24], "gap": 8}}, "slices"),
    ],
)
def test_settings_that_make_no_sense_are_refused(section: str, change: dict[str, Any], message: str) -> None:
    assert message in refusal(section, change)
