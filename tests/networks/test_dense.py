"""The dense layer computes what torch's does, by NumPy where that is faster and torch need not see it."""

import copy
import warnings
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.utils._python_dispatch import TorchDispatchMode

from bakeoff.networks import dense
from bakeoff.networks.layers import linear

N, D, K = 64, 128, 96  # large enough for NumPy


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes of the products that NumPy computes."""
    computed, found = dense.matmul, list[tuple[int, ...]]()

    def counted(a: Tensor, b: Tensor) -> Tensor:
        found.append((*a.shape, b.shape[1]))
        return computed(a, b)

    monkeypatch.setattr(dense, "matmul", counted)
    return found


def layer(inputs: int = D, outputs: int = K, *, bias: bool = True) -> nn.Linear:
    made = linear(inputs, outputs, 0.1, torch.Generator().manual_seed(0), bias=bias)
    if bias:
        with torch.no_grad():
            made.bias.copy_(torch.linspace(-1, 1, outputs))
    return made


def by_torch(of: nn.Linear) -> nn.Linear:
    """Return a copy of a layer that is torch's own."""
    twin = copy.deepcopy(of)
    twin.__class__ = nn.Linear
    return twin


def drawn(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def passed(through: nn.Linear, x: Tensor, slope: Tensor) -> list[Tensor | None]:
    """Return the output of a layer, and the gradients of its input and parameters."""
    x = x.detach().requires_grad_(x.requires_grad)
    through.zero_grad()
    y = through(x)
    if y.requires_grad:
        y.backward(slope)
    return [y.detach(), x.grad, *(weight.grad for weight in through.parameters())]


def same(found: list[Tensor | None], expected: list[Tensor | None], rtol: float) -> None:
    """Compare with an error that is relative to the largest value: sums of both signs may cancel."""
    for one, other in zip(found, expected, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.shape == other.shape
            most = other.abs().max().item() if other.numel() else 0.0
            torch.testing.assert_close(one.double(), other.double(), rtol=0, atol=rtol * most)


def test_it_is_torchs_layer_in_all_but_the_products() -> None:
    assert list(layer().state_dict()) == ["weight", "bias"]
    assert list(layer(bias=False).state_dict()) == ["weight"]
    assert isinstance(layer(), nn.Linear)


@pytest.mark.parametrize(("bias", "of_x", "of_weight"), list(product([True, False], repeat=3)))
def test_values_and_gradients_are_those_of_torch(
    bias: bool, of_x: bool, of_weight: bool, calls: list[tuple[int, ...]]
) -> None:
    ours = layer(bias=bias)
    ours.weight.requires_grad_(of_weight)
    x, slope = drawn(N, D).requires_grad_(of_x), drawn(N, K, seed=2)
    found = passed(ours, x, slope)
    assert calls == [(N, D, K)] + [(N, K, D)] * of_x + [(K, N, D)] * of_weight
    # float32 rounds by 6e-8, and the longest sum has 128 terms: errors add up to about 6e-7.
    same(found, passed(by_torch(ours), x, slope), 2e-6)
    same(found, passed(by_torch(ours).double(), x.double(), slope.double()), 2e-6)


# Of networks in training and in evaluation, and at the edges of the kernels: their tiles are 8 x 4 and 384 deep.
@pytest.mark.parametrize(
    "shape", [(32, 784, 128), (1024, 126, 128), (500, 784, 10), (8, 4111, 17), (61, 8, 1999), (4001, 389, 9)]
)
def test_products_are_exact_to_float32(shape: tuple[int, int, int], calls: list[tuple[int, ...]]) -> None:
    n, d, k = shape
    ours, x, slope = layer(d, k), drawn(n, d).requires_grad_(), drawn(n, k, seed=2)
    found = passed(ours, x, slope)
    assert len(calls) == 3
    same(found, passed(by_torch(ours).double(), x.double(), slope.double()), 1e-5)


@pytest.mark.parametrize(
    "shape", [(0, D, K), (1, 784, 1024), (1024, 784, 1), (2**20, 1, 8), (32, 784, 10), (7, 2**10, 2**10)]
)
def test_empty_thin_and_small_products_are_left_to_torch(
    shape: tuple[int, int, int], calls: list[tuple[int, ...]]
) -> None:
    n, d, k = shape
    ours, x, slope = layer(d, k), drawn(n, d).requires_grad_(), drawn(n, k, seed=2)
    same(passed(ours, x, slope), passed(by_torch(ours), x, slope), 0)
    assert not calls


STRIDED: dict[str, Callable[[Tensor], Tensor]] = {
    "transposed": lambda x: x.t().contiguous().t(),
    "every second column": lambda x: x.repeat_interleave(2, 1)[:, ::2],
    "some columns": lambda x: torch.cat([x, x], 1)[:, : x.shape[1]],
    "expanded": lambda x: x[:1].expand(x.shape),
    "with a negative bit": lambda x: torch._neg_view(-x),
}


@pytest.mark.parametrize("laid", STRIDED)
def test_the_layout_of_inputs_and_gradients_changes_nothing(laid: str, calls: list[tuple[int, ...]]) -> None:
    ours, x, slope = layer(), STRIDED[laid](drawn(N, D)), STRIDED[laid](drawn(N, K, seed=2))
    here, there = drawn(N, D).requires_grad_(), x.requires_grad_()
    y = ours(there)
    y.backward(slope)
    assert len(calls) == 3
    plain = STRIDED[laid](here.detach()).resolve_neg().contiguous().requires_grad_()
    expected = passed(by_torch(ours), plain, slope.resolve_neg().contiguous())
    same([y.detach(), there.grad, ours.weight.grad, ours.bias.grad], [*expected[:2], *expected[2:]], 2e-6)


def test_inputs_and_weights_are_not_written_to() -> None:
    ours, x, slope = layer(), drawn(N, D).requires_grad_(), drawn(N, K, seed=2)
    before = [tensor.detach().clone() for tensor in (x, slope, *ours.parameters())]
    y, again = ours(x), ours(x)
    y.backward(slope)
    assert all(map(torch.equal, before, (x, slope, *ours.parameters())))
    assert y.data_ptr() != again.data_ptr()
    assert torch.equal(y, again)


def test_weights_that_change_before_the_backward_pass_are_an_error() -> None:
    ours, x = layer(), drawn(N, D).requires_grad_()
    y = ours(x)
    with torch.no_grad():
        ours.weight.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()  # type: ignore[no-untyped-call]


def test_modes_without_gradients_give_the_same_values(calls: list[tuple[int, ...]]) -> None:
    ours, x = layer(), drawn(N, D)
    expected = ours(x).detach()
    with torch.no_grad():
        assert torch.equal(ours(x), expected)
    with torch.inference_mode():
        inferred = ours(x)
        assert inferred.is_inference()
        assert torch.equal(inferred, expected)
    frozen = layer().requires_grad_(requires_grad=False)
    assert not frozen(x).requires_grad
    assert len(calls) == 4


def test_a_diverged_product_warns_no_more_than_torchs() -> None:
    ours, x = layer(), drawn(N, D).mul_(3e38)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = ours(x)
        y.backward(torch.full_like(y, torch.inf))
    assert not y.isfinite().all()


def test_other_numbers_and_other_dimensions_are_left_to_torch(calls: list[tuple[int, ...]]) -> None:
    ours, x = layer(), drawn(N, D)
    assert torch.equal(layer().double()(x.double()), by_torch(ours).double()(x.double()))
    assert torch.equal(layer().bfloat16()(x.bfloat16()), by_torch(ours).bfloat16()(x.bfloat16()))
    assert torch.equal(ours(x[0]), by_torch(ours)(x[0]))
    assert torch.equal(ours(x[None]), by_torch(ours)(x[None]))
    assert layer().to("meta")(x.to("meta")).device.type == "meta"
    with torch.autocast("cpu", torch.bfloat16):
        assert layer()(x).dtype is torch.bfloat16
    assert not calls
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        layer()(drawn(N, D + 1))


class Operations(TorchDispatchMode):
    """The names of the operations that torch computes, as its counters of operations see them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, operation: Any, _types: Any, arguments: Any = (), options: Any = None) -> Any:
        self.seen.append(str(operation))
        return operation(*arguments, **(options or {}))


def squares(network: nn.Module, x: Tensor) -> Callable[[dict[str, Tensor]], Tensor]:
    return lambda weights: functional_call(network, weights, (x,)).square().mean()


def test_a_gradient_can_be_differentiated(calls: list[tuple[int, ...]]) -> None:
    """The norm of the gradient, by the weights: once by autograd and once by torch.func."""
    x, found = drawn(N, D), []
    for ours in (layer(), by_torch(layer())):
        weights = dict(ours.named_parameters())
        slopes = torch.autograd.grad(ours(x).square().mean(), list(weights.values()), create_graph=True)
        norm = sum(slope.square().sum() for slope in slopes)
        assert isinstance(norm, Tensor)
        found.append([*slopes, *torch.autograd.grad(norm, list(weights.values()))])
        of = squares(ours, x)

        def norms(point: dict[str, Tensor], of: Callable[..., Tensor] = of) -> Tensor:
            return sum(slope.square().sum() for slope in grad(of)(point).values())  # type: ignore[return-value]

        found.append(list(grad(norms)({name: weight.detach() for name, weight in weights.items()}).values()))
    assert calls == [(N, D, K), (K, N, D)]  # the last gradient is not differentiated
    autograd, func, of_torch, func_of_torch = found
    same(autograd, of_torch, 1e-5)
    same(func, func_of_torch, 0)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's own, in jvp
def test_transforms_and_modes_of_torch_see_the_products(calls: list[tuple[int, ...]]) -> None:
    ours, x = layer(), drawn(4, N, D)
    torch.testing.assert_close(vmap(ours)(x), ours(x))
    tangent = torch.func.jvp(ours, (x[0],), (x[1],))[1]
    torch.testing.assert_close(tangent, F.linear(x[1], ours.weight))
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x[0], x[1])
        assert torch.autograd.forward_ad.unpack_dual(ours(dual)).tangent is not None
    with Operations() as operations:
        ours(x[0])
    assert "aten.addmm.default" in operations.seen
    assert not calls


def test_batched_gradients_are_left_to_torch() -> None:
    ours, x = layer(), drawn(N, D).requires_grad_()
    slopes = drawn(3, N, K)
    (batched,) = torch.autograd.grad(ours(x), x, slopes, is_grads_batched=True)
    torch.testing.assert_close(batched, slopes @ ours.weight)


def test_traces_and_scripts_contain_torchs_layer(calls: list[tuple[int, ...]]) -> None:
    ours, x = layer(), drawn(N, D)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        traced = torch.jit.trace(ours, x, check_trace=False)  # type: ignore[no-untyped-call]
        scripted = torch.jit.script(ours)
    exported = torch.export.export(ours, (x,)).module()
    assert not calls
    expected = by_torch(ours)(x)
    for made in (traced, scripted, exported):
        assert torch.equal(made(x), expected)
