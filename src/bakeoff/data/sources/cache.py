"""The folder in which what was fetched and unpacked is kept."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bakeoff.base.settings import BadInput


def folder() -> Path:
    """$BAKEOFF_CACHE, else bakeoff/ in $XDG_CACHE_HOME, else in ~/.cache."""
    if own := os.environ.get("BAKEOFF_CACHE"):
        return Path(own).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "bakeoff"


@contextmanager
def making(path: Path) -> Iterator[None]:
    """Hold a path of the cache for this process alone while it is made: stages run side by side and want one file.

    The system lets go of the lock when its holder ends, however it ends.

    Raises:
        BadInput: the folder cannot be written to, or is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(f"{path.name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
    except OSError as error:
        place = error.filename or path.parent
        raise BadInput(
            f"{place}: the cache cannot be written: {error.strerror or error}; correct that, or set BAKEOFF_CACHE to "
            "another folder"
        ) from None
