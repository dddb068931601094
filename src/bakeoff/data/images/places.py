"""Files and folders of a source, in an order that no file system decides, and under the names that the user knows."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff.data.limits import Limits
from bakeoff.data.sources import archive
from bakeoff.settings import BadInput

# What systems leave behind in folders and archives. Names that begin with a dot (.DS_Store, ._cat.png) go with them.
LITTER = {"__MACOSX", "Thumbs.db", "desktop.ini"}
PICTURES = {".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}


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
        return " ".join(self.shown.split())

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def suffix(self) -> str:
        return self.path.suffix.lower()

    def __truediv__(self, name: str) -> "Place":
        return Place(self.path / name, f"{self.shown}/{name}", self.limits)

    def folders(self) -> list["Place"]:
        return [place for place in self._entries() if place.path.is_dir()]

    def files(self) -> list["Place"]:
        return [place for place in self._entries() if not place.path.is_dir()]

    def _entries(self) -> list["Place"]:
        """What lies in the folder, sorted by code point, without what is hidden.

        Raises:
            BadInput: the folder cannot be listed.
        """
        try:
            names = sorted(path.name for path in self.path.iterdir())
        except OSError as error:
            raise BadInput(f"{self}: cannot be listed: {error.strerror}; mend that") from None
        return [self / name for name in names if not name.startswith(".") and name not in LITTER]


def root(path: Path, shown: str, limits: Limits) -> Place:
    """The folder in which the data lie: of a source, or of an archive, past folders that hold one folder alone.

    Raises:
        BadInput: it is neither a folder nor an archive, or is empty.
    """
    place = Place(archive.folder(path, limits), shown, limits)
    while not place.files() and len(folders := place.folders()) == 1 and not holds_pictures(folders[0]):
        place = folders[0]
    if not place.files() and not place.folders():
        raise BadInput(f"{place}: is an empty folder; put the data there")
    return place


def holds_pictures(folder: Place) -> bool:
    return any(file.suffix in PICTURES for file in folder.files())
