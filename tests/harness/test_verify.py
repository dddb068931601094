import json
import subprocess
from pathlib import Path

import pytest

from bakeoff.base.machine import processor
from bakeoff.base.settings import BadInput
from bakeoff.harness import verify

LOCK = """schema: '2.0'
stages:
  a:
    cmd: x
    outs:
    - {{path: out/a, hash: md5, md5: {a}, size: 1}}
  b:
    cmd: y
    deps:
    - {{path: out/a, hash: md5, md5: {a}, size: 1}}
    outs:
    - {{path: out/b, hash: md5, md5: '2', size: 1}}
"""


@pytest.fixture(autouse=True)
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says which processor made the lock; it says this one."""
    path = tmp_path / "machine.json"
    path.write_text(json.dumps({"processor": processor()}))
    monkeypatch.setattr(verify, "MACHINE", path)
    return path


def test_equal_locks_pass(capsys: pytest.CaptureFixture[str]) -> None:
    verify.compare(LOCK.format(a="'1'"), LOCK.format(a="'1'"))
    assert capsys.readouterr().out == "dvc.lock: the same bytes\n"


def test_a_difference_is_named_and_fails_on_the_same_processor(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadInput, match="1 differences"):
        verify.compare(LOCK.format(a="'1'"), LOCK.format(a="'9'"))
    assert "warning: out/a: 1 committed, 9 now" in capsys.readouterr().out


def test_a_difference_warns_on_another_processor(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded.write_text(json.dumps({"processor": "another"}))
    verify.compare(LOCK.format(a="'1'"), LOCK.format(a="'9'"))
    assert capsys.readouterr().out.count("warning") == 2


def test_another_order_is_a_difference(capsys: pytest.CaptureFixture[str]) -> None:
    lock = LOCK.format(a="'1'")
    head, a, b = lock.partition("  a:")[0], lock[lock.index("  a:") : lock.index("  b:")], lock[lock.index("  b:") :]
    with pytest.raises(BadInput):
        verify.compare(lock, head + b + a)
    assert "other commands, settings or order" in capsys.readouterr().out


def test_a_lock_without_its_processor_is_refused(recorded: Path) -> None:
    recorded.unlink()
    with pytest.raises(BadInput, match="bakeoff verify --record"):
        verify.compare(LOCK.format(a="'1'"), LOCK.format(a="'9'"))


def test_what_a_run_made_changed_or_makes_no_more_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, clone = tmp_path / "here", tmp_path / "clone"
    (here / "reports").mkdir(parents=True)
    for name in ("dvc.lock", "reports/kept", "reports/gone"):
        (here / name).write_text("old")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@localhost"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=old"]):
        subprocess.run([*git, *arguments], cwd=here, check=True)
    subprocess.run(["git", "clone", "--quiet", here, clone], check=True)
    (clone / "dvc.lock").write_text("new")
    (clone / "reports/gone").unlink()
    (clone / "reports/new").write_text("new")
    monkeypatch.chdir(here)
    verify.take(clone)
    assert {path.name: path.read_text() for path in Path("reports").iterdir()} == {"kept": "old", "new": "new"}
    assert Path("dvc.lock").read_text() == "new"
