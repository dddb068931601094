"""Brings back what a stage made earlier, when it fails now.

DVC removes the outputs of a stage before it runs its command, and leaves the hole when the command fails.
"""

import sys
from pathlib import Path


def give_back(stage: str) -> None:
    """Check out those outputs of dvc.lock that are missing, where DVC's cache holds them.

    It does not in a clone that has the lock and has pulled nothing, nor for a stage that never ran. Where it fails, on
    a full disk say, a line says so: the reason why the stage failed is told after that.
    """
    if not Path("dvc.lock").exists():
        return
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            for output in repo.stage.load_one(name=stage).outs:
                if not output.exists and not output.changed_cache():
                    output.checkout()
    except (OSError, DvcException) as error:
        said = " ".join(str(error).split())
        print(
            f"warning: {stage}: its earlier outputs are not back; `dvc checkout` brings them ({said})", file=sys.stderr
        )
