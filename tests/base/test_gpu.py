"""A GPU that is asked for and is not there is missed at once, before torch is imported."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bakeoff.base import gpu
from bakeoff.base.settings import BadInput

ROOT = Path(__file__).parents[2]

CPU_BUILD = "__version__ = '9.8+cpu'\ncuda = None\nhip = None\n"
CUDA_BUILD = "__version__ = '9.8'\ncuda = '13.0'\nhip = None\n"
ROCM_BUILD = "__version__ = '9.8+rocm'\ncuda = None\nhip = '7.0'\n"
OLD_BUILD = "__version__ = '1.0'\n"


def install(folder: Path, version: str) -> Path:
    """A torch in the folder that ends whoever imports it."""
    (folder / "torch").mkdir(parents=True)
    (folder / "torch/__init__.py").write_text("raise SystemExit('torch was imported')")
    (folder / "torch/version.py").write_text(version)
    return folder


class Driver:
    """NVIDIA's, on a machine with so many GPUs."""

    def __init__(self, there: int, status: int = 0) -> None:
        self.there, self.status = there, status

    def cuInit(self, _: int) -> int:
        return self.status

    def cuDeviceGetCount(self, number: Any) -> int:
        number._obj.value = self.there
        return 0


def load_driver(monkeypatch: pytest.MonkeyPatch, driver: Driver | None) -> None:
    def load(_: str) -> Driver:
        if driver is None:
            raise OSError("libcuda.so.1: cannot open shared object file")
        return driver

    monkeypatch.setattr(ctypes, "CDLL", load)


@pytest.mark.parametrize(("driver", "there"), [(None, 0), (Driver(3), 3), (Driver(0), 0), (Driver(3, status=100), 0)])
def test_the_driver_says_how_many_there_are(driver: Driver | None, there: int, monkeypatch: pytest.MonkeyPatch) -> None:
    load_driver(monkeypatch, driver)
    assert gpu.drivers_gpus() == there


@pytest.mark.parametrize(
    ("build", "gpus", "says"),
    [
        (CPU_BUILD, 1, r"torch 9.8\+cpu can use no GPU; write cpu or auto, or install a build of torch for CUDA"),
        (CUDA_BUILD, 0, "NVIDIA's driver finds no GPU here; write cpu or auto"),
        (CUDA_BUILD, 1, None),
        (ROCM_BUILD, 0, None),  # of which NVIDIA's driver knows nothing
        (OLD_BUILD, 0, None),
    ],
)
def test_what_shows_without_torch(
    build: str, gpus: int, says: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = str(install(tmp_path, build) / "torch/__init__.py")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: SimpleNamespace(origin=origin))
    load_driver(monkeypatch, Driver(gpus))
    gpu.refuse("cpu")
    gpu.refuse("auto")
    if says is None:
        gpu.refuse("cuda")
    else:
        with pytest.raises(BadInput, match=f"^params.yaml: run.device is 'cuda', but {says}"):
            gpu.refuse("cuda")


def test_the_torch_that_is_here_says_what_it_was_built_for() -> None:
    import torch

    build = gpu.torch_build()
    assert build["__version__"] == torch.__version__
    assert (build["cuda"], build["hip"]) == (torch.version.cuda, torch.version.hip)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The real stages, with a torch built for no GPU before the one that is installed."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("src", "pipeline", "recipes", "dvc.yaml"):
        (folder / name).symlink_to(ROOT / name)
    text = (ROOT / "params.yaml").read_text()
    assert text.count("\n  device: cpu ") == 1
    (folder / "params.yaml").write_text(text.replace("\n  device: cpu ", "\n  device: cuda "))
    install(tmp_path / "packages", CPU_BUILD)
    return folder


def run(project: Path, *command: str, **environment: str) -> tuple[int, str]:
    """Status, and what is said on the error stream."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=project,
        env=os.environ | {"PYTHONPATH": f"{project.parent / 'packages'}{os.pathsep}{project / 'src'}"} | environment,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr


def test_the_check_before_a_run_refuses_without_torch(project: Path) -> None:
    (project / "reports").mkdir()
    (project / "reports/costs.json").write_text("{}")
    status, said = run(project, "-c", "from bakeoff.commands.cli import main; main()", "check")
    assert status == 2
    assert said.startswith("error: params.yaml: run.device is 'cuda', but torch 9.8+cpu can use no GPU; ")
