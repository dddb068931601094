"""The stages. Each runs the library that lies beside it, in the environment that makes bytes equal."""

import sys
from pathlib import Path

# A clone runs its own library, whichever one is installed: `dvc exp` works in copies of the project.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

import bakeoff.reproducible  # noqa: F401  before any stage imports torch
