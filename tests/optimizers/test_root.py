from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from bakeoff.optimizers.root import root, through_float64


@pytest.mark.parametrize("way", [root, through_float64])
def test_root_is_correctly_rounded(way: Callable[[Tensor], Tensor]) -> None:
    """A float32 root r is the nearest if x lies between the squares of the middles beside r, which float64 holds."""
    bits = np.random.default_rng(0).integers(0, 0x7F800000, size=1_000_000, dtype=np.int32)  # every finite x >= 0
    x = bits.view(np.float32)
    r = way(torch.from_numpy(x)).numpy()
    below, above = (np.nextafter(r, np.float32(end), dtype=np.float32).astype(np.float64) for end in (0, np.inf))
    exact, middle = x.astype(np.float64), r.astype(np.float64)
    assert (((middle + below) / 2) ** 2 <= exact).all() and (exact <= ((middle + above) / 2) ** 2).all()


def test_root_keeps_the_precision_of_float64() -> None:
    assert root(torch.tensor([2.0], dtype=torch.float64)).item() == np.sqrt(2.0)


@pytest.mark.parametrize(
    "x", [torch.tensor(2.0), torch.rand(3, 4).T, torch.rand(2, 3, 4, 5)[:, ::2], torch.empty(0, 2)]
)
def test_root_takes_any_shape_and_leaves_what_it_takes(x: Tensor) -> None:
    before = x.clone()
    found = root(x)
    assert found.shape == x.shape and torch.equal(x, before) and torch.equal(found, through_float64(x))


def test_root_of_what_has_overflowed_is_no_warning() -> None:
    assert root(torch.tensor([float("inf"), float("nan"), 0.0])).isfinite().tolist() == [False, False, True]


def test_root_keeps_a_narrower_type() -> None:
    assert torch.equal(root(torch.tensor([4.0, 9.0], dtype=torch.bfloat16)), torch.tensor([2.0, 3.0]).bfloat16())
