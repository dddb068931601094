"""torch's optimizers, which step here without torch's compiler: import them from this module, not from torch.optim.

The first step, and the first `state_dict`, of any optimizer of torch imports `torch._dynamo`, 800 modules, only to tell
the compiler to leave the method alone. That takes longer than `import torch`. Here the methods are called as they are:

    add_param_group, ...   torch keeps, with each method, what the compiler made of it; the method itself is put there
    step                   runs with gradients switched off, or on for `differentiable`, as torch's own decorator does

No compiled code steps an optimizer here. A network may be compiled: `torch.compile` imports the compiler as ever.
This is torch's own affair, so the version that was tested is pinned; with another one torch does as it likes.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import optim
from torch.optim import SGD, Adagrad, Adam, AdamW, Optimizer

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer"]

TESTED = "2.13.0"
METHODS = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")  # of Optimizer


def lean(version: str = torch.__version__) -> str | None:
    """Replace what imports the compiler, or return why torch's own is left in place."""
    if version.partition("+")[0] != TESTED:
        return f"training imports torch's compiler, which takes longer: torch is {version}, and {TESTED} was tested"
    for name in METHODS:
        method = vars(Optimizer)[name].__wrapped__
        method.__dict__["__dynamo_disable"] = method
    for kind in vars(optim).values():
        step = vars(kind).get("step") if isinstance(kind, type) and issubclass(kind, Optimizer) else None
        if step is not None and step.__code__.co_name == "_use_grad":
            kind.step = stepping(step.__wrapped__)
    return None


def stepping(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return a class's step, during which gradients are computed only where the optimizer is differentiable."""

    @functools.wraps(step)
    def taken(self: Optimizer, *arguments: Any, **options: Any) -> Any:
        with torch.set_grad_enabled(self.defaults["differentiable"]):
            return step(self, *arguments, **options)

    return taken


if said := lean():
    print(said, file=sys.stderr)
