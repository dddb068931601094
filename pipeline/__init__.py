"""The stage scripts. They end with their engine, and set the environment for bitwise equal results."""

import sys
from pathlib import Path

# A clone runs its own library, whichever one is installed: `dvc exp` works in copies of the project.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from bakeoff.base import opened
from bakeoff.harness import parent_watch, restore_outputs

parent_watch.end_with_engine()  # first: an engine may die during the imports
restore_outputs.guard()  # and one of them may fail
opened.note()

import bakeoff.base.reproducible  # noqa: E402, F401  before any stage imports torch
