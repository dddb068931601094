"""Settings are looked up by their keys to the values that DVC finds."""

from typing import Any

import pytest
from dvc.dependency import param

from bakeoff.harness.params_lookup import in_dvc, read_param_file

PLAIN = {
    "run": {"device": "cpu", "shards": None, "norms": {}},
    "data": {"images": {"kind": "images", "sizes": [1, {"a": 2}]}, "*": {"a": 1}},
    "a.b": 1,
    "1": {"2": "x"},
    "é": False,
    "A": 1,
    "[x]": 1,
}
ODD: dict[str, Any] = {
    "empty key": {"": 1, "run": {"device": 1}},
    "inner empty key": {"run": {"device": [{"": 1}]}},
    "numbers": {1: {2: "x"}, "1": 2, "run": {True: 1}},
    "set": {"run": {"a"}},
    "list": ["a", {"run": 1}],
    "text": "run",
    "nothing": {},
}
KEYS = [
    "run",
    "run.device",
    "run.norms",
    "run.shards.x",
    "run.missing",
    "missing",
    "data.images.sizes",
    "data.images.sizes.0",
    "data.images.sizes.1.a",
    "data.images.sizes.-1",
    "data.images.sizes.x",
    "a.b",
    "1",
    "1.2",
    "01",
    "1.02",
    "é",
    "a",
    "*",
    "run.*",
    "data.*.kind",
    "data.**",
    "r?n",
    "[ab]",
    "[x]",
    "",
    ".",
    "/",
    "run/device",
    ".run",
    "run.",
    "run..device",
    "run.device.x",
    "0",
    "True",
    "run.True",
    "**",
]


def outcome(function: Any, keys: list[str] | None, flatten: bool) -> Any:
    try:
        return function(None, "params.yaml", keys, flatten=flatten)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("document", [PLAIN, *ODD.values()], ids=["plain", *ODD])
def test_each_key_has_the_value_that_dvc_finds(document: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(param, "load_path", lambda *_: document)
    for keys in [*([key] for key in KEYS), ["run.device", "1.2", "missing", "run"], [], None]:
        for flatten in (True, False):
            assert outcome(read_param_file, keys, flatten) == outcome(in_dvc, keys, flatten), keys


def test_a_plain_key_is_found_without_a_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(param, "load_path", lambda *_: PLAIN)
    monkeypatch.setattr("dpath.get", None)
    assert read_param_file(None, "params.yaml", ["run.device", "nothing", "1.2"], flatten=True) == {
        "run.device": "cpu",
        "1.2": "x",
    }
