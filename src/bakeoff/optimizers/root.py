"""The square root that every processor computes alike."""

from torch import Tensor


def root(x: Tensor) -> Tensor:
    """sqrt(x), correctly rounded for float32.

    Not `torch.sqrt(x)`: in float32 that is MKL's vector function, whose last bit depends on the processor. The float64
    root, off by a unit in its last place at worst, still rounds to the right float32, for the root of a float32 is
    never that near to the middle between two neighbours.
    """
    return x.double().sqrt().to(x.dtype)
