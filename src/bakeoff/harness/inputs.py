"""The settings and inputs that a stage has read, and whether they changed while it ran."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from bakeoff.base import provenance, settings
from bakeoff.base.files import PARTIAL
from bakeoff.base.settings import BadInput

MOST = 60  # characters of a value that a message shows

Version = tuple[tuple[str, int, int, int, int], ...]


class Inputs:
    """Settings and files that a stage has read. DVC records their state after the stage has ended.

    Attributes:
        settings: dotted key of params.yaml, or path of another file of settings, to its validated value: 1 and 1.0 are
            the same setting, and give the same record.
        digests: path to sha256.
    """

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self.digests: dict[str, str] = {}
        self._written = version(settings.PATH)
        self._document = settings.load()
        self._kinds: dict[str, Any] = {}
        self._files: dict[str, Version] = {}
        self._versions: dict[str, Version] = {}

    def setting(self, key: str, kind: Any) -> Any:
        """Return the section of params.yaml under a dotted key."""
        value = settings.validate(self._document, key, kind)
        self._kinds[key] = kind
        self.settings[key] = to_jsonable_python(value)
        return value

    def file_settings(self, path: str, kind: Any) -> Any:
        """Return another file of settings."""
        self._files[path] = version(Path(path))
        value = settings.validate(settings.load(Path(path)), "", kind, Path(path))
        self._kinds[path] = kind
        self.settings[path] = to_jsonable_python(value)
        return value

    def hash(self, path: str) -> None:
        """Record the digest of a file or folder."""
        self.watch(path)
        self.digests[path] = provenance.sha256(Path(path))

    def watch(self, path: str) -> None:
        """Record the sizes and times of a file, or of the files in a folder, which is faster than their digests."""
        self._versions[path] = version(Path(path))

    def changes(self, stage: str) -> Iterator[str]:
        """Return one line for each setting and input that differs from what the stage read.

        Files whose size or time changed are checked; if a digest was recorded, it decides.
        """
        if self.settings and version(settings.PATH) != self._written:
            keys = {key: kind for key, kind in self._kinds.items() if key not in self._files}
            yield from self._changed_settings(stage, settings.PATH, keys)
        for path, written in self._files.items():
            if version(Path(path)) != written:
                yield from self._changed_settings(stage, Path(path), {path: self._kinds[path]})
        for path, before in self._versions.items():
            if version(Path(path)) == before:
                continue
            if not Path(path).exists():
                yield f"{path}: was deleted while '{stage}' ran"
            elif path not in self.digests:
                yield f"{path}: was changed while '{stage}' ran"
            elif provenance.sha256(Path(path)) != self.digests[path]:
                yield f"{path}: was changed while '{stage}' ran; its bytes are not those that were read"

    def _changed_settings(self, stage: str, file: Path, kinds: Mapping[str, Any]) -> Iterator[str]:
        try:
            document = settings.load(file)
            now = {
                key: to_jsonable_python(settings.validate(document, "" if key == str(file) else key, kind, file))
                for key, kind in kinds.items()
            }
        except BadInput as error:
            yield f"{error}; '{stage}' had read valid settings when it began"
            return
        for key in kinds:
            name = "" if key == str(file) else key
            before, after = dict(leaves(name, self.settings[key])), dict(leaves(name, now[key]))
            for name in [*before, *(name for name in after if name not in before)]:
                if before.get(name, ...) != after.get(name, ...):
                    was, found = (shown(side[name]) if name in side else "missing" for side in (before, after))
                    yield f"{file}: {name} was {was} when '{stage}' began, and is {found} now"


def leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Return the values inside a section, under dotted names."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(f"{name}.{key}" if name else key, inner)
    else:
        yield name, value


def shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= MOST else f"{text[:MOST]}..."


def version(path: Path) -> Version:
    """Return name, size, times and inode of each file: equal unless one is written, replaced, added or removed."""
    files = [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]
    return tuple(found for file in files if (found := _status(file)))


def _status(path: Path) -> tuple[str, int, int, int, int] | None:
    if path.name.startswith(PARTIAL):
        return None
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    if path.is_dir():  # a folder's times change with files that do not count
        return os.fspath(path), 0, 0, 0, status.st_ino
    return os.fspath(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
