"""Where tensors live."""

import torch

from bakeoff.settings import BadInput
from bakeoff.training.settings import Device


def resolve(device: Device) -> torch.device:
    """The device of that name; `auto` is the GPU where there is one. A GPU is made to give the same bytes twice.

    Raises:
        BadInput: a GPU is asked for and torch has none. There is no silent fall-back: results would differ.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise BadInput(
            f"params.yaml: device is 'cuda', but torch {torch.__version__} finds no GPU here; "
            "write cpu or auto, or install a CUDA build of torch"
        )
    found = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
    if found.type == "cuda":
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False
    return found
