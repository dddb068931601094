"""Any mutation of params.yaml is accepted, or refused in one clear line: seeded, over every leaf and section."""

import copy
import json
import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bakeoff.base import settings
from bakeoff.base.quoting import LINE
from bakeoff.base.settings import BadInput
from bakeoff.harness import params

PARAMS = Path(__file__).parents[2] / "params.yaml"
MUTATIONS = 1_000
SEED = 0

LONG = 7_000
DEEP: Any = 0
for _ in range(12):
    DEEP = [DEEP]

VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "one": 1,
    "minus one": -1,
    "seven": 7,
    "a half": 0.5,
    "1.0": 1.0,
    "large": 10**9,
    "64 bits": 2**62,
    "1e31": 1e31,
    "1e38": 1e38,
    "1e-37": 1e-37,
    "nan": float("nan"),
    "infinity": float("inf"),
    "minus infinity": float("-inf"),
    "empty text": "",
    "a word": "no_such_thing",
    "a number in quotes": "7",
    "a long text": "x" * LONG,
    "a line break": "a\nb",
    "letters of the world": "Größe-模型-\u202e",
    "a command": "$(touch pwned); `touch pwned`",
    "a path up": "../../etc/passwd",
    "an absolute path": "/etc/passwd",
    "an empty list": [],
    "numbers": [1, 2, 3],
    "negative numbers": [-1, -2],
    "a long list": [0.001] * LONG,
    "texts": ["a", "a"],
    "nested lists": DEEP,
    "an empty section": {},
    "a section": {"a": 1},
    "a section with a number for a name": {1: 2},
}

WORDS_OF_PYDANTIC = re.compile(
    r"Input|valid (integer|number|string|list|tuple|dictionary|boolean)|constrained-|function-|tagged-union|literal\[|"
    r"pydantic|Field required|\[key\]|validation error"
)


@cache
def document() -> dict[str, Any]:
    return settings.load(PARAMS)


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every leaf, entry of a list and section."""
    if place:
        yield place
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*place, key))


def refusal(changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str | None:
    """What the gate says of a document; None where it accepts it."""
    load, path = settings.load, Path("params.yaml")
    monkeypatch.chdir(PARAMS.parent)
    monkeypatch.setattr(params, "load", lambda file: changed if file == path else load(file))
    try:
        params.check(path, graph=False)
    except BadInput as error:
        return str(error)
    return None


def is_clear(said: str, place: tuple[Any, ...]) -> bool:
    """Whether a message is one printable line of readable length that names the place in the user's words."""
    names = [name for name in map(str, place) if not name.isdigit()]
    return (
        said.startswith("params.yaml: ")
        and said.isprintable()
        and len(said) <= LINE + 50
        and any(name in said for name in names[-2:])
        and not WORDS_OF_PYDANTIC.search(said)
    )


def test_mutations_of_every_leaf_are_accepted_or_refused_in_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    random_choice = random.Random(SEED)
    everywhere = list(places(document()))
    unclear = []
    accepted = 0
    for place in random_choice.choices(everywhere, k=MUTATIONS):
        name, value = random_choice.choice(list(VALUES.items()))
        changed = copy.deepcopy(document())
        here: Any = changed
        for key in place[:-1]:
            here = here[key]
        here[place[-1]] = value
        said = refusal(changed, monkeypatch)
        accepted += said is None
        if said is not None and not is_clear(said, place):
            unclear.append(f"{'.'.join(map(str, place))} = {name}: {said}")
    assert unclear == []
    assert accepted < MUTATIONS / 4  # a gate that lets all pass would be clear too


@pytest.mark.parametrize("how", ["removed", "misspelt", "doubled"])
def test_a_key_that_is_missing_misspelt_or_unknown_is_named(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    maps = r"(data\.table\.encoding\.(hashed|scaling_by_column)|optimizers\.\w+\.search|data\.scans\.labels)\b"
    free = re.compile(rf"{maps}|(data|tasks|tuning\.studies|tuner_contest\.tables)\.\w+$")
    optional = re.compile(r"tuning\.studies\.\w+\.(fixed|space)\.[^.]")  # a setting that a study may leave alone
    unclear = []
    for place in [place for place in places(document()) if isinstance(place[-1], str)]:
        dotted = ".".join(map(str, place))
        if free.match(dotted):
            continue
        changed = copy.deepcopy(document())
        here: Any = changed
        for key in place[:-1]:
            here = here[key]
        value = here[place[-1]] if how == "doubled" else here.pop(place[-1])
        if how != "removed":
            here[f"{place[-1]}q"] = value
        said = refusal(changed, monkeypatch)
        listed = re.match(r"budgets\.(quick|paper)|budgets\.\w+\.contest\.finals\.\w+$", dotted)  # what may be left out
        left_out = how == "removed" and optional.match(dotted)
        added = how == "doubled" and re.fullmatch(r"budgets\.\w+", dotted)  # one more table
        if (said is None and not (listed or added or left_out)) or (said is not None and not is_clear(said, place)):
            unclear.append(f"{dotted}: {said}")
    assert unclear == []


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("device: !!str cpu", "run.device (line {n}): has the tag !!str"),
        ("device: !!python/name:os.system", "run.device (line {n}): has the tag !!python/name:os.system"),
        ("device: !own cpu", "run.device (line {n}): has the tag !own"),
        ("device: 2001-01-01", "run.device (line {n}): 2001-01-01 is a date to YAML"),
        ("device: 2001-99-99", "run.device (line {n}): 2001-99-99 is a date to YAML"),
        (
            "device: 1" + 5000 * "0",
            "run.device (line {n}): 1000000000000000000000000000000000000000... has more than 40",
        ),
        ("device: 99999999999999999999", "run.device (line {n}): 99999999999999999999 is larger than 64 bits"),
        ("device: 1e39", "run.device (line {n}): 1e39 is larger than float32"),
        ("device: -1e300", "run.device (line {n}): -1e300 is larger than float32"),
        ("device: 1e999", "run.device (line {n}): 1e999 is larger than float32"),
        ("device: 1e-39", "run.device (line {n}): 1e-39 is nearer to 0 than float32"),
        ("device: 1e-999", "run.device (line {n}): 1e-999 is nearer to 0 than float32"),
        ('device: "\\ud800"', "run.device (line {n}): '\\\\ud800' contains the character"),
        ('device: "\\e[31m"', "contains the character '\\\\x1b'"),
        ("device: {7: 1}", "run.device (line {n}): a key is 7, and should be text"),
        ("device: {[1, 2]: 1}", "run.device (line {n}): a key is a list or a section"),
        ("device: &a [*a]", "nested more than 20 deep"),
        ("device: &a {b: *a}", "nested more than 20 deep"),
        ("device: " + "[" * 3000 + "]" * 3000, "line {n}: is nested more than 20 deep"),
        ("device: " + "{a: " * 3000 + "1" + "}" * 3000, "line {n}: is nested more than 20 deep"),
        ("device: [" + "a, " * 30_000 + "a]", "has more than 20000 values"),
        ("device: cpu\n---\na: 1", "but found another document"),
        ("device: 'a\x00b'", "U+0000"),
    ],
    ids=range(23),
)
def test_what_yaml_can_write_and_settings_do_not_need_is_refused(tmp_path: Path, yaml: str, said: str) -> None:
    text = PARAMS.read_text(encoding="utf-8")
    line = text[: text.index("\n  device:")].count("\n") + 2
    path = tmp_path / "params.yaml"
    path.write_text(re.sub("^  device: cpu", lambda _: f"  {yaml}", text, flags=re.M), encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        settings.load(path)
    assert said.replace("{n}", str(line)).replace("\\\\", "\\") in str(refused.value)
    assert len(str(refused.value)) < LINE + len(str(path))


@pytest.mark.parametrize("depth", [5, 9, 30])
def test_aliases_that_grow_are_refused_at_once(tmp_path: Path, depth: int) -> None:
    lines = [f"x0: &x0 {json.dumps(['ha'] * 9)}"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" for n in range(1, depth)]
    path = tmp_path / "params.yaml"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(BadInput, match=r"has more than 20000 values, aliases spelt out|nested more than 20 deep"):
        settings.load(path)


def test_anchors_and_merge_keys_of_sane_size_are_read(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("a: &a {x: 1, y: 2.0}\nb: {<<: *a, y: 3.0}\nc: [*a, *a]\n")
    whole = {"x": 1, "y": 2.0}
    assert settings.load(path) == {"a": whole, "b": {"x": 1, "y": 3.0}, "c": [whole, whole]}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.mkdir(), "is a folder, and should be a file"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device or a pipe, and should be a file"),
        (lambda path: path.symlink_to(path.name), "cannot be read"),
        (lambda path: path.symlink_to("nowhere"), "not found"),
        (lambda path: path.write_bytes(b"a: 1 #" + b"x" * 2**18), "is larger than 256 KiB"),
        (lambda path: path.write_bytes("a: é".encode("latin-1")), "byte 3 is not UTF-8"),
        (lambda path: path.write_bytes(b""), "contains nothing"),
    ],
    ids=["folder", "device", "loop", "dangling", "large", "latin-1", "empty"],
)
def test_what_is_no_small_file_of_text_is_refused(tmp_path: Path, make: Any, said: str) -> None:
    make(tmp_path / "params.yaml")
    with pytest.raises(BadInput, match=said):
        settings.load(tmp_path / "params.yaml")
