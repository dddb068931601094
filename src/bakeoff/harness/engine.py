"""DVC for the Snakefile and `make serial`: it replaces dvc.lock atomically, and ends with the engine above it.

    python -m bakeoff.harness.engine repro

The arguments are those of `dvc`. A kill at any moment leaves a complete dvc.lock.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bakeoff.base.files import replace
from bakeoff.base.settings import BadInput
from bakeoff.harness import lockfile, parent_watch
from bakeoff.tracking import presence


def main() -> int:
    parent_watch.end_with_engine()  # before the second that DVC takes to import
    for line in lockfile.heal():
        print(line, file=sys.stderr)
    if fault := lockfile.fault():
        print(f"error: {fault}", file=sys.stderr)
        return 2
    try:
        if tracks(sys.argv[1:]) and (lost := presence.forget()):
            print(lost, file=sys.stderr)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    from dvc.cli import main as dvc
    from dvc.utils.serialize import _common

    from bakeoff.harness import faster_dvc

    if said := faster_dvc.install():
        print(said, file=sys.stderr)
    # DVC changes dvc.lock only through this function, which it looks up at each call.
    _common._dump_data = dump
    status: int = dvc()
    return status


def tracks(arguments: Sequence[str]) -> bool:
    """Return whether a command may run the stage `track`: not if it is a dry run, or runs another single stage."""
    if "repro" not in arguments or "--dry" in arguments:
        return False
    return "--single-item" not in arguments or "track" in arguments


def dump(path: Any, data: Any, dumper: Any, fs: Any = None, **options: Any) -> None:  # noqa: ARG001  DVC's signature
    """Write a file like DVC's `_dump_data`, but under a temporary name that replaces the old file at the end."""

    def write(partial: Path) -> None:
        with partial.open("w", encoding="utf-8") as file:
            dumper(data, file, **options)

    replace(Path(path), write)


if __name__ == "__main__":
    sys.exit(main())
