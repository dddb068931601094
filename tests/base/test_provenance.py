import subprocess
from pathlib import Path

import pytest

from bakeoff.base import provenance
from bakeoff.base.files import PARTIAL

PROJECT = {
    "pipeline/__init__.py": "import bakeoff.base.reproducible\n",
    "pipeline/train.py": "from bakeoff.harness.stage import run\n\ndef main():\n    from bakeoff.networks import cnn\n",
    "src/bakeoff/__init__.py": "",
    "src/bakeoff/base/reproducible.py": "import os\n",
    "src/bakeoff/harness/stage.py": (
        "import json\nfrom bakeoff.harness.params import check\nimport bakeoff.base.record as record\n"
    ),
    "src/bakeoff/base/record.py": "import hashlib\n",
    "src/bakeoff/harness/params.py": "import bakeoff.unrelated\n",
    "src/bakeoff/unrelated.py": "x = 1\n",
    "src/bakeoff/networks/__init__.py": "",
    "src/bakeoff/networks/cnn.py": "import torch\n",
}

SCRIPT = Path("pipeline/train.py")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in PROJECT.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_script_is_made_of_what_it_imports_near_and_far(project: Path) -> None:
    assert [path.as_posix() for path in provenance.sources(SCRIPT, project)] == [
        "pipeline/__init__.py",
        "pipeline/train.py",
        "src/bakeoff/base/record.py",
        "src/bakeoff/base/reproducible.py",
        "src/bakeoff/harness/stage.py",
        "src/bakeoff/networks/cnn.py",  # imported inside a function
    ]  # and not params.py, the gate, nor what only the gate imports


def test_a_digest_names_each_file_and_its_hash(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    (project / "pipeline/digest_code.py").write_text("")
    assert provenance.scripts() == ["train"]
    lines = provenance.digests("train").splitlines()
    assert [line.partition("  ")[2] for line in lines] == [path.as_posix() for path in provenance.sources(SCRIPT)]
    checked = subprocess.run(["sha256sum", "--check", "--strict"], input=provenance.digests("train"), text=True)
    assert checked.returncode == 0


def test_a_relative_import_is_refused_for_it_would_hide_a_dependency(project: Path) -> None:
    (project / "src/bakeoff/base/record.py").write_text("from . import unrelated\n")
    with pytest.raises(ValueError, match=r"record\.py:1: relative import"):
        provenance.sources(SCRIPT, project)


def test_a_folders_hash_knows_names_and_bytes_and_no_partial_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    hashes = [provenance.sha256(tmp_path)]
    (tmp_path / f"{PARTIAL}b").write_text("2")
    hashes.append(provenance.sha256(tmp_path))
    (tmp_path / "a").rename(tmp_path / "b")
    hashes.append(provenance.sha256(tmp_path))
    (tmp_path / "b").write_text("2")
    hashes.append(provenance.sha256(tmp_path))
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
