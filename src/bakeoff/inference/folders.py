"""Output folders of commands, which must be new or empty, so that no file is overwritten."""

from collections.abc import Collection
from pathlib import Path

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput
from bakeoff.data.sources.litter import is_litter
from bakeoff.inference.output import STREAM


def check(option: str, folder: str, *, holds: str, source: Path | None = None, own: Collection[str] = ()) -> None:
    """Refuse a folder that cannot be filled.

    Args:
        option: of the command line, that names the folder.
        holds: what comes into it, in the plural.
        source: of the input; the folder must not lie in it.
        own: names of files that the command replaces.

    Raises:
        BadInput: the path cannot be used; the message says what to name instead.
    """
    path = Path(folder)
    if not folder or folder == STREAM:
        raise BadInput(f"{option} {quoted(folder)}: {holds} go to a folder; name a new or an empty one")
    if path.exists() and not path.is_dir():
        raise BadInput(f"{option} {folder}: is a file, and {holds} go to a folder; name a new or an empty one")
    if not path.parent.is_dir():
        raise BadInput(f"{option} {folder}: the folder {path.parent} does not exist; create it, or name another one")
    if source is not None and source.is_dir() and path.resolve().is_relative_to(source.resolve()):
        raise BadInput(f"{option} {folder}: lies in the folder of the input; name a folder elsewhere")
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if file.name not in own and not is_litter(file.name, folder=file.is_dir()):
                raise BadInput(f"{option} {folder}: has {quoted(file.name)} in it; name a new or an empty folder")
        return
    try:  # some file systems, such as /proc, refuse it to everyone, whatever the permissions
        path.mkdir()
        path.rmdir()
    except OSError as error:
        raise BadInput(f"{option} {folder}: cannot be created: {error.strerror}; name another folder") from None
