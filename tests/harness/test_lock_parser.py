"""The engine reads dvc.lock by another parser than DVC does, to the same values."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import YAMLFileCorruptedError, _yaml

from bakeoff.harness import lock_parser
from bakeoff.harness.lock_parser import SafeLoader, _by_libyaml, in_python, parse, parse_once, safe_in_python

LOCK = Path(__file__).parents[2] / "dvc.lock"


def entries() -> dict[str, str]:
    """One entry of dvc.lock for each stage of dvc.yaml; of a matrix the first."""
    _, *parts = re.split(r"^(?=  \S.*:\n)", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {part.strip().partition(":")[0].partition("@")[0]: part for part in reversed(parts)}


def alike(one: Any, other: Any) -> bool:
    """Return whether two documents agree in the types, the order and the values of all that is in them."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return repr(one) == repr(other)


def dumped(data: Any) -> str:
    stream = io.StringIO()
    _yaml._dump(data, stream)
    return stream.getvalue()


@pytest.mark.parametrize("stage", entries())
def test_an_entry_of_the_lock_has_the_same_values_and_is_written_to_the_same_bytes(stage: str) -> None:
    text = f"schema: '2.0'\nstages:\n{entries()[stage]}"
    fast, own = parse(text, "dvc.lock"), in_python(text, "dvc.lock")
    assert alike(fast, own)
    assert dumped(fast) == dumped(own) == text
    assert alike(_by_libyaml(SafeLoader, text, "dvc.lock"), safe_in_python(text, "dvc.lock"))


NUMBERS = ["1", "1.0", "1e-3", "1.0e-10", ".inf", "0x1F", "0o17", "1_000"]
TEXTS = ["'1'", '"a\\tb"', "'a: b'", "é", "off", "2026-01-02", "|-\n    two\n    lines"]
OTHERS = ["", "~", "null", "true", "[1, 2]", "{a: 1}", "[]", "{}", "&x 1", "!!str 1"]


@pytest.mark.parametrize("text", ["a: &x [1]\nb: *x\n", "a: &x {c: &y [1], d: *y}\nb: *x\n", "a: &x\n- *x\n- 1\n"])
def test_what_an_alias_repeats_stays_one_object(text: str) -> None:
    """DVC copies such settings into dvc.lock, as anchors and aliases again."""
    assert dumped(parse_once(text, "params.yaml")) == dumped(safe_in_python(text, "params.yaml"))


@pytest.mark.parametrize("value", [*NUMBERS, *TEXTS, *OTHERS])
def test_a_value_is_read_as_dvc_reads_it(value: str) -> None:
    text = f"stages:\n  a: {value}\n  b: 1\n"
    fast, own = parse(text, "dvc.lock"), in_python(text, "dvc.lock")
    assert alike(fast, own)
    assert dumped(fast) == dumped(own)
    assert alike(parse_once(text, "dvc.lock"), safe_in_python(text, "dvc.lock"))
    assert alike(parse_once(f"c: 1\n{text}", "params.yaml"), safe_in_python(f"c: 1\n{text}", "params.yaml"))


def test_comments_are_kept() -> None:
    text = "stages:  # all\n  a: 1\n"
    assert dumped(parse(text, "dvc.lock")) == dumped(parse(text, "x.dvc")) == text


@pytest.mark.parametrize("text", ["stages: [", "a: 1\n b: 2\n", "a: 1\na: 2\n", "\x00"])
def test_a_broken_file_is_refused_in_dvcs_own_words(text: str) -> None:
    with pytest.raises(YAMLFileCorruptedError) as own:
        in_python(text, "dvc.lock")
    with pytest.raises(YAMLFileCorruptedError) as fast:
        parse(text, "dvc.lock")
    assert str(fast.value) == str(own.value)
    with pytest.raises(YAMLFileCorruptedError) as safe:
        safe_in_python(text, "dvc.lock")
    with pytest.raises(YAMLFileCorruptedError) as once:
        parse_once(text, "dvc.lock")
    assert str(once.value) == str(safe.value)


@pytest.mark.parametrize("path", ["params.yaml", "dvc.lock"])
def test_a_text_is_parsed_once_and_each_reader_may_change_what_it_gets(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"a: {{b: [1, 2026-01-02]}}\nof: {path}\n"
    first, expected = parse_once(text, path), safe_in_python(text, path)
    first["a"]["b"].append(3)
    monkeypatch.setattr(lock_parser, "safe_in_python", None)
    monkeypatch.setattr(lock_parser, "SafeLoader", None)
    assert alike(parse_once(text, path), expected)


def test_only_the_last_text_of_a_file_is_kept() -> None:
    for n in range(20):
        assert parse_once(f"n: {n}\n", "some/dvc.lock") == {"n": n}
    assert lock_parser._seen["some/dvc.lock"] == ("n: 19\n", {"n": 19})
    assert parse_once("n: 19\n", "some/params.yaml") == {"n": 19}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_is_an_empty_dictionary(text: str) -> None:
    for path in ("params.yaml", "dvc.lock"):
        assert parse_once(text, path) == safe_in_python(text, path) == {}
        assert parse(text, path) == in_python(text, path) == {}


def test_a_round_trip_asked_of_the_reader_keeps_comments() -> None:
    assert dumped(parse_once("a: 1  # one\n", "dvc.yaml", typ="rt")) == "a: 1  # one\n"
