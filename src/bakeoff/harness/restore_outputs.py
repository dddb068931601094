"""Restores the earlier outputs of a stage if it fails or is refused.

DVC removes the outputs of a stage before it runs its command, and does not restore them if the command fails. Most
outputs are in DVC's cache. Those in git (`cache: false` in dvc.yaml) are not, so the stage keeps a copy of them.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from bakeoff.base.distributed import leads

if TYPE_CHECKING:
    from dvc.dvcfile import ProjectFile
    from dvc.output import Output

COPIES = Path(".bakeoff/earlier")  # a folder for each stage, with the paths of the project
NAME = "DVC_STAGE"  # the environment variable in which DVC passes the name of the stage


@contextmanager
def kept_on_failure() -> Iterator[None]:
    """Restore the earlier outputs of the stage that DVC runs, if the block ends with an exception or a signal."""
    try:
        yield
    except BaseException:
        give_back()
        raise


def guard() -> None:
    """Restore them also if an import fails, and the process ends before its stage begins."""
    usual = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        usual(kind, error, trace)
        give_back()

    sys.excepthook = hook


def give_back() -> None:
    """Restore the missing outputs in the stage's entry of dvc.lock from the cache or from a copy.

    The entry is used and not dvc.yaml, which may no longer list the stage. Without DVC nothing was removed. In a clone
    without `dvc pull`, and for a stage that never ran, there is nothing to restore.
    """
    stage = os.environ.get(NAME)
    if stage is None or not leads() or not Path("dvc.lock").exists():
        return
    from dvc.dvcfile import PROJECT_FILE, ProjectFile
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            project = ProjectFile(repo, PROJECT_FILE)
            entry = project.lockfile_contents.get("stages", {}).get(stage)
            for output in recorded(project, stage, entry) if entry else []:
                restore(output, COPIES / stage)
    except (OSError, DvcException) as error:  # a full disk, say; why the stage failed is said after this
        said = " ".join(str(error).split())
        print(f"note: the earlier outputs of {stage} were not restored: {said}", file=sys.stderr, flush=True)


def restore(output: "Output", copies: Path) -> None:
    """Restore one output, unless it exists; use a copy only if it has the hash in dvc.lock."""
    if output.exists:
        return
    if not output.changed_cache():
        output.checkout()
        return
    path, copy = Path(output.fs_path), copies / output.def_path
    if copy.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(copy, path) if copy.is_dir() else shutil.copy2(copy, path)
        if output.changed_checksum():
            output.remove()


def recorded(project: "ProjectFile", name: str, entry: Mapping[str, Any]) -> "list[Output]":
    """Return the outputs of an entry of dvc.lock, with the hashes recorded there."""
    from dvc.stage.loader import StageLoader

    stage = {"cmd": entry["cmd"], "outs": [out["path"] for out in entry.get("outs", [])]}
    return list(StageLoader.load_stage(project, name, stage, entry).outs)


def keep(stage: str, paths: Iterable[Path]) -> None:
    """Keep copies of the outputs that are not in DVC's cache, and remove those of the last run."""
    folder = COPIES / stage
    if folder.exists():
        shutil.rmtree(folder)
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / path)
