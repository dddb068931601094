"""torch's optimizers step to the same bytes, and without torch's compiler."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from bakeoff.base import torch_optimizers
from bakeoff.base.torch_optimizers import METHODS, SGD, Adagrad, Adam, AdamW, Optimizer

SOURCES = Path(__file__).parents[2] / "src/bakeoff"
KINDS: list[tuple[type[Optimizer], dict[str, Any]]] = [
    (SGD, {"momentum": 0.9, "nesterov": True}),
    (SGD, {"momentum": 0.9, "dampening": 0.9, "foreach": False}),
    (Adam, {"fused": True}),
    (AdamW, {"amsgrad": True}),
    (Adagrad, {"fused": True}),
    (torch.optim.RMSprop, {"centered": True}),
    (torch.optim.Adadelta, {}),
    (torch.optim.NAdam, {}),
]

WITHOUT = """
import bakeoff.base.reproducible, sys, torch
import bakeoff.base.workers
from bakeoff.base.torch_optimizers import SGD, Adagrad, Adam, AdamW
from bakeoff.networks.layers import Parts, convolution, linear
generator = torch.Generator().manual_seed(1)
before = torch.get_rng_state()
network = torch.nn.Sequential(convolution(1, 2, 3, 1.0, generator), torch.nn.Flatten(), linear(18, 2, 1.0, generator))
for kind in (SGD, Adagrad, Adam, AdamW):
    optimizer = kind(network.parameters(), lr=0.1)
    network(torch.ones(1, 1, 3, 3)).sum().backward()
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.zero_grad()
assert torch.equal(before, torch.get_rng_state())
sys.exit(", ".join(name for name in ("torch._dynamo", "sympy") if name in sys.modules))
"""


def stepped(kind: type[Optimizer], options: dict[str, Any]) -> Iterator[bytes]:
    """Yield the weights after each of three steps, the last after the state was saved and loaded."""
    theta = torch.nn.Parameter(torch.linspace(-1, 1, 33))
    optimizer = kind([theta], lr=0.1, **options)  # type: ignore[call-arg]
    for step in range(3):
        optimizer.zero_grad()
        (theta**3).sum().backward()
        optimizer.step()
        yield theta.detach().numpy().tobytes()
        if step == 1:
            optimizer.load_state_dict(optimizer.state_dict())


def test_a_training_imports_no_compiler_and_leaves_torchs_generator() -> None:
    ended = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, cwd=SOURCES.parent)
    assert (ended.returncode, ended.stderr) == (1, "\n"), ended.stderr  # sys.exit with an empty text


@pytest.mark.parametrize(("kind", "options"), KINDS, ids=[f"{kind.__name__} {list(o)}" for kind, o in KINDS])
def test_the_bytes_are_those_of_torchs_own_methods(
    kind: type[Optimizer], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = list(stepped(kind, options))
    for name in METHODS:
        monkeypatch.delitem(vars(Optimizer)[name].__wrapped__.__dict__, "__dynamo_disable")
    owner = next(base for base in kind.__mro__ if "step" in vars(base))
    raw = vars(owner)["step"]
    while hasattr(raw, "__wrapped__"):
        raw = raw.__wrapped__
    monkeypatch.setattr(owner, "step", sys.modules["torch.optim.optimizer"]._use_grad_for_differentiable(raw))
    monkeypatch.setattr(kind, "step", vars(owner)["step"])
    assert list(stepped(kind, options)) == own
    assert vars(Optimizer)["state_dict"].__wrapped__.__dict__["__dynamo_disable"] is not None
    assert "torch._dynamo" in sys.modules  # torch's own did run


@pytest.mark.parametrize("differentiable", [False, True])
def test_gradients_are_computed_only_for_a_differentiable_optimizer(differentiable: bool) -> None:
    seen = []

    class Noted(SGD):
        @torch_optimizers.stepping
        def step(self, _: Any = None) -> None:  # type: ignore[override]
            seen.append(torch.is_grad_enabled())

    optimizer = Noted([torch.nn.Parameter(torch.zeros(1))], lr=0.1, differentiable=differentiable)
    for enabled in (True, False):
        with torch.set_grad_enabled(enabled):
            optimizer.step()
            assert torch.is_grad_enabled() is enabled
    assert seen == [differentiable] * 2


@pytest.mark.parametrize("version", ["2.13.1", "2.14.0+cpu", "3.0"])
def test_another_version_is_left_as_it_is(version: str) -> None:
    said = torch_optimizers.lean(version)
    assert said == f"training imports torch's compiler, which takes longer: torch is {version}, and 2.13.0 was tested"


def test_a_compiled_network_trains() -> None:
    torch.manual_seed(1)
    network = torch.nn.Linear(3, 2)
    model = torch.compile(network, backend="eager")
    optimizer = Adam(network.parameters(), lr=0.1)
    before = network.weight.detach().clone()
    for _ in range(2):
        model(torch.ones(4, 3)).sum().backward()
        optimizer.step()
    assert not torch.equal(network.weight, before)


def test_all_optimizers_come_from_this_module() -> None:
    direct = [path.name for path in SOURCES.rglob("*.py") if "torch.optim import" in path.read_text(encoding="utf-8")]
    assert direct == ["torch_optimizers.py"]
