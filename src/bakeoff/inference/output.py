"""The output of predictions: a file, which is written atomically, or standard output."""

import csv
import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from bakeoff.base import files
from bakeoff.base.settings import BadInput

STREAM = "-"
DIGITS = 6  # significant digits of a probability


def check(to: str, source: str) -> None:
    """Refuse a file that cannot be written, or that is the input or a file in it.

    Raises:
        BadInput: the path cannot be used; the message says what to name instead.
    """
    if to == STREAM:
        return
    path = Path(to)
    if not to:
        raise BadInput("--to: is empty; name a file")
    if path.is_dir():
        raise BadInput(f"{to}: is a folder; name a file in it")
    if not path.parent.is_dir():
        raise BadInput(f"{path.parent}: this folder does not exist; create it, or name a file in another folder")
    if path.exists() and not path.is_file():
        raise BadInput(
            f"{to}: expected a file, found a pipe or a device; write --to - and redirect standard output to it"
        )
    if source != STREAM and path.exists() and path.samefile(source):
        raise BadInput(f"{to}: the output would overwrite the input; name another file")
    if source != STREAM and path.exists() and path.resolve().is_relative_to(Path(source).resolve()):
        raise BadInput(f"{to}: the output would overwrite a file of the input; name another file")


def write(to: str, content: bytes) -> None:
    """Write a file, or standard output."""
    if to == STREAM:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        files.replace(Path(to), lambda path: path.write_bytes(content))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a CSV file in UTF-8; numbers have `DIGITS` significant digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([f"{value:.{DIGITS}g}" if isinstance(value, float) else value for value in row])
    return text.getvalue().encode()
