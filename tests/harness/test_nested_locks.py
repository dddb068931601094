"""A lock within a lock is taken only where it holds more; other processes see the same files held."""

import itertools
import json
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dvc.fs import localfs
from dvc.lock import LockError

from bakeoff.harness import nested_locks
from bakeoff.harness.nested_locks import in_dvc, rwlock

FILES = ["/a", "/b", "/c"]
SETS = [list(files) for length in range(3) for files in itertools.combinations(FILES, length)]


def taken(function: Any, folder: Path, read: list[str], write: list[str]) -> Any:
    return function(str(folder), localfs, "dvc repro", read, write, False)


def blocked(folder: Path) -> list[tuple[bool, bool]]:
    """Return whether another process could read and write each file."""
    found = []
    text = (folder / "rwlock").read_text().replace('"pid": ', '"pid": 1, "own": ')  # of process 1, which lives
    other = folder / "other"
    other.mkdir(exist_ok=True)
    for name in FILES:
        granted = []
        for read, write in (([name], []), ([], [name])):
            listed = json.loads(text)
            for infos in listed.values():
                for path, info in infos.items():
                    pids = [{"pid": 1, "cmd": "dvc"}]
                    infos[path] = pids if isinstance(info, list) else pids[0]
            (other / "rwlock").write_text(json.dumps(listed))
            try:
                with taken(in_dvc, other, read, write):
                    granted.append(True)
            except LockError:
                granted.append(False)
        found.append((granted[0], granted[1]))
    return found


@pytest.mark.parametrize("outer", [(["/a"], ["/b"]), (["/a", "/b"], []), ([], ["/a"]), ([], [])])
@pytest.mark.parametrize("inner", [(read, write) for read in SETS[:5] for write in SETS[:5]])
def test_others_are_kept_out_as_by_dvc(tmp_path: Path, outer: Any, inner: Any) -> None:
    seen = []
    for name, function in (("own", rwlock), ("dvc", in_dvc)):
        folder = tmp_path / name
        folder.mkdir()
        with ExitStack() as held:
            held.enter_context(taken(function, folder, *outer))
            held.enter_context(taken(function, folder, *inner))
            during = blocked(folder)
        assert not any(json.loads((folder / "rwlock").read_text()).values())
        seen.append(during)
    assert seen[0] == seen[1]
    assert nested_locks._held == []


@pytest.fixture
def edits(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Count how often DVC's list is written."""
    count = SimpleNamespace(number=0)
    edit = nested_locks.module._edit_rwlock

    def counted(*arguments: Any) -> Any:
        count.number += 1
        return edit(*arguments)

    monkeypatch.setattr(nested_locks.module, "_edit_rwlock", counted)
    return count


def test_what_is_held_is_not_taken_again(tmp_path: Path, edits: SimpleNamespace) -> None:
    with taken(rwlock, tmp_path, ["/a"], ["/b"]), taken(rwlock, tmp_path, ["/a", "/b"], []):
        with taken(rwlock, tmp_path, [], ["/b"]):
            assert edits.number == 1
        with taken(rwlock, tmp_path, [], ["/a"]):
            assert edits.number == 2
    with taken(rwlock, tmp_path, ["/a"], []):
        assert edits.number == 5


def test_another_project_has_its_own(tmp_path: Path, edits: SimpleNamespace) -> None:
    (tmp_path / "b").mkdir()
    with taken(rwlock, tmp_path, ["/a"], []), taken(rwlock, tmp_path / "b", ["/a"], []):
        assert edits.number == 2


def test_after_an_error_nothing_is_held(tmp_path: Path) -> None:
    with pytest.raises(KeyError), taken(rwlock, tmp_path, ["/a"], []), taken(rwlock, tmp_path, ["/a"], []):
        raise KeyError
    assert nested_locks._held == []
    assert not any(json.loads((tmp_path / "rwlock").read_text()).values())
