"""The lock names everything that an installation needs, each by the hashes of its files."""

import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bakeoff.base.machine import PINNED

LOCK = Path(__file__).parents[1] / "requirements.lock"
TEXT = LOCK.read_text(encoding="utf-8")
APART = {"torch", "bakeoff"}  # installed beside the lock: torch before, the project after


def locked() -> set[str]:
    return {canonicalize_name(name) for name, _ in PINNED.findall(TEXT)}


def required(package: str, platform: str) -> Iterator[str]:
    """What a package needs on a platform, by name; without its extras."""
    environment = {**default_environment(), "sys_platform": platform, "extra": ""}
    environment["platform_system"] = {"linux": "Linux", "darwin": "Darwin"}[platform]
    for line in importlib.metadata.requires(package) or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({k: str(v) for k, v in environment.items()}):
            yield canonicalize_name(requirement.name)


def test_every_version_has_the_hash_of_each_of_its_files() -> None:
    entries = re.split(r"^(?=[\w.-]+==)", TEXT, flags=re.MULTILINE)[1:]
    assert len(entries) == len(locked()) > 100
    for entry in entries:
        first, *hashes = entry.rstrip("\n").split(" \\\n    ")
        assert PINNED.fullmatch(first), first
        assert hashes and all(re.fullmatch("--hash=sha256:[0-9a-f]{64}", one) for one in hashes), first


def test_nothing_but_versions_hashes_and_remarks_stands_there() -> None:
    """No address of an index: which one serves the files does not matter: the hashes say what they are."""
    lines = TEXT.splitlines()
    assert all(re.match(r"#|[\w.-]+==\S+ \\$|    --hash=sha256:", line) for line in lines)
    assert "://" not in TEXT and "torch" not in locked()


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_nothing_that_a_locked_package_needs_is_missing(platform: str) -> None:
    """With hashes required, pip adds nothing by itself."""
    missing = {
        f"{needed}, by {name}" for name in locked() for needed in required(name, platform) if needed not in locked()
    }
    assert {one for one in missing if one.split(",")[0] not in APART | {"setuptools"}} == set()


def test_what_the_project_itself_asks_for_is_locked() -> None:
    asked = {canonicalize_name(Requirement(line).name) for line in importlib.metadata.requires("bakeoff") or []}
    assert len(asked) > 30
    assert asked - locked() == {"torch"}
