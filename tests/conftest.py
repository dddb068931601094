"""Tests run in the environment in which the stages do, and some on processors that are not here."""

import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

import bakeoff.reproducible  # noqa: F401  before any test imports torch

QEMU = "qemu-x86_64-static"

Printed = Callable[..., list[str]]  # by a processor; by this one where none is named


@pytest.fixture
def printed(request: pytest.FixtureRequest) -> Printed:
    """The lines that the test's own file prints when it is run as a script, on an emulated processor too."""
    if shutil.which(QEMU) is None:
        pytest.skip(f"{QEMU} is not installed (Debian: qemu-user-static)")

    def lines(processor: str | None = None) -> list[str]:
        prefix = [QEMU, "-cpu", processor] if processor else []
        command = [*prefix, sys.executable, str(request.path)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    return lines
