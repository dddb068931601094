"""Finds what `data.<kind>.source` in params.yaml names, and gives nothing that was not checked."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bakeoff.base.settings import BadInput
from bakeoff.data.limits import Limits
from bakeoff.data.sources.availability import files
from bakeoff.data.sources.catalogue import SOURCES, Kind, Remote
from bakeoff.data.sources.download import Wanted, fetch
from bakeoff.data.sources.settings import Download, Source


@dataclass(frozen=True)
class Found:
    """Data that is there.

    Attributes:
        name: as the user wrote it; the place in messages.
        reader: the catalogue's word on how it is read; None if the content must tell.
        files: by their role in the catalogue; a path or an address stands under "data".
    """

    name: str
    reader: str | None
    files: Mapping[str, Path]


def find(source: Source, kind: Kind, limits: Limits) -> Found:
    """A data set of the catalogue, a file or folder in data/raw/<kind>/, or a file from the web.

    Raises:
        BadInput: there is no such thing, it lies elsewhere, or its bytes are not those promised.
    """
    if isinstance(source, Download):
        path = fetch(Wanted(source.shown, source.url, f"sha256:{source.sha256}"), limits)
        return Found(source.shown, reader_at(source.url, kind), {"data": path})
    if source in SOURCES:
        return Found(source, SOURCES[source].reader, files(source, limits))
    return Found(source, None, {"data": local(source, kind)})


def reader_at(url: str, kind: Kind) -> str | None:
    """Return the reader of the file at an address, if the catalogue has this address."""
    specs = (spec for spec in SOURCES.values() if spec.kind == kind)
    return next((spec.reader for spec in specs if Remote(url, None) in spec.files.values()), None)


def elsewhere(source: str) -> str:
    """Return the way to bring own data into another folder of the repository, which has only what git or DVC tracks."""
    if Path(f"{source}.dvc").exists():
        return f"; `dvc checkout {source}.dvc` restores it, after `dvc pull` if the file is not in DVC's cache"
    if "exps" in Path.cwd().parts or Path(".git").is_file():  # `dvc exp run --temp` and `--queue`; a worktree
        return (
            f"; an experiment in a folder of its own, and a worktree, have what git or DVC tracks: in the project's "
            f"folder `dvc add {source}`, then `git add {source}.dvc` and commit"
        )
    return ""


def local(source: str, kind: Kind) -> Path:
    """A file or folder in data/raw/<kind>/ of the project.

    What lies elsewhere is linked there, not named: the stages depend on that folder alone.

    Raises:
        BadInput: it leads to nothing that can be read.
    """
    file = Path(source)
    remedy = f", or change data.{kind}.source"
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        gone = f"the link points to {file.readlink()}, which does not exist" if file.is_symlink() else "is not there"
        raise BadInput(
            f"{source}: {gone}; put a file or a folder of that name there{remedy}{elsewhere(source)}"
        ) from None
    except OSError as error:
        raise BadInput(f"{source}: the path cannot be read: {error.strerror}; correct it{remedy}") from None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise BadInput(
            f"{source}: expected a file or a folder, found a pipe, a socket or a device; name a file or a folder"
        )
    if not os.access(file, os.R_OK):
        raise BadInput(f"{source}: you may not read this file; run: chmod u+r {source}")
    return file
