"""The files that the command line names: one, those in a folder, those of an archive, or standard input."""

import gzip
import os
import shutil
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bakeoff.base.settings import BadInput
from bakeoff.data.images.source_tree import Place, check_file
from bakeoff.data.limits import Limits
from bakeoff.data.sources import archive
from bakeoff.data.sources.litter import is_litter
from bakeoff.inference.output import STREAM
from bakeoff.inference.refusals import Refusals

STANDARD_INPUT = "standard input"
# Where a header names its format, in its first and its second version.
NIFTI = (slice(344, 348), {b"n+1\0", b"ni1\0"}), (slice(4, 8), {b"n+2\0", b"ni2\0"})
HEADER = 348  # bytes that tell it


@contextmanager
def local(written: str) -> Iterator[tuple[Path, str]]:
    """Yield the path of the input and its name for messages; standard input is copied to a temporary file.

    Raises:
        BadInput: there is no such file.
    """
    if written != STREAM:
        path = Path(written)
        if not path.exists():
            raise BadInput(f"{written}: not found; name an existing file or folder")
        if not (path.is_file() or path.is_dir()):
            raise BadInput(
                f"{written}: expected a file or a folder, found a pipe or a device; to read a pipe write - in its place"
            )
        yield path, written
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        if not path.stat().st_size:
            raise BadInput(f"{STANDARD_INPUT}: is empty; redirect a file to it")
        yield path.rename(path.with_name(f"input{volume_suffix(path)}")), STANDARD_INPUT


def volume_suffix(path: Path) -> str:
    """Return the suffix of a NIfTI volume by its content; an empty text for other files."""
    with path.open("rb") as file:
        if is_nifti(file.read(HEADER)):
            return ".nii"
    try:
        with gzip.open(path) as unpacked:
            return ".nii.gz" if is_nifti(unpacked.read(HEADER)) else ""
    except (OSError, EOFError, zlib.error):  # no gzip, or damaged: its reader will say so
        return ""


def is_nifti(start: bytes) -> bool:
    return any(start[where] in names for where, names in NIFTI)


def several(path: Path) -> bool:
    """Return whether the input is a folder or an archive, by its content."""
    if path.is_dir():
        return True
    with path.open("rb") as file:
        start = file.read(4)
    return start in archive.ZIP or (not path.name.lower().endswith((".nii", ".nii.gz")) and tarfile.is_tarfile(path))


def input_files(path: Path, shown: str, limits: Limits, refusals: Refusals) -> list[tuple[str, Place]]:
    """Return the files, each with its path from the folder or archive; of a single file, its name.

    What is neither a file nor a folder is refused by itself; hidden files and litter are passed over.

    Raises:
        BadInput: the folder or the archive holds no files, or cannot be read.
    """
    if not several(path):
        return [(shown if shown == STANDARD_INPUT else path.name, Place(path, shown, limits))]
    top = Place(archive.folder(path, limits), shown, limits)
    found = list(below(top, "", refusals, frozenset()))
    if not found and not refusals.count:
        raise BadInput(f"{top}: the folder is empty; put the files there, or name another one")
    return found


def below(folder: Place, way: str, refusals: Refusals, above: frozenset[Path]) -> Iterator[tuple[str, Place]]:
    """Yield the files in a folder and in those inside it, in order of their names.

    Args:
        above: the folders on the way, for a link may lead back to one.
    """
    here = folder.path.resolve()
    try:
        with os.scandir(folder.path) as listing:
            entries = sorted(listing, key=lambda entry: ((folder / entry.name).name, entry.name))
    except OSError as error:
        refusals.add(BadInput(f"{folder}: the folder cannot be listed: {error.strerror}; check the folder"))
        return
    for entry in entries:
        place, inner = folder / entry.name, entry.is_dir()
        if is_litter(entry.name, folder=inner):
            continue
        if inner:
            if place.path.resolve() not in above | {here}:
                yield from below(place, f"{way}{entry.name}/", refusals, above | {here})
            continue
        try:
            check_file(place, entry)
        except BadInput as error:
            refusals.add(error)
            continue
        except FileNotFoundError:
            refusals.add(BadInput(f"{place}: was removed while the folder was read; run the command again"))
            continue
        yield f"{way}{entry.name}", place
