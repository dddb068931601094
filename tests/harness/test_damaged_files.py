"""Files that a merge, a kill or a full disk damaged are told in one line with the way out."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bakeoff.base import record
from bakeoff.base.settings import BadInput
from bakeoff.commands import doctor
from bakeoff.harness import dvc_graph, lockfile

WHOLE = """schema: '2.0'
stages:
  train:
    cmd: python train.py
    outs:
    - path: out.txt
      hash: md5
      md5: 0123456789abcdef0123456789abcdef
      size: 3
"""
MERGED = WHOLE.replace("    cmd: python train.py\n", "<<<<<<< HEAD\n    cmd: a\n=======\n    cmd: b\n>>>>>>> other\n")
RWLOCK = '{"write": {"out.txt": {"pid": 1, "cmd": "dvc repro"}}, "read": {}}'
RECORD = """{"stage": "s", "task": "t", "digest": "r", "settings": {}, "data": {}, "code": "c", "runs": []}"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    return tmp_path


DAMAGES = [
    ("dvc.lock", MERGED, "dvc.lock: line 4 is a conflict marker of a merge; take one side"),
    ("dvc.lock", "<<<<<<< HEAD\n" + WHOLE, "dvc.lock: line 1 is a conflict marker"),
    ("dvc.lock", "", "dvc.lock: is truncated or was not written by DVC; `bakeoff tidy` repairs it"),
    ("dvc.lock", WHOLE[:60], "dvc.lock: is truncated"),
    ("dvc.lock", "\x00" * 100, "dvc.lock: is truncated"),
    ("dvc.lock", "- a\n- b\n", "dvc.lock: is truncated"),
    (".dvc/tmp/rwlock", "", ".dvc/tmp/rwlock: is truncated, because DVC was killed; `bakeoff tidy` repairs it, or: rm"),
    (".dvc/tmp/rwlock", RWLOCK[:30], ".dvc/tmp/rwlock: is truncated"),
    (".dvc/tmp/rwlock", "[]", ".dvc/tmp/rwlock: is truncated"),
    (".dvc/tmp/rwlock", '{"read": {"a": [1]}}', ".dvc/tmp/rwlock: is truncated"),
]


@pytest.mark.parametrize(("file", "content", "said"), DAMAGES)
def test_a_damaged_lock_is_told_by_doctor_and_by_whatever_reads_the_graph(
    file: str, content: str, said: str, project: Path
) -> None:
    (project / file).write_text(content)
    assert (lockfile.fault() or "").startswith(said)
    (finding,) = doctor.lock()
    assert not finding.well
    assert finding.remedy
    for read in (dvc_graph.load, dvc_graph.order, lambda: list(dvc_graph.prune())):
        with pytest.raises(BadInput) as refused:
            read()
        assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("file", "content"), [("dvc.lock", WHOLE), (".dvc/tmp/rwlock", RWLOCK), (".dvc/tmp/rwlock", "{}")]
)
def test_a_whole_lock_is_let_pass(file: str, content: str, project: Path) -> None:
    (project / file).write_text(content)
    assert lockfile.fault() is None
    assert all(finding.well for finding in doctor.lock())


@pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # of DVC's use of pygtrie
def test_a_run_that_is_at_work_is_named_with_the_way_out(project: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], check=True)
    (project / ".dvc/config").touch()
    (project / "dvc.yaml").write_text("stages:\n  train:\n    cmd: touch out.txt\n    outs: [out.txt]\n")
    writer = {"pid": os.getpid(), "cmd": "dvc repro"}  # any process that is alive
    (project / ".dvc/tmp/rwlock").write_text(json.dumps({"write": {str(project / "out.txt"): writer}, "read": {}}))
    with pytest.raises(BadInput) as refused:
        dvc_graph.load()
    said = f"another run (process {os.getpid()}) is running in this folder; wait until it has ended, then run the same"
    assert str(refused.value) == f"{said} command again"


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "content", ["", RECORD[:40], "[]", "{}", "null", "\xff", '{"runs": 3}', RECORD.replace('"s"', "")]
)
def test_a_cut_record_is_told_with_the_way_out(content: str) -> None:
    path = Path("reports/records/images/cnn-adam.json")
    path.parent.mkdir(parents=True)
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(BadInput, match=rf"^{path}: is .*`dvc checkout {path}` restores it, or: rm {path}"):
        record.read(path)
    assert [finding.well for finding in doctor.records()] == [False, True]
    path.write_text(RECORD)
    assert record.read(path).stage == "s"
    assert all(finding.well for finding in doctor.records())


@pytest.mark.parametrize("content", [b"x" * 5000, b"SQLite format 3\x00" + b"\x00" * 84])
def test_a_store_that_is_no_database_is_told(content: bytes, project: Path) -> None:
    (project / "mlflow.db").write_bytes(content)
    assert [finding.thing for finding in doctor.stores() if not finding.well] == ["MLflow"]


def test_a_store_that_is_a_database_is_well(project: Path) -> None:
    with sqlite3.connect(project / "mlflow.db") as connection:
        connection.execute("CREATE TABLE a (b)")
    connection.close()
    assert all(finding.well for finding in doctor.stores())


@pytest.mark.parametrize(("place", "well"), [("{prefix}", True), ("/gone/project/.venv", False)])
def test_an_environment_that_was_moved_is_told(
    place: str, well: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/dvc").write_text(f"#!{place.replace('{prefix}', str(tmp_path))}/bin/python\n")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    findings = list(doctor.moved())
    assert (findings == []) == well
    assert all(finding.remedy == "make clean repro" for finding in findings)


@pytest.mark.parametrize("target", ["repro", "serial", "deps"])
def test_make_stops_where_the_environment_was_moved(target: str, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_bytes((Path(__file__).parents[2] / "Makefile").read_bytes())
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/activate").write_text('VIRTUAL_ENV="/gone/project/.venv"\n')
    for name in ("requirements.lock", "pyproject.toml", ".venv/.ready"):
        (tmp_path / name).touch()
    done = subprocess.run(["make", target], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    said = "error: .venv was created in another folder, and its commands refer to that folder; run make clean repro"
    assert done.stderr.splitlines()[0] == said
