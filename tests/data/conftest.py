"""A project in a folder of its own, in which the data stages run for real on what a test puts there."""

import os
import subprocess
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
OLD = b"what stood there before"


@dataclass(frozen=True)
class Project:
    """Params.yaml as it ships, the real stages, and an empty data/raw/.

    Attributes:
        python: runs modules of the project, see tests/preloaded.py.
        outputs: of the stages that a test asks to refuse something; each holds OLD beforehand.
    """

    root: Path
    python: Any

    def set(self, **sections: Any) -> None:
        """Replace sections of params.yaml, keys with `__` for dots: `data__corpus__source="…"`."""
        path = self.root / "params.yaml"
        document = deepcopy(parsed(path.read_text(encoding="utf-8")))
        for key, value in sections.items():
            *way, last = key.split("__")
            at = document
            for name in way:
                at = at[name]
            at[last] = value
        with path.open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump(document, file)

    def put(self, path: str, content: bytes | str) -> Path:
        """A file under the project's root."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def run(self, stage: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`python -m pipeline.STAGE ARGUMENT...` there."""
        return self.python.run(
            f"pipeline.{stage}",
            *arguments,
            cwd=self.root,
            env=os.environ | {"BAKEOFF_CACHE": str(self.root / "cache")} | environment,
        )

    def refusal(self, stage: str, *outputs: str, **environment: str) -> str:
        """The one line with which a stage refuses its input: status 2, no other line, old outputs untouched."""
        for output in outputs:
            self.put(output, OLD)
        ended = self.run(stage, **environment)
        assert ended.returncode == 2, ended.stderr
        assert ended.stderr.startswith("error: ") and ended.stderr.count("\n") == 1, ended.stderr
        for output in outputs:
            path = self.root / output
            assert path.read_bytes() == OLD
            assert not list(path.parent.glob(".partial-*"))
        return ended.stderr.removeprefix("error: ").rstrip("\n")


@cache
def parsed(text: str) -> dict[str, Any]:
    """A document of YAML, not to be changed; the one that ships is read once."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return document


@pytest.fixture
def project(tmp_path: Path, preloaded_python: Any) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    for folder in ("src", "pipeline"):
        (root / folder).symlink_to(ROOT / folder)
    (root / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    for kind in ("corpus", "table", "images", "scans"):
        (root / "data/raw" / kind).mkdir(parents=True)
    return Project(root, preloaded_python)
