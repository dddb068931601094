"""The owner of runs: several clones of the project, on different branches, may share a store."""

import fcntl
import hashlib
import json
import os
import re
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

IDENTITY = Path(".bakeoff/clone.json")  # of this clone; git ignores it
CLONE = "bakeoff.clone"
BRANCH = "bakeoff.branch"
NO_BRANCH = "none"  # outside of git, or where no branch is checked out


@dataclass(frozen=True)
class Owner:
    """A clone and the branch that is checked out there.

    Attributes:
        clone: the folder's name and eight random digits: `bakeoff-1f3c9a02`.
    """

    clone: str
    branch: str

    @property
    def tags(self) -> dict[str, str]:
        return {CLONE: self.clone, BRANCH: self.branch}

    @property
    def where(self) -> list[str]:
        """A filter for the owner's runs, in MLflow's syntax."""
        return [f"tags.`{name}` = '{value}'" for name, value in self.tags.items()]

    @property
    def digest(self) -> str:
        """A short name, for keys and addresses."""
        return hashlib.sha256(f"{self.clone}\n{self.branch}".encode()).hexdigest()[:8]

    def __str__(self) -> str:
        return f"{self.clone}, {self.branch}"

    def owns(self, tags: Mapping[str, str]) -> bool:
        """Return whether a run with these tags belongs to this clone and branch.

        Runs of earlier versions have no owner; the first clone that tracks becomes their owner.
        """
        return CLONE not in tags or self.tags.items() <= tags.items()


def current() -> Owner:
    """Return the clone in the current folder and its branch, or the name of DVC's experiment.

    DVC runs `dvc exp run --temp` and `--queue` in a temporary clone without a branch.
    """
    return Owner(clone(), tidied(os.environ.get("DVC_EXP_NAME") or branch()))


def clone() -> str:
    """Return the name of this clone. It stays the same if the folder is moved; a copy of the folder gets a new one."""
    IDENTITY.parent.mkdir(exist_ok=True)
    with IDENTITY.with_suffix(".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # held only while a line is read or written
        return identified(str(Path.cwd()))


def identified(here: str) -> str:
    """Return the name of the clone in this folder.

    Args:
        here: the folder's path.
    """
    known = json.loads(IDENTITY.read_text(encoding="utf-8")) if IDENTITY.exists() else None
    if known and known["folder"] == here:
        return str(known["name"])
    if known and not (Path(known["folder"]) / IDENTITY).exists():  # moved
        name = str(known["name"])
    else:
        name = f"{tidied(Path(here).name)}-{uuid.uuid4().hex[:8]}"
    partial = IDENTITY.with_name(f".partial-{IDENTITY.name}")
    partial.write_text(json.dumps({"name": name, "folder": here}) + "\n", encoding="utf-8")
    partial.replace(IDENTITY)
    return name


def branch() -> str:
    """Return the branch that git has checked out here."""
    command = ["git", "symbolic-ref", "--quiet", "--short", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:  # no git on this machine
        return NO_BRANCH
    return done.stdout.strip() or NO_BRANCH


def tidied(name: str) -> str:
    """Return the name in letters, digits and `_.+/-` for MLflow's filters, with a digest if it has others."""
    found = re.sub(r"[^\w.+/-]", "_", name)[:100]
    return found if found == name else f"{found}-{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:6]}"
