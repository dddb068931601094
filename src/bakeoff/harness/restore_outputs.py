"""Brings back what a stage made earlier, when it fails or is refused now.

DVC removes the outputs of a stage before it runs its command, and leaves the hole when the command fails. Most outputs
are in DVC's cache. Those that git keeps (`cache: false` in dvc.yaml) are not; the stage keeps a copy of them.
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
NAME = "DVC_STAGE"  # the environment variable in which DVC tells a command its stage


@contextmanager
def kept_on_failure() -> Iterator[None]:
    """Give back the earlier outputs of the stage that DVC runs, if the block ends with an exception or a signal."""
    try:
        yield
    except BaseException:
        give_back()
        raise


def guard() -> None:
    """Give them back too where an import fails, and the process ends before its stage begins."""
    usual = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        usual(kind, error, trace)
        give_back()

    sys.excepthook = hook


def give_back() -> None:
    """Bring back those outputs in the stage's entry of dvc.lock that are missing, where the cache or a copy has them.

    The entry counts and not dvc.yaml, which may no longer list the stage. Without DVC nothing was removed. In a clone
    that has pulled nothing, and for a stage that never ran, there is nothing to bring back.
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
        print(f"note: the earlier outputs of {stage} were not brought back: {said}", file=sys.stderr, flush=True)


def restore(output: "Output", copies: Path) -> None:
    """Bring back one output, unless it is there; a copy only if it is what dvc.lock names."""
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
    """Keep copies of outputs that DVC's cache does not hold, in place of those of the last run."""
    folder = COPIES / stage
    if folder.exists():
        shutil.rmtree(folder)
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / path)
