"""Errors of a full, read-only or broken disk, as one line that names the file, the cause and the remedy."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bakeoff.base import paths
from bakeoff.base.settings import BadInput

CHECKPOINTS = Path(paths.CHECKPOINTS)

AGAIN = "then run the same command again; finished trainings are kept"
FULL = f"free some space there, {AGAIN}"
FORBIDDEN = f"let this user read and write there, {AGAIN}"

REMEDIES = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: f"raise the limit of the file size (ulimit -f), {AGAIN}",
    errno.EACCES: FORBIDDEN,
    errno.EPERM: FORBIDDEN,
    errno.EROFS: FORBIDDEN,
    errno.EIO: f"check that disk, {AGAIN}",
    errno.EMFILE: f"raise the limit of open files (ulimit -n), {AGAIN}",
    errno.ENFILE: f"close other programs, {AGAIN}",
    errno.ENOMEM: f"close other programs or set BAKEOFF_WORKERS=1, {AGAIN}",
    errno.EAGAIN: f"raise the limit of processes (ulimit -u) or set BAKEOFF_WORKERS=1, {AGAIN}",
}

# an error number of the system in messages of safetensors, Arrow and torch
CODE = re.compile(r"\(os error (\d+)\)|\[[Ee]rrno (\d+)\]|[Ee]rror code (\d+) \(Cannot allocate memory\)")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn errors of the system while a file is written into one line.

    Raises:
        BadInput: the file cannot be written.
    """
    try:
        yield
    except Exception as error:
        number = cause(error)
        if number is None:
            raise
        raise BadInput(f"{path}: cannot be written: {os.strerror(number)}; {REMEDIES[number]}") from error


def refusal(error: Exception) -> BadInput | None:
    """Return the error for a failure of the system outside of `writing`; None for other errors."""
    number = cause(error)
    if number is None:
        return None
    place = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
    return BadInput(f"{place}{os.strerror(number)}; {REMEDIES[number]}")


def cause(error: Exception) -> int | None:
    """Return the system's error number if it has a remedy; some libraries have it only in their messages."""
    if isinstance(error, MemoryError):
        return errno.ENOMEM
    number = error.errno if isinstance(error, OSError) else None
    if number is None and (found := CODE.search(str(error))):
        number = int(next(filter(None, found.groups())))
    return number if number in REMEDIES else None
