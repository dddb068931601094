"""Files that are there whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

PARTIAL = ".partial-"  # begins the name of a file that is being written; .gitignore and .dvcignore name it too


def partial(path: Path | str) -> Path:
    """Return the name beside `path` under which it is written."""
    return Path(path).with_name(PARTIAL + Path(path).name)


def write_synced(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file, and return when it is on the disk; what was written is removed after an OSError."""
    try:
        write(path)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a partial name, then let it take the place of the one before, which stays until then."""
    written = partial(path)
    write_synced(written, write)
    written.replace(path)
