"""Skips locks on files that DVC already holds. DVC rewrites its list of readers and writers eight times per stage.

The locks are nested: `reproduce` locks the dependencies and outputs of the stage, and `changed`, `changed_deps`, `run`
and others, which it calls, lock them again.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from dvc import rwlock as module


class Held(NamedTuple):
    """The files of a lock.

    Attributes:
        folder: the folder of DVC's list; each project has its own.
    """

    folder: str
    read: frozenset[str]
    written: frozenset[str]

    def covers(self, other: "Held") -> bool:
        """Return whether this lock includes the other one; a write lock includes a read lock."""
        within = other.read <= self.read | self.written and other.written <= self.written
        return within and other.folder == self.folder


in_dvc = module.rwlock

_held: list[Held] = []


@contextmanager
def rwlock(
    tmp_dir: str, fs: Any, cmd: str, read: Iterable[str], write: Iterable[str], hardlink: bool
) -> Iterator[None]:
    """Lock files like `dvc.rwlock.rwlock`."""
    read, write = list(read), list(write)
    asked = Held(tmp_dir, frozenset(read), frozenset(write))
    if any(outer.covers(asked) for outer in _held):
        yield
        return
    with in_dvc(tmp_dir, fs, cmd, read, write, hardlink):
        _held.append(asked)
        try:
            yield
        finally:
            _held.remove(asked)


def install() -> None:
    """Replace DVC's function by `rwlock`; DVC imports it at each call."""
    module.rwlock = rwlock
