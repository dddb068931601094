"""Spares DVC the locks on files that it already holds: it rewrites its list of readers and writers eight times a stage.

What asks for a lock runs inside a function of DVC that holds it: `reproduce` has the dependencies and outputs of the
stage, and `changed`, `changed_deps`, `run` and others ask for them again.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from dvc import rwlock as module


class Held(NamedTuple):
    """The files of a lock.

    Attributes:
        folder: of DVC's list; each project has its own.
    """

    folder: str
    read: frozenset[str]
    written: frozenset[str]

    def covers(self, other: "Held") -> bool:
        """Return whether this lock keeps out all that the other does; who may write a file may read it."""
        within = other.read <= self.read | self.written and other.written <= self.written
        return within and other.folder == self.folder


in_dvc = module.rwlock

_held: list[Held] = []


@contextmanager
def rwlock(
    tmp_dir: str, fs: Any, cmd: str, read: Iterable[str], write: Iterable[str], hardlink: bool
) -> Iterator[None]:
    """Hold files as `dvc.rwlock.rwlock` does."""
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
    """Put `rwlock` in the place of DVC's function, which is imported anew at each call."""
    module.rwlock = rwlock
