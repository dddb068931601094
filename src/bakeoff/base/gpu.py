"""Checks for a GPU without importing torch, which takes seconds."""

import ctypes
import importlib.util
import runpy
import sys
from pathlib import Path
from typing import Any

from bakeoff.base.settings import BadInput


def refuse(device: str) -> None:
    """Refuse a GPU that is certainly missing. If nothing is raised, torch may still find none.

    Raises:
        BadInput: a GPU is requested, and the installed torch or the driver has none.
    """
    if device != "cuda":
        return
    said = "params.yaml: run.device is 'cuda', but "
    build = torch_build()
    if "cuda" in build and not build["cuda"] and not build.get("hip"):
        raise BadInput(
            f"{said}torch {build['__version__']} can use no GPU; write cpu or auto, or install a build of torch for "
            "CUDA (TORCH=cuda make clean repro)"
        )
    if build.get("cuda") and not drivers_gpus():
        raise BadInput(f"{said}NVIDIA's driver finds no GPU here; write cpu or auto")


def torch_build() -> dict[str, Any]:
    """Return the contents of the installed torch/version.py: `__version__`, `cuda`, `hip` (AMD's), ..."""
    spec = importlib.util.find_spec("torch")
    version = Path(spec.origin).with_name("version.py") if spec and spec.origin else None
    return runpy.run_path(str(version)) if version and version.exists() else {}


def drivers_gpus() -> int:
    """Return the number of GPUs that NVIDIA's driver gives this process, by CUDA_VISIBLE_DEVICES if that is set."""
    number = ctypes.c_int()
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return 0
    there = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(number)) == 0
    return number.value if there else 0
