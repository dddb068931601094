"""An environment of their own for the contenders, which are no dependency of this project."""

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from bakeoff.data.sources.cache import folder, making

# `lightning` itself had two malicious versions; pytorch-lightning is the same library under its older name.
PACKAGES = ["pytorch-lightning>=2.6.6", "keras>=3.15"]
SHARED = ["numpy", "pillow", "pydantic", "ruamel.yaml"]  # what the networks and images need, in this project's versions


def interpreter(packages: Sequence[str] = PACKAGES) -> Path:
    """The Python of an environment with these packages, which is made in bakeoff's cache if it is not there."""
    wanted = [
        f"torch=={version('torch').partition('+')[0]}",
        *(f"{name}=={version(name)}" for name in SHARED),
        *packages,
    ]
    digest = hashlib.sha256(" ".join(wanted).encode()).hexdigest()[:12]
    place = folder() / f"contenders-{digest}"
    python = place / "bin" / "python"
    with making(place):
        if not (place / "ready").exists():
            print(f"making {place} (once)", flush=True)
            subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
            (place / "ready").touch()
    return python
