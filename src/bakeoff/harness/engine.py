"""DVC as the Snakefile and `make serial` run it: it replaces dvc.lock in one go, and ends with the engine above it.

    python -m bakeoff.harness.engine repro

The arguments are those of `dvc`. Killed at any moment, it leaves a dvc.lock that is whole.
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
    parent_watch.hold()  # before the second that DVC takes to import
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
    # What DVC changes in dvc.lock passes through this function alone, which it looks up anew at each call.
    _common._dump_data = dump
    status: int = dvc()
    return status


def tracks(arguments: Sequence[str]) -> bool:
    """Return whether a command may run the stage `track`: not a dry run, nor the run of another single stage."""
    if "repro" not in arguments or "--dry" in arguments:
        return False
    return "--single-item" not in arguments or "track" in arguments


def dump(path: Any, data: Any, dumper: Any, fs: Any = None, **options: Any) -> None:  # noqa: ARG001  DVC's signature
    """Write a file as DVC's own `_dump_data` does, but under a partial name that replaces the old one at the end."""

    def write(partial: Path) -> None:
        with partial.open("w", encoding="utf-8") as file:
            dumper(data, file, **options)

    replace(Path(path), write)


if __name__ == "__main__":
    sys.exit(main())
