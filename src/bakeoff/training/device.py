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
    """The device of that name; `auto` is the GPU where there is one. A GPU is made to give the same bytes twice.

    Raises:
        BadInput: a GPU is asked for and torch has none. There is no silent fall-back: results would differ.
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
    """A context for the passes through a network, forward, in the precision that is asked for.

    Raises:
        BadInput: what belongs to a GPU is asked of a CPU.
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
