"""The device of a training, and the precision of its forward passes."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import torch

from bakeoff.base import gpu
from bakeoff.base.settings import BadInput
from bakeoff.training.settings import Device, LoopSettings


def resolve(device: Device) -> torch.device:
    """Return the device of this name; `auto` is the GPU if there is one. A GPU is set to deterministic algorithms.

    Raises:
        BadInput: a GPU is requested and torch has none. There is no fall-back to the CPU, whose results differ.
    """
    if device == "cuda" and not torch.cuda.is_available():
        gpu.refuse(device)
        raise BadInput(
            f"params.yaml: run.device is 'cuda', but torch {torch.__version__} finds no GPU; write cpu or auto"
        )
    if device == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    found = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))  # torchrun starts a process for each GPU
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    return found


def precision(settings: LoopSettings, device: torch.device) -> Callable[[], AbstractContextManager[object]]:
    """Return a context for forward passes in the requested precision.

    Raises:
        BadInput: a setting for a GPU is requested on a CPU.
    """
    if device.type == "cpu" and (settings.precision != "float32" or settings.compile):
        asked = f"precision is '{settings.precision}'" if settings.precision != "float32" else "compile is true"
        raise BadInput(
            f"params.yaml: run.{asked}, which is for a GPU, and this training runs on a CPU; "
            "write precision: float32 and compile: false, or run.device: cuda"
        )
    if settings.precision == "float32":
        return nullcontext
    return partial(torch.autocast, device.type, torch.bfloat16)
