"""A stage's lines in dvc.lock are replaced to the bytes that DVC writes."""

import math
import re
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dvc.dvcfile import Lockfile
from dvc.stage import serialize
from dvc.utils.serialize import _yaml

from bakeoff.harness import lock_entries, lock_parser

LOCK = Path(__file__).parents[2] / "dvc.lock"
MD5 = "0123456789abcdef0123456789abcdef"


def first_of_each_kind() -> str:
    """Return dvc.lock with one entry for each stage of dvc.yaml, but for the longest."""
    head, *parts = re.split(r"^(?=  \S.*:\n)", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    kinds = {part.strip().partition(":")[0].partition("@")[0]: part for part in reversed(parts) if len(part) < 1500}
    return head + "".join(kinds.values())


REAL = first_of_each_kind()
NAMES = re.findall(r"^  (\S.*):$", REAL, re.MULTILINE)


def entry(name: str, **params: Any) -> dict[str, Any]:
    """Return an entry as `dvc.stage.serialize.to_lockfile` makes it."""
    outs = [{"path": "models/a.json", "hash": "md5", "md5": MD5, "size": 7}]
    values = {"params.yaml": OrderedDict(sorted(params.items()))}
    return {name: OrderedDict([("cmd", f"python -m pipeline.{name}"), ("params", values), ("outs", outs)])}


class Project:
    """A folder with a dvc.lock, into which entries are recorded."""

    def __init__(self, folder: Path, lock: str | None) -> None:
        folder.mkdir()
        self.path = folder / "dvc.lock"
        if lock is not None:
            self.path.write_bytes(lock.encode())
        self.tracked: list[str] = []
        context = SimpleNamespace(track_file=self.tracked.append)
        repo = SimpleNamespace(fs=None, root_dir=str(folder), scm_context=context)
        self.file = SimpleNamespace(path=str(self.path), relpath="dvc.lock", repo=repo)

    def record(self, function: Any, entries: list[dict[str, Any]]) -> None:
        function(self.file, [SimpleNamespace(name=next(iter(entry)), entry=entry) for entry in entries])

    @property
    def state(self) -> tuple[bytes | None, list[str]]:
        return self.path.read_bytes() if self.path.exists() else None, self.tracked


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let entries stand for the stages that have them."""
    monkeypatch.setattr(serialize, "to_lockfile", lambda stage: stage.entry)


@pytest.fixture
def never_in_dvc(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise AssertionError("DVC's own function was called")

    monkeypatch.setattr(lock_entries, "in_dvc", refused)


def both(folder: Path, lock: str | None, *records: list[dict[str, Any]]) -> Iterator[tuple[Any, Any]]:
    """Yield what is written after each record, by this project and by DVC."""
    own, dvcs = Project(folder / "own", lock), Project(folder / "dvc", lock)
    for entries in records:
        own.record(lock_entries.dump_stages, entries)
        dvcs.record(Lockfile.dump_stages, entries)
        yield own.state, dvcs.state


def parsed(lock: str) -> Any:
    return _yaml.parse_yaml(lock, "dvc.lock")["stages"]


@pytest.mark.usefixtures("never_in_dvc")
def test_entries_of_the_projects_lock_are_replaced(tmp_path: Path) -> None:
    stages = parsed(REAL)
    records = []
    for name in NAMES[:4]:
        stages[name]["outs"][0]["md5"] = MD5
        records.append([{name: stages[name]}])
    for own, dvcs in both(tmp_path, REAL, *records, [entry("new", rate=1.0e-3)], [entry("new", rate=1)]):
        assert own == dvcs
        assert MD5.encode() in own[0]


@pytest.mark.usefixtures("never_in_dvc")
def test_an_equal_entry_is_no_change(tmp_path: Path) -> None:
    stages = parsed(REAL)
    for own, dvcs in both(tmp_path, REAL, [{name: stages[name]} for name in NAMES[:3]]):
        assert own == dvcs == (REAL.encode(), [])


VALUES = {
    "small": 1.0e-10,
    "whole": 1.0,
    "infinite": math.inf,
    "none": None,
    "yes": True,
    "integer": -7,
    "large": 10**20,
    "empty": "",
    "long": "word " * 40,
    "unbroken": "x" * 200,
    "lines": "one\ntwo\n\nfour\n",
    "spaces": "  a  ",
    "accents": "é 日本",
    "colon": "a: b",
    "quotes": 'it\'s "so"',
    "text_number": "1e3",
    "text_bool": "on",
    "text_null": "~",
    "date": "2026-01-02",
    "dash": "- a",
    "question": "? a",
    "escape": "a\tb\x07",
    "tab_lines": "a\n\tb",
    "list": [1, "a", [2.5, []]],
    "map": {"b": 1, "a": {"c": {}}},
    "maps": [{"a": 1, "b": [1]}, {}],
    "comment": "#1f77b4",
    "anchor": "&a",
    "alias": "*a",
    "tag": "!a",
    "percent": "50 %",
    "brace": "{a}",
    "trailing": "a\n\n\n",
    "document": "---\na",
    "end": "...",
    "carriage": "a\rb",
    "next_line": "a\x85b",
    "bom": "\ufeffa",
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_any_value_is_written_as_dvc_writes_it(tmp_path: Path, value: Any) -> None:
    records = [
        [entry("first", a=value)],
        [entry("second", a=1)],
        [entry("first", a=value, b=2)],
        [entry("second", a=3)],
    ]
    for own, dvcs in both(tmp_path, f"schema: '2.0'\nstages:\n{lock_entries.block(entry('zero', x=1))}", *records):
        assert own == dvcs


KEYS = [
    "a b",
    "x: y",
    "123",
    "null",
    "é",
    "-",
    "- x",
    "a#b",
    "'q'",
    "k" * 130,
    "? x",
    "[a]",
    "",
    " a",
    "a:",
    "true",
    "@a",
]


@pytest.mark.parametrize("name", KEYS)
def test_any_name_is_written_as_dvc_writes_it(tmp_path: Path, name: str) -> None:
    records = [[entry(name, a=1)], [entry("other", a=1)], [entry(name, a=2)], [entry("other", **{name: 2})]]
    for own, dvcs in both(tmp_path, f"schema: '2.0'\nstages:\n{lock_entries.block(entry('zero', x=1))}", *records):
        assert own == dvcs


def test_one_object_in_two_places_is_written_as_dvc_writes_it(tmp_path: Path) -> None:
    shared = {"rate": 1}
    other = {"rate": 2}
    twice = [[entry("a", x=shared, y=shared)], [entry("b", x=other, y=other)], [entry("c", z=1)], [entry("a", x=2)]]
    for own, dvcs in both(tmp_path, f"{lock_entries.HEAD}{A}{B}", *twice):
        assert own == dvcs


A, B = (lock_entries.block({name: {"cmd": f"echo {name}"}}) or "" for name in "ab")
ODD = {
    "missing": None,
    "empty": "",
    "no stages": "schema: '2.0'\n",
    "empty stages": "schema: '2.0'\nstages: {}\n",
    "comment": f"{lock_entries.HEAD}# mine\n{A}{B}",
    "comment in an entry": f"{lock_entries.HEAD}{A}    # mine\n{B}",
    "blank line": f"{lock_entries.HEAD}{A}\n{B}",
    "blank line at the end": f"{lock_entries.HEAD}{A}{B}\n\n",
    "indented by four": "schema: '2.0'\nstages:\n    a:\n        cmd: echo a\n",
    "other quotes": f'schema: "2.0"\nstages:\n{A}',
    "quoted value": f'{lock_entries.HEAD}  a:\n    cmd: "echo a"\n{B}',
    "flow style": f"{lock_entries.HEAD}  a: {{cmd: echo a}}\n{B}",
    "list style": f"{lock_entries.HEAD}  a:\n    cmd: echo a\n    deps: [x]\n{B}",
    "anchors": f"{lock_entries.HEAD}  a: &x\n    cmd: echo a\n  c: *x\n{B}",
    "data sets after": f"{lock_entries.HEAD}{A}{B}datasets:\n- name: a\n",
    "data sets before": f"schema: '2.0'\ndatasets:\n- name: a\nstages:\n{A}{B}",
    "stages first": f"stages:\n{A}schema: '2.0'\n",
    "carriage returns": f"{lock_entries.HEAD}{A}{B}".replace("\n", "\r\n"),
    "no end of line": f"{lock_entries.HEAD}{A}{B}".rstrip("\n"),
    "start of document": f"---\n{lock_entries.HEAD}{A}{B}",
    "directive": f"%YAML 1.2\n---\n{lock_entries.HEAD}{A}{B}",
    "folded": f"{lock_entries.HEAD}  a:\n    cmd: >\n      echo\n      a\n{B}",
    "literal": f"{lock_entries.HEAD}  a:\n    cmd: |\n      echo\n\n      a\n{B}",
    "octal": f"{lock_entries.HEAD}  a:\n    cmd: 0o17\n{B}",
    "float": f"{lock_entries.HEAD}  a:\n    cmd: 1e3\n{B}",
    "comment in what is replaced": f"{lock_entries.HEAD}{A}  b:\n    cmd: echo b  # mine\n    # and mine\n",
    "comment before what is replaced": f"{lock_entries.HEAD}{A}    # mine\n{B}",
    "name in the text": f"{lock_entries.HEAD}  c:\n    cmd: |-\n      b:\n        cmd: x\n{A}{B}",
}


@pytest.mark.parametrize("lock", ODD.values(), ids=ODD)
@pytest.mark.parametrize("name", ["b", "d"])
def test_an_odd_lock_is_written_as_dvc_writes_it(tmp_path: Path, lock: str | None, name: str) -> None:
    records = [[entry(name, a=1)], [entry("b", a=2), entry("e", a=1)], [entry(name, a=3)]]
    for own, dvcs in both(tmp_path, lock, *records):
        assert own == dvcs


@pytest.mark.parametrize(
    "lock", [b"stages: [", b"a: 1\na: 2\n", b"\xff\xfe", lock_entries.HEAD.encode() + b"  a:\n    b: [\n"]
)
def test_a_damaged_lock_is_refused_as_dvc_refuses_it(tmp_path: Path, lock: bytes) -> None:
    said = []
    for name, function in (("of-us", lock_entries.dump_stages), ("of-them", Lockfile.dump_stages)):
        project = Project(tmp_path / name, "")
        project.path.write_bytes(lock)
        with pytest.raises(Exception) as refused:
            project.record(function, [entry("a")])
        assert project.path.read_bytes() == lock
        said.append((type(refused.value), str(refused.value).replace(name, "")))
    assert said[0] == said[1]


def test_the_layout_is_checked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path / "own", REAL)
    project.record(lock_entries.dump_stages, [entry("a", x=1)])
    read: list[int] = []
    monkeypatch.setattr(
        lock_parser, "parse", lambda text, path: read.append(len(text)) or lock_parser.in_python(text, path)
    )
    project.record(lock_entries.dump_stages, [entry("a", x=2)])
    assert sum(read) < 2000
    project.path.write_text(project.path.read_text().replace(MD5, MD5[::-1]))
    project.record(lock_entries.dump_stages, [entry("a", x=3)])
    assert max(read) > len(REAL)
