"""Which stage writes a file of a data set, for messages that say how it is made again."""

from pathlib import Path
from typing import Literal


def stage(verb: Literal["ingest", "encode"], path: Path) -> str:
    """Return the command that runs the stage; without a name of a data set in the path, what the stage does."""
    match path.parts:
        case (*_, "data", name, _):
            return f"`dvc repro {verb}_{name}`"
        case (*_, "reports", "encoding", file):
            return f"`dvc repro {verb}_{Path(file).stem}`"
    return f"the stage that {verb}s the table"


def again(verb: Literal["ingest", "encode"], path: Path) -> str:
    """Return what to do about a file that is damaged or missing."""
    return f"make it again with {stage(verb, path)}"
