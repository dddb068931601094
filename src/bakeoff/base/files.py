"""Atomic writes: a file is complete, or not there."""

import os
from collections.abc import Callable
from pathlib import Path

PARTIAL = ".partial-"  # begins the name of a file that is being written; .gitignore and .dvcignore name it too


def partial(path: Path | str) -> Path:
    """Return the temporary path, in the same folder, under which `path` is written."""
    return Path(path).with_name(PARTIAL + Path(path).name)


def write_synced(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` to create a file, and return when it is on the disk; it is removed after an OSError."""
    try:
        write(path)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name, then replace the old one atomically."""
    written = partial(path)
    write_synced(written, write)
    written.replace(path)
