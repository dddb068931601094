"""Which data of the catalogue are on this machine, and how to get the others."""

import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import urlsplit

from bakeoff.base.provenance import sha256
from bakeoff.base.settings import BadInput, hint
from bakeoff.data.limits import Limits
from bakeoff.data.sources import archive
from bakeoff.data.sources.catalogue import SOURCES, Packaged, Remote
from bakeoff.data.sources.download import Wanted, fetch, here


def files(name: str, limits: Limits) -> dict[str, Path]:
    """Paths of the files of a data set of the catalogue, by role; found or fetched, and verified.

    Raises:
        BadInput: there is no such data set, a file of it cannot be had, or its bytes are others than the catalogue's.
    """
    if name not in SOURCES:
        raise BadInput(f"{name}: not in the catalogue{hint(name, SOURCES)}")
    return {
        role: packaged(name, file) if isinstance(file, Packaged) else remote(name, file, limits)
        for role, file in SOURCES[name].files.items()
    }


def packaged_files(name: str) -> dict[str, Path]:
    """Paths of the files of a data set that installed packages carry, by role, verified; nothing is fetched.

    Raises:
        BadInput: a package or a file is missing, or its bytes are others than the catalogue's.
    """
    found = SOURCES[name].files.items()
    return {role: packaged(name, file) for role, file in found if isinstance(file, Packaged)}


def packaged(name: str, file: Packaged) -> Path:
    """A file of an installed Python package."""
    remedy = f"reinstall it: pip install --force-reinstall --no-deps {file.distribution}"
    path = place_in_package(file)
    if path is None:
        raise BadInput(
            f"{name}: the package {file.distribution}, which contains it, is not installed; "
            "run: pip install -r requirements.lock"
        )
    if not path.is_file():
        raise BadInput(f"{name}: {path} is missing from the installed package {file.distribution}; {remedy}")
    found = sha256(path)
    if found != file.sha256:
        raise BadInput(f"{name}: {path} has the sha256 {found}: expected {file.sha256}; {remedy}")
    return path


def place_in_package(file: Packaged) -> Path | None:
    """Return the path of a file of a package; None if the package is not installed."""
    try:
        return Path(str(distribution(file.distribution).locate_file(file.path)))
    except PackageNotFoundError:
        return None


def remote(name: str, file: Remote, limits: Limits) -> Path:
    """A file where the operating system put it, or else from the web."""
    if file.installed and (installed := Path(file.installed)).is_file():
        with archive.stream(installed) as unpacked:
            found = hashlib.file_digest(unpacked, "sha256").hexdigest()
        if found != file.unpacked:
            raise BadInput(
                f"{name}: {installed} unpacks to the sha256 {found}: expected {file.unpacked}; reinstall or remove it"
            )
        return installed
    if file.digest is None:
        raise BadInput(
            f"{name}: no digest of {file.url} is published, and nothing is fetched without one; fetch it once, look at "
            f"it, and name it with its digest as the source: {{url: {file.url}, sha256: 64 hex digits}}"
        )
    return fetch(Wanted(name, file.url, file.digest), limits)


@dataclass(frozen=True)
class Entry:
    """A line of the catalogue's overview."""

    name: str
    kind: str
    title: str
    licence: str
    where: str
    present: bool


def overview() -> list[Entry]:
    """Every data set of the catalogue, where it comes from, and whether it is here; nothing is fetched or verified."""
    entries = []
    for name, spec in SOURCES.items():
        places = [whereabouts(name, file) for file in spec.files.values()]
        where = ", ".join(dict.fromkeys(where for where, _ in places))
        entries.append(Entry(name, spec.kind, spec.title, spec.licence, where, all(here for _, here in places)))
    return entries


def whereabouts(name: str, file: Packaged | Remote) -> tuple[str, bool]:
    """The origin of a file, and whether it is on this machine."""
    if isinstance(file, Packaged):
        path = place_in_package(file)
        return f"the package {file.distribution}", path is not None and path.is_file()
    if file.installed and Path(file.installed).is_file():
        return str(Path(file.installed).parent), True
    held = file.digest is not None and here(Wanted(name, file.url, file.digest))
    return str(urlsplit(file.url).hostname), held
