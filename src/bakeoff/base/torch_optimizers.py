"""torch's optimizers without torch's compiler. Import them from this module, not from torch.optim.

In any optimizer of torch, the first step and the first `state_dict` import `torch._dynamo` (800 modules), only to
exclude the method from compilation. This takes longer than `import torch`. Here the methods are called directly:

    add_param_group, ...   torch stores a wrapper of each method for the compiler; the method itself replaces it
    step                   runs with gradients disabled, or enabled for `differentiable`, like torch's own decorator

Optimizers are never compiled here. Networks may be: `torch.compile` imports the compiler as usual. These are internals
of torch, so the tested version is pinned; with another version, torch's own methods are used.
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
    """Replace the methods that import the compiler, or return why torch's own are kept."""
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
    """Return a class's step with gradients disabled unless the optimizer is differentiable."""

    @functools.wraps(step)
    def taken(self: Optimizer, *arguments: Any, **options: Any) -> Any:
        with torch.set_grad_enabled(self.defaults["differentiable"]):
            return step(self, *arguments, **options)

    return taken


if said := lean():
    print(said, file=sys.stderr)
