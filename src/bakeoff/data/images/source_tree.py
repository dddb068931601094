"""Files and folders of a source, in an order that no file system decides, and under the names that the user knows."""

import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bakeoff.base.quoting import one_line
from bakeoff.base.settings import BadInput
from bakeoff.data.limits import Limits
from bakeoff.data.normal_form import nfc
from bakeoff.data.sources import archive
from bakeoff.data.sources.litter import is_litter

PICTURES = {".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}


@dataclass(frozen=True)
class Place:
    """A file or a folder.

    Attributes:
        path: where it lies; for what was unpacked, somewhere in the cache.
        shown: the source as the user wrote it, and the way from there.
        limits: what reading it may take.
    """

    path: Path
    shown: str
    limits: Limits

    def __str__(self) -> str:
        return one_line(self.shown)

    @property
    def name(self) -> str:
        """The name in normalization form C: macOS writes é as e and a mark, and both are one name."""
        return nfc(self.path.name)

    @property
    def suffix(self) -> str:
        return self.path.suffix.lower()

    def __truediv__(self, name: str) -> "Place":
        return Place(self.path / name, f"{self.shown}/{name}", self.limits)

    def folders(self) -> list["Place"]:
        return self._entries[0]

    def files(self) -> list["Place"]:
        return self._entries[1]

    @cached_property
    def _entries(self) -> tuple[list["Place"], list["Place"]]:
        """Folders and files, each sorted by name, without what is hidden or left behind by systems.

        Raises:
            BadInput: the folder cannot be listed, or holds what is neither a file nor a folder.
        """
        folders: list[Place] = []
        files: list[Place] = []
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    is_folder = entry.is_dir()
                    if is_litter(entry.name, folder=is_folder):
                        continue
                    place = self / entry.name
                    if not is_folder:
                        check_file(place, entry)
                    (folders if is_folder else files).append(place)
        except OSError as error:
            raise BadInput(f"{self}: the folder cannot be listed: {error.strerror}; check the folder") from None
        for places in (folders, files):
            places.sort(key=lambda place: (place.name, place.path.name))
        return folders, files


def check_file(place: Place, entry: os.DirEntry[str]) -> None:
    """Refuse a pipe, a socket or a device, which would be read without an end, and a link to nothing.

    Raises:
        BadInput: the entry is one of these.
    """
    if entry.is_file():
        return
    if entry.is_symlink() and not place.path.exists():
        raise BadInput(
            f"{place}: the link points to {one_line(str(place.path.readlink()))}, which does not exist; remove it"
        )
    mode = entry.stat().st_mode
    what = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
    raise BadInput(f"{place}: found {what}: expected a file or a folder; remove it from the folder")


def root(path: Path, shown: str, limits: Limits) -> Place:
    """The folder in which the data lie: of a source, or of an archive, past folders that hold one folder alone.

    Raises:
        BadInput: it is neither a folder nor an archive, or is empty.
    """
    place = Place(archive.folder(path, limits), shown, limits)
    while not place.files() and len(folders := place.folders()) == 1 and not holds_pictures(folders[0]):
        place = folders[0]
    if not place.files() and not place.folders():
        raise BadInput(f"{place}: the folder is empty; put the data there")
    return place


def holds_pictures(folder: Place) -> bool:
    return any(file.suffix in PICTURES for file in folder.files())
