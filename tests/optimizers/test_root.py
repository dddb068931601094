import numpy as np
import torch

from bakeoff.optimizers.root import root


def test_root_is_correctly_rounded() -> None:
    """NumPy's float32 root is the processor's instruction, which IEEE 754 binds to the nearest float."""
    bits = np.random.default_rng(0).integers(0, 0x7F800000, size=1_000_000, dtype=np.int32)  # every finite x >= 0
    x = bits.view(np.float32)
    assert np.array_equal(root(torch.from_numpy(x)).numpy(), np.sqrt(x))


def test_root_keeps_the_precision_of_float64() -> None:
    assert root(torch.tensor([2.0], dtype=torch.float64)).item() == np.sqrt(2.0)
