"""What git holds and what it ignores, as the engines need it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from dvc.repo import Repo
from dvc.repo.index import collect_files
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]


def ignored(path: str) -> bool:
    return subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT).returncode == 0


def test_a_fresh_clone_tracks_its_runs() -> None:
    """`track` fills a store that git does not hold: a stage whose outputs are all in git would have nothing to do."""
    stage = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["track"]
    outputs = [name for out in stage["outs"] for name in out]
    listed = subprocess.run(["git", "ls-files", *outputs], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert outputs and listed == "" and all(map(ignored, outputs))


@pytest.mark.parametrize("kind", ["corpus", "table", "images", "scans", "penguins"])
def test_own_data_are_ignored_but_for_what_dvc_notes_of_them(kind: str) -> None:
    for name in ("my.csv", "folder/my.csv", ".gitignore"):
        assert ignored(f"data/raw/{kind}/{name}")
    assert ignored(f"data/{kind}/made.npz")
    for name in (".gitkeep", "my.csv.dvc", "folder.dvc"):
        assert not ignored(f"data/raw/{kind}/{name}")


def test_dvc_sees_the_own_data_that_it_tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads .gitignore by rules of its own, and passes over folders that it takes for ignored.

    Experiments in folders of their own, other worktrees and clones get own data from there.
    """
    for name in (".gitignore", ".dvcignore", ".dvc/config"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    notes = [tmp_path / f"data/raw/{kind}/my.csv.dvc" for kind in ("corpus", "table", "images", "scans", "penguins")]
    for path in notes:
        path.parent.mkdir(parents=True)
        path.write_text(f"outs: [{{md5: '{'ab' * 16}', path: my.csv}}]\n", encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    for name in ("DVC_SITE_CACHE_DIR", "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "private" / name))
    with Repo(str(tmp_path)) as repo:
        found = {path for path, _ in collect_files(repo)}
    assert found == set(map(str, notes))


@pytest.mark.parametrize("path", ["src/bakeoff/harness/stage.py", "Snakefile", "params.yaml", "dvc.lock", "Makefile"])
def test_sources_have_the_same_bytes_in_every_clone(path: str) -> None:
    command = ["git", "check-attr", "eol", "--", path]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said == f"{path}: eol: lf\n"


@pytest.mark.parametrize("path", ["reports/report.md", "reports/figures/x.png", "data/raw/table/my.csv"])
def test_results_and_own_data_are_left_as_they_are(path: str) -> None:
    command = ["git", "check-attr", "text", "--", path]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said == f"{path}: text: unset\n"
