"""A square root with the same bytes on every processor. Imports are inside functions: see `spec`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def root(x: Tensor) -> Tensor:
    """Return sqrt(x), correctly rounded, in float32 and on a CPU in float64 too.

    Not `torch.sqrt(x)`: on a CPU that is MKL's vector function, whose last bit depends on the processor. NumPy's is the
    processor's own instruction, which IEEE 754 binds to the nearest number, and as fast.
    """
    import numpy as np
    import torch

    if x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64):
        return torch.from_numpy(np.asarray(np.sqrt(x.numpy())))
    return through_float64(x)


def through_float64(x: Tensor) -> Tensor:
    """Return sqrt(x), correctly rounded for float32.

    The float64 root, off by a unit in its last place at worst, still rounds to the right float32: the root of a float32
    is never that near to the middle between two neighbours.
    """
    return x.double().sqrt().to(x.dtype)
