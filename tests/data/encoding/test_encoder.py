"""The fitted encoder as a file: what is stored, and what is refused when it is read back."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.encoding.fit import fit
from bakeoff.data.encoding.settings import misnamed
from bakeoff.data.table.reading import Reading

READING = Reading.model_validate(dict.fromkeys(Reading.model_fields) | {"missing": ("NA",), "numbers": ("month",)})
FRAME = pd.DataFrame({"x": [1.5, 2.0, 4.0, None], "c": ["ä", "b", "b", "z"], "tailnum": ["N1", "N2", "N3", None]})


@pytest.fixture
def encoder(table, settings) -> Encoder:
    return fit(table(FRAME), settings(minimum_frequency=2, hashed={"tailnum": 2}), READING)[0]


def test_an_encoder_is_loaded_as_it_was_saved(encoder: Encoder, tmp_path: Path) -> None:
    encoder.save(tmp_path / "encoder.json")
    loaded = Encoder.load(tmp_path / "encoder.json")
    assert loaded == encoder
    assert loaded.columns == ["x", "c=b", "c=other", "tailnum=#0", "tailnum=#1"]
    again = tmp_path / "again.json"
    loaded.save(again)
    assert again.read_bytes() == (tmp_path / "encoder.json").read_bytes()


def test_the_file_says_what_it_holds(encoder: Encoder, tmp_path: Path) -> None:
    encoder.save(tmp_path / "encoder.json")
    document = json.loads((tmp_path / "encoder.json").read_text(encoding="utf-8"))
    assert document["version"] == 2
    assert document["numeric"]["x"] == {
        "missing": 2.5,
        "center": 2.5,
        "width": document["numeric"]["x"]["width"],
        "decimals": 1,
    }
    assert document["one_hot"] == {"c": {"known": ["b"], "rare": ["z", "ä"], "missing": "unseen"}}
    assert document["hashed"]["tailnum"]["buckets"] == 2


def broken(document: dict[str, Any], way: list[str], value: Any) -> dict[str, Any]:
    at = document
    for key in way[:-1]:
        at = at[key]
    at[way[-1]] = value
    return document


@pytest.mark.parametrize(
    ("way", "value", "says"),
    [
        pytest.param(["version"], 3, "was written by another version of bakeoff", id="another version"),
        pytest.param(
            ["numeric", "x", "center"],
            {},
            "numeric.x.center is {}, and should be a number",
            id="object for number",
        ),
        pytest.param(["numeric", "x", "center"], "1", "numeric.x.center is '1'", id="text for number"),
        pytest.param(
            ["numeric", "x", "width"], 0.0, "numeric.x.width is 0.0, and should be greater than 0", id="no width"
        ),
        pytest.param(["numeric", "x", "decimals"], 99, "numeric.x.decimals is 99", id="too many decimals"),
        pytest.param(["one_hot", "c", "known"], "b", "one_hot.c.known is 'b'", id="text for a list"),
        pytest.param(["one_hot", "c", "known"], ["b", "b"], "one_hot.c.known: lists a value twice", id="a value twice"),
        pytest.param(
            ["one_hot", "c", "known"], ["b", "q"], "lists 5 columns, and its fields make 6", id="a column more"
        ),
        pytest.param(["unseen"], "ignore", "unseen is 'ignore'", id="a rule that is none"),
        pytest.param(["hased"], {}, "hased is not a setting; did you mean 'hashed'?", id="a field that is none"),
    ],
)
def test_what_is_no_encoder_is_refused_in_one_line(encoder: Encoder, tmp_path: Path, way, value, says: str) -> None:
    path = tmp_path / "encoder.json"
    encoder.save(path)
    document = broken(json.loads(path.read_text(encoding="utf-8")), way, value)
    path.write_text(json.dumps(document), encoding="utf-8")
    assert says in refusal(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1', '{"version": NaN}', "\x00"])
def test_what_is_no_json_of_this_kind_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "encoder.json").write_text(text, encoding="utf-8")
    refusal(tmp_path / "encoder.json")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "encoder.json")


def refusal(path: Path) -> str:
    with pytest.raises(BadInput) as refused:
        Encoder.load(path)
    line = str(refused.value)
    assert line.startswith(f"{path}: ") and line.endswith("make it again with the stage that encodes the table")
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("encoding", "says"),
    [
        ({"hashed": {"distance": 64}}, "hashed: 'distance' is a column of data.table.numeric, and should be one of"),
        (
            {"hashed": {"carier": 64}},
            "hashed: 'carier' is no column of data.table.categorical; did you mean 'carrier'?",
        ),
        (
            {"scaling_by_column": {"no_such": "minmax"}},
            "'no_such' is no column of data.table.numeric (there is: distance)",
        ),
        (
            {"scaling_by_column": {"carrier": "minmax"}},
            "'carrier' is a column of data.table.categorical, and should be",
        ),
        ({"scaling_by_column": {"distance": "none"}, "hashed": {"carrier": 8}}, None),
    ],
)
def test_settings_name_columns_of_their_kind(settings, encoding: dict[str, Any], says: str | None) -> None:
    problems = list(misnamed(settings(**encoding), ("distance",), ("carrier",)))
    assert len(problems) == (says is not None)
    assert all(line.startswith("data.table.encoding.") and says in line for line in problems if says)
