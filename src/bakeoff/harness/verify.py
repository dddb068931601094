"""Verifies dvc.lock: the whole pipeline in a clean clone must give the same bytes."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bakeoff.base import paths
from bakeoff.base.machine import differing, processor
from bakeoff.base.record import parsed
from bakeoff.base.settings import BadInput

LOCK = Path("dvc.lock")
REQUIREMENTS = Path("requirements.lock")
MACHINE = Path(paths.MACHINE)  # the processor on which the committed lock was made


ENGINES = {"snakemake": ("snakemake", "--cores", "all"), "dvc": ("dvc", "repro", "--no-run-cache")}


def verify(record: bool, engine: str) -> None:
    """Clone HEAD, run the whole pipeline there, compare the lock that it writes with the committed one.

    Args:
        record: copy the lock, the small results and the processor's name into this working tree.
        engine: which of ENGINES runs it. Both write the same lock; Snakemake uses all cores.

    Raises:
        BadInput: the locks differ although the processor is the one recorded.
    """
    with tempfile.TemporaryDirectory(prefix="bakeoff-verify-") as folder:
        clone = Path(folder) / "clone"
        done = subprocess.run(["git", "clone", "--quiet", str(Path.cwd()), str(clone)], capture_output=True, text=True)
        if done.returncode:
            raise BadInput(f"git cannot clone this folder: {done.stderr.strip()}; `git status` says more")
        committed = (clone / LOCK).read_text(encoding="utf-8") if (clone / LOCK).exists() else ""
        (clone / LOCK).unlink(missing_ok=True)
        reproduce(clone, Path(folder), engine)
        made = (clone / LOCK).read_text(encoding="utf-8")
        if record:
            take(clone)
            print(f"{LOCK}: copied from the clone, made on {processor()}")
            return
    compare(committed, made)


def reproduce(clone: Path, folder: Path, engine: str) -> None:
    """Run everything in the clone, whose cache is empty, without a user's tracking server.

    Raises:
        BadInput: a stage failed.
    """
    own = {name: str(folder / name.lower()) for name in ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR")}
    environment = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"} | own
    done = subprocess.run(ENGINES[engine], cwd=clone, env=environment)
    if done.returncode:
        raise BadInput(f"{LOCK}: can't be verified, because a stage failed; its message is above")


def compare(committed: str, made: str) -> None:
    """Print the outputs that differ, and raise an error if the processor is the recorded one."""
    if committed == made:
        print(f"{LOCK}: the same bytes")
        return
    if not MACHINE.exists():
        raise BadInput(f"{MACHINE}: not found, so the lock has no processor; `bakeoff verify --record` makes both")
    changed = list(differences(committed, made)) or [f"{LOCK}: the same files, other commands, settings or order"]
    changed += [f"{name}: {found} here, {locked} locked" for name, locked, found in differing(REQUIREMENTS)]
    recorded = parsed(MACHINE)["processor"]
    for line in changed:
        print(f"warning: {line}")
    if recorded == processor():
        raise BadInput(f"{LOCK}: {len(changed)} differences from the committed one on the processor that made it")
    print(f"warning: the lock was made on another processor ({recorded}; this is {processor()})")


def differences(committed: str, made: str) -> Iterator[str]:
    """Return one line for each output whose hash differs, or that only one side has."""
    before, after = outputs(committed), outputs(made)
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            yield f"{path}: {before.get(path, 'nothing')} committed, {after.get(path, 'nothing')} now"


def outputs(lock: str) -> dict[str, str]:
    """Return path to hash of all outputs and inputs in a lock."""
    stages: dict[str, Any] = (YAML(typ="safe").load(lock) or {}).get("stages", {})
    items = (item for stage in stages.values() for kind in ("deps", "outs") for item in stage.get(kind, []))
    return {item["path"]: item["md5"] for item in items}


def take(clone: Path) -> None:
    """Copy the lock and the small results, which are in git, from a clone into this working tree."""
    command = ["git", "ls-files", "--modified", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=clone, check=True, capture_output=True, text=True).stdout
    for path in filter(None, listed.split("\0")):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if (clone / path).exists():
            shutil.copyfile(clone / path, path)
        else:  # no longer written by the run
            Path(path).unlink(missing_ok=True)
    MACHINE.parent.mkdir(parents=True, exist_ok=True)
    MACHINE.write_text(json.dumps({"processor": processor()}, indent=1) + "\n", encoding="utf-8")
