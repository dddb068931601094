"""DVC's functions are replaced only where they are those that were tested, and only in a process that asks for it."""

from importlib.metadata import version
from pathlib import Path

import dvc
import pytest
from dvc import dvcfile, rwlock
from dvc.dependency import param
from dvc.utils import serialize, strictyaml
from dvc.utils.serialize import _yaml

from bakeoff.harness import faster_dvc

PLACES = [
    (_yaml, "parse_yaml"),
    (_yaml, "parse_yaml_for_update"),
    (serialize, "parse_yaml"),
    (strictyaml, "parse_yaml"),
    (param, "read_param_file"),
    (dvcfile.Lockfile, "dump_stages"),
    (rwlock, "rwlock"),
]


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put DVC's functions back after each test."""
    for owner, name in PLACES:
        monkeypatch.setattr(owner, name, getattr(owner, name))


def replaced() -> set[bool]:
    return {getattr(owner, name).__module__.startswith("bakeoff.") for owner, name in PLACES}


def test_what_is_installed_is_what_was_tested() -> None:
    assert faster_dvc.difference() is None


def test_importing_the_modules_replaces_nothing() -> None:
    from bakeoff.harness import lock_entries, lock_parser, nested_locks, params_lookup  # noqa: F401

    assert replaced() == {False}


def test_all_functions_are_replaced() -> None:
    assert faster_dvc.install() is None
    assert replaced() == {True}


@pytest.mark.parametrize("package", faster_dvc.TESTED)
def test_another_version_is_left_as_it_is(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(faster_dvc.TESTED, package, "1.2.3")
    said = faster_dvc.install()
    assert said is not None and said.endswith(f"slower: {package} is {version(package)}, and 1.2.3 was tested")
    assert replaced() == {False}


def test_without_one_of_the_packages_dvc_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(faster_dvc.TESTED, "no-such-package", "1.2.3")
    assert str(faster_dvc.install()).endswith("no-such-package is not installed, and 1.2.3 was tested")
    assert replaced() == {False}


@pytest.mark.parametrize("name", faster_dvc.CODE)
def test_changed_code_is_left_as_it_is(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in faster_dvc.CODE:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes((Path(dvc.__file__).parent / path).read_bytes())
    monkeypatch.setattr(dvc, "__file__", str(tmp_path / "__init__.py"))
    assert faster_dvc.difference() is None
    with (tmp_path / name).open("a") as file:
        file.write("\n")
    assert faster_dvc.install() == (
        f"using DVC's own functions for dvc.lock, which are slower: dvc/{name} is not that of DVC 3.67.1"
    )
    assert replaced() == {False}
