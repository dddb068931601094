import json
from pathlib import Path

import pytest

from bakeoff import verify
from bakeoff.machine import processor
from bakeoff.settings import BadInput

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
    assert capsys.readouterr().out == "dvc.lock: the same to the byte\n"


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
