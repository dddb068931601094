"""Lists the files of the project that a stage opens, if `BAKEOFF_OPENED` names a folder for the lists.

Python reports each file that it opens to its audit hooks, including those of imported modules, in this process and in
forked ones. Files that a library opens from C, C++ or Rust (DuckDB, Arrow, safetensors, SQLite) are not reported.
"""

import os
import sys
from pathlib import Path
from typing import Any

VARIABLE = "BAKEOFF_OPENED"


def note() -> None:
    """From now on, append a line `read PATH` or `write PATH` for each file opened below the working directory."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return
    stage = os.environ.get("DVC_STAGE", "by hand")
    number = os.open(Path(folder, stage), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    root = f"{Path.cwd()}{os.sep}"
    seen: set[str] = set()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        path = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100  without a look at the disk
        mode, flags = arguments[1], arguments[2]
        if mode is None and not flags & os.O_CREAT and not os.path.isfile(path):  # noqa: PTH113
            return  # a folder, or a name below an unknown folder, as opened by `shutil.rmtree`
        if os.path.isdir(path):  # noqa: PTH112  as `tempfile` names a folder for a file without a name
            return
        writes = any(letter in mode for letter in "wax+") if mode else bool(flags & (os.O_WRONLY | os.O_RDWR))
        line = f"{'write' if writes else 'read'} {path.removeprefix(root)}\n"
        if path.startswith(root) and line not in seen:
            seen.add(line)
            os.write(number, line.encode())

    sys.addaudithook(hook)


def read(folder: Path) -> dict[str, dict[str, set[str]]]:
    """Return the paths by stage and by `read` or `write`."""
    found: dict[str, dict[str, set[str]]] = {}
    for path in sorted(folder.iterdir()):
        kinds = found.setdefault(path.name, {"read": set(), "write": set()})
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, _, opened = line.partition(" ")
            kinds[kind].add(opened)
    return found
