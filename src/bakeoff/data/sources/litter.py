"""Files that operating systems and tools leave in folders and archives; readers ignore them, in any case of letters.

macOS: .DS_Store, ._cat.png, __MACOSX, Icon\\r. Windows: Thumbs.db, desktop.ini, $RECYCLE.BIN. Linux: lost+found.
Synology and QNAP: @eaDir, #recycle. Whatever begins with a dot is hidden, and passed over too.
"""

from pathlib import PurePosixPath

FOLDERS = {"__macosx", "@eadir", "#recycle", "#snapshot", "@recycle", "$recycle.bin", "system volume information"}
FOLDERS |= {"lost+found", "found.000"}
FILES = {"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini", "icon\r", "icon"}
FILES |= {name + suffix for name in ("readme", "license", "licence") for suffix in ("", ".md", ".txt", ".rst", ".html")}


def is_litter(name: str, *, folder: bool) -> bool:
    """Whether a file or a folder of this name is passed over."""
    return (name.startswith(".") and name not in (".", "..")) or name.lower() in (FOLDERS if folder else FILES)


def in_litter(path: PurePosixPath, *, folder: bool) -> bool:
    """Whether a member of an archive is passed over, or lies in a folder that is."""
    *above, last = path.parts or ("",)
    return any(is_litter(name, folder=True) for name in above) or is_litter(last, folder=folder)
