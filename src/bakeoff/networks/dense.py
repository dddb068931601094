"""The dense layer. On a CPU NumPy's OpenBLAS computes its products, where they are large enough.

It takes a third to a half of the time that torch's MKL takes: `bakeoff.base.reproducible` pins both to what gives the
same bytes on every processor, which is AVX2 code with OpenBLAS and SSE2 code with MKL.

N examples, D inputs, K outputs.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch._C._functorch import is_legacy_batchedtensor
from torch._jit_internal import is_scripting
from torch.autograd import forward_ad

# A smaller product takes less time than the calls of Python around it, and OpenBLAS has no fast code for thin ones.
# Measured on layers from 1 x 784 x 1024 to 4096 x 2 x 128. Nothing but shapes may decide: bytes depend on it.
MULTIPLICATIONS, SIDE = 2**19, 8
PLAIN = (Tensor, nn.Parameter)


class Linear(nn.Linear):
    """A dense layer whose weights are drawn by the caller."""

    def reset_parameters(self) -> None:
        """Do nothing: torch's own initialisation would draw from the global generator."""

    def forward(self, x: Tensor) -> Tensor:
        # torch.jit.script compiles the first branch alone; of a conditional expression it would compile both.
        if is_scripting():  # noqa: SIM108
            y = F.linear(x, self.weight, self.bias)
        else:
            y = dense(x, self.weight, self.bias)
        return y


class Dense(torch.autograd.Function):
    """x W^T + b, with products by NumPy in both directions."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return affine(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        (slope,), (x, weight), (of_x, of_weight, of_bias) = slopes, ctx.saved_tensors, ctx.needs_input_grad
        # A gradient that will be differentiated in turn needs torch's own operations, and so do several at once.
        by_torch = torch.is_grad_enabled() or not plain(slope) or is_legacy_batchedtensor(slope) or observed()
        product = torch.mm if by_torch else matmul
        return (
            product(slope, weight) if of_x else None,
            product(slope.t(), x) if of_weight else None,
            slope.sum(0) if of_bias else None,
        )


def by_numpy(x: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    """Return whether NumPy computes a layer: of plain float32 tensors on the CPU that are large enough."""
    # First: a trace would record the shapes, and what is compiled is best left as it is.
    if torch.compiler.is_compiling() or torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        return False
    if x.dim() != 2 or x.shape[1] != weight.shape[1]:
        return False
    (N, D), K = x.shape, weight.shape[0]
    if N * D * K < MULTIPLICATIONS or min(N, D, K) < SIDE:
        return False
    on_cpu = plain(x) and plain(weight) and (bias is None or plain(bias))
    return on_cpu and not torch.is_autocast_enabled("cpu") and not observed()


def plain(tensor: Tensor) -> bool:
    """Return whether NumPy can read a tensor: float32 numbers in the memory of the CPU, and no subclass."""
    on_cpu = tensor.is_cpu and tensor.layout is torch.strided
    return type(tensor) in PLAIN and tensor.dtype is torch.float32 and on_cpu


def observed() -> bool:
    """Return whether torch traces the computation; it cannot trace NumPy."""
    return (
        torch._C._are_functorch_transforms_active()
        or torch._C._len_torch_dispatch_stack() > 0
        or torch._C._len_torch_function_stack() > 0
        or forward_ad._current_level >= 0
    )


def dense(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return x W^T + b (N, K), with products by NumPy where it can compute them."""
    if not by_numpy(x, weight, bias):
        return F.linear(x, weight, bias)
    wanted = x.requires_grad or weight.requires_grad or (bias is not None and bias.requires_grad)
    if wanted and torch.is_grad_enabled():
        return Dense.apply(x, weight, bias)  # type: ignore[no-any-return, no-untyped-call]
    return affine(x, weight, bias)


def affine(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return x W^T + b (N, K), without recording for autograd."""
    y = matmul(x, weight.t())
    return y if bias is None else y.add_(bias)


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """Return the product of two matrices by NumPy, without recording for autograd."""
    product = a.new_empty(a.shape[0], b.shape[1])
    with np.errstate(all="ignore"):  # in a run that diverges; torch does not warn either
        np.matmul(array(a), array(b), out=product.numpy())
    return product


def array(matrix: Tensor) -> NDArray[np.float32]:
    """Return the values of a matrix, copied if neither its rows nor its columns are contiguous."""
    # OpenBLAS takes a matrix or its transpose as it lies. NumPy would compute other strides, as of an expanded tensor,
    # with code of its own.
    if not (matrix.is_contiguous() or matrix.t().is_contiguous()):
        matrix = matrix.contiguous()
    return matrix.numpy(force=True)  # also where a gradient is wanted
