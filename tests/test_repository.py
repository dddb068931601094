"""The files that a public repository has: they agree with each other and with the catalogue, and the action works."""

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bakeoff.data.sources.catalogue import SOURCES, Packaged

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SAME = "dvc.lock: the same bytes"


def read(path: str) -> Any:
    return YAML(typ="safe").load((ROOT / path).read_text(encoding="utf-8"))


def test_the_citation_names_the_project_as_its_metadata_do() -> None:
    citation = read("CITATION.cff")
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]
    assert set(PROJECT["license-files"]) <= {path.name for path in ROOT.iterdir()}


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert PROJECT["version"] in versions[:2]  # or above it what is not released


def test_each_data_set_has_its_licence() -> None:
    """One row a data set, as the catalogue has it; those inside packages first, with the package."""
    text = (ROOT / "DATA_LICENSES.md").read_text(encoding="utf-8")
    listed = [line.split(" | ") for line in re.findall(r"^\| (`.*) \|$", text, re.MULTILINE)]
    expected = []
    for name, source in SOURCES.items():
        packages = {file.distribution for file in source.files.values() if isinstance(file, Packaged)}
        expected.append([f"`{name}`", *packages, source.title, source.licence, source.citation])
    assert sorted(listed) == sorted(expected)


def test_the_hooks_run_what_make_check_runs() -> None:
    hooks = [hook for repo in read(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    run = {" ".join(word for word in hook["entry"].split() if not word.startswith("--")) for hook in hooks}
    assert run == {".venv/bin/ruff format", ".venv/bin/ruff check", ".venv/bin/mypy"}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipes = dict(re.findall(r"^(check|lint|types):.*\n((?:\t.*\n)*)", makefile, re.MULTILINE))
    assert re.search(r"^check: lint types  ##", makefile, re.MULTILINE)
    assert recipes == {"check": "", "lint": "\truff format --check .\n\truff check .\n", "types": "\tmypy\n"}
    assert all(hook["language"] == "system" for hook in hooks), "the versions are those of requirements.lock"


def test_the_workflow_runs_the_two_commands() -> None:
    jobs = read(".github/workflows/ci.yml")["jobs"].values()
    assert {"make repro", "make test"} <= {step.get("run") for job in jobs for step in job["steps"]}


@pytest.mark.parametrize(
    ("printed", "status", "strict", "expected"),
    [
        (SAME, 0, "true", 0),
        ("warning: models/a.json: 1 committed, 2 now", 0, "true", 1),
        ("warning: models/a.json: 1 committed, 2 now", 0, "false", 0),
        ("error: dvc.lock: 1 differences from the committed one", 2, "false", 2),
        ("nothing", 0, "true", 1),
    ],
    ids=["same", "differs", "differs, another processor allowed", "differs on the recorded processor", "says nothing"],
)
def test_the_action_fails_when_a_result_moves(
    printed: str, status: int, strict: str, expected: int, tmp_path: Path
) -> None:
    """A `make` of the test's own says what `bakeoff verify` would."""
    (step,) = [step for step in read(".github/actions/verify/action.yml")["runs"]["steps"] if "run" in step]
    make = tmp_path / "make"
    make.write_text(f'#!/bin/sh\necho "$1" > target\necho "{printed}"\nexit {status}\n', encoding="utf-8")
    make.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "RUNNER_TEMP": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-c", step["run"]],
        cwd=tmp_path,
        env=environment | {"SERIAL": "true", "STRICT": strict},
        capture_output=True,
        text=True,
    )
    assert done.returncode == expected
    assert (tmp_path / "target").read_text(encoding="utf-8") == "verify-serial\n"
    assert ("::warning::models/a.json" in done.stdout) == printed.startswith("warning")


def test_verify_says_what_the_action_looks_for() -> None:
    (step,) = [step for step in read(".github/actions/verify/action.yml")["runs"]["steps"] if "run" in step]
    assert f"'{SAME}'" in step["run"]
    assert 'print(f"{LOCK}: the same bytes")' in (ROOT / "src/bakeoff/harness/verify.py").read_text("utf-8")


def test_no_pattern_has_a_possessive_quantifier_behind_a_group() -> None:
    """Before Python 3.11.5 such a pattern may miss what it should match (python/cpython 106052)."""
    behind_a_group = re.compile(r"(?<!\\)\)(?:[*+?]|\{[0-9,]+\})\+")
    assert behind_a_group.search(r"(?:a|b)*+") and not behind_a_group.search(r"\)?+")
    for file in [*(ROOT / "src").rglob("*.py"), *(ROOT / "pipeline").glob("*.py")]:
        assert not behind_a_group.search(file.read_text(encoding="utf-8")), file
