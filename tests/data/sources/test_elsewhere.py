"""Own data that are missing because this folder is another one of the same repository."""

from pathlib import Path

import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.sources.find import local

SOURCE = "data/raw/table/my.csv"


def missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(folder)
    with pytest.raises(BadInput) as raised:
        local(SOURCE, "table")
    return str(raised.value)


def test_in_the_project_itself_there_is_nothing_more_to_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    assert missing(tmp_path, monkeypatch).endswith("name there, or change data.table.source")


@pytest.mark.parametrize("folder", [".dvc/tmp/exps/standalone/tmpab_c", ".dvc/tmp/exps/tmpx"])
def test_in_an_experiment_of_dvcs(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"in the project's folder `dvc add {SOURCE}`, then `git add " in missing(tmp_path / folder, monkeypatch)


def test_in_a_worktree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").write_text("gitdir: /elsewhere\n")
    assert f"`dvc add {SOURCE}`" in missing(tmp_path, monkeypatch)


def test_where_dvc_tracks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"{SOURCE}.dvc"
    path.parent.mkdir(parents=True)
    path.touch()
    assert f"`dvc checkout {SOURCE}.dvc` restores it" in missing(tmp_path, monkeypatch)
