"""The convolution roofline: how many operations a second oneDNN's convolutions do by themselves.

Each convolution of a network is taken out, with the shapes that it meets in a step: the input and the weights lie
ready, channels last. What is timed is its forward and backward pass, all gradients that training needs included, and
nothing else. The roofline is the best rate among the network's own shapes: a rate that all of its convolutions could
have, and not that of some large matrix product.
"""

import statistics
import time
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

RUNS = 9


def roofline(network: nn.Module, shape: Sequence[int]) -> dict[str, float]:
    """The best of the network's convolutions, and the operations of one step.

    Args:
        shape: of a batch of images (N, C, H, W).

    Returns:
        best: operations a second; 0 for a network without convolutions.
        operations: of a step, forward and backward: convolutions and matrix products, two for a multiply-add.
    """
    met: dict[tuple[Any, ...], tuple[nn.Conv2d, Tensor]] = {}

    def meet(module: nn.Module, inputs: tuple[Tensor], _output: Tensor) -> None:
        assert isinstance(module, nn.Conv2d)
        x = inputs[0]
        met[(x.shape, module.weight.shape, module.stride, x.requires_grad)] = module, x

    hooks = [module.register_forward_hook(meet) for module in network.modules() if isinstance(module, nn.Conv2d)]
    kept = {name: values.clone() for name, values in network.state_dict().items()}
    x = torch.rand(*shape)
    with FlopCounterMode(display=False) as counter:
        logits = network(x)
        labels = torch.zeros(len(logits), *logits.shape[2:], dtype=torch.long)
        F.cross_entropy(logits, labels).backward()  # type: ignore[no-untyped-call]
    for hook in hooks:
        hook.remove()
    network.load_state_dict(kept)
    network.zero_grad()
    best = max((rate(module, x) for module, x in met.values()), default=0.0)
    return {"best": best, "operations": counter.get_total_flops()}


def rate(module: nn.Conv2d, met: Tensor) -> float:
    """Operations a second, at the median time, of a convolution like this one of an input like that."""
    x = torch.rand_like(met).requires_grad_(met.requires_grad)
    weight = torch.rand_like(module.weight).requires_grad_()
    upstream = torch.rand_like(F.conv2d(x, weight, None, module.stride, module.padding))
    seconds = []
    with FlopCounterMode(display=False) as counter:
        F.conv2d(x, weight, None, module.stride, module.padding).backward(upstream)  # type: ignore[no-untyped-call]
    for _ in range(RUNS):
        x.grad = weight.grad = None
        started = time.process_time()
        F.conv2d(x, weight, None, module.stride, module.padding).backward(upstream)  # type: ignore[no-untyped-call]
        seconds.append(time.process_time() - started)
    return counter.get_total_flops() / statistics.median(seconds)
