"""Muon: momentum whose matrix is made nearly orthogonal before each step.

R rows and C columns; a convolution's kernels (R, ...) are flattened to (R, C).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bakeoff.optimizers.adam import moments
from bakeoff.optimizers.root import root
from bakeoff.optimizers.settings import Decay, Epsilon, PositiveFactor, RuleSettings
from bakeoff.optimizers.spec import OptimizerSpec, State, UpdateRule, zeros

if TYPE_CHECKING:
    from torch import Tensor

Coefficient = Annotated[float, Field(ge=-1e3, le=1e3)]


class MuonSettings(RuleSettings):
    """steps, coefficients: of the Newton-Schulz iteration, see `orthogonal`.

    adam_rate: the learning rate of what is not a matrix, as a multiple of `learning_rate`.
    """

    beta: Decay
    steps: Annotated[int, Field(ge=1, le=100)]
    coefficients: Annotated[tuple[Coefficient, Coefficient, Coefficient], Field(strict=False)]
    epsilon: Epsilon
    adam_rate: PositiveFactor
    adam_beta1: Decay
    adam_beta2: Decay
    adam_epsilon: Epsilon


def start(theta: Tensor) -> State:
    """Return the state of a matrix, or of a tensor under Adam's rule."""
    return (zeros("B") if theta.ndim > 1 else zeros("m", "v"))(theta)


def update(
    theta: Tensor,
    g: Tensor,
    state: State,
    *,
    lr: float,
    beta: float,
    steps: int,
    coefficients: tuple[float, float, float],
    epsilon: float,
    adam_rate: float,
    adam_beta1: float,
    adam_beta2: float,
    adam_epsilon: float,
) -> None:
    """Take a step."""
    if theta.ndim > 1:
        B = state["B"].mul_(beta).add_(g)
        matrix = (g + beta * B).flatten(1)  # (R, C)
        rate = lr * math.sqrt(max(1.0, matrix.shape[0] / matrix.shape[1]))
        theta.sub_(orthogonal(matrix, steps, coefficients, epsilon).reshape(theta.shape), alpha=rate)
    else:
        t = state["t"]
        m, v = moments(g, state, adam_beta1, adam_beta2)
        denominator = root(v / (1 - adam_beta2**t)).add_(adam_epsilon)
        theta.addcdiv_(m, denominator, value=-lr * adam_rate / (1 - adam_beta1**t))


def orthogonal(matrix: Tensor, steps: int, coefficients: tuple[float, float, float], epsilon: float) -> Tensor:
    """Return the matrix (R, C) with its singular values moved near to 1 and its singular vectors kept.

    Newton-Schulz: X <- a X + b (X X^T) X + c (X X^T)^2 X takes each singular value s to a s + b s^3 + c s^5.
    """
    a, b, c = coefficients
    X = matrix / (root(matrix.square().sum()) + epsilon)  # no singular value above 1
    if tall := X.shape[0] > X.shape[1]:
        X = X.mT  # the smaller of the two products
    for _ in range(steps):
        A = X @ X.mT
        X = a * X + (b * A + c * A @ A) @ X
    return X.mT if tall else X


SPECS = (
    OptimizerSpec(
        name="muon",
        formula="B <- beta B + g;  theta <- theta - lr sqrt(max(1, rows / columns)) NewtonSchulz(g + beta B);  "
        "B_0 = 0;  what is not a matrix: Adam with adam_beta1, adam_beta2, adam_epsilon at the rate adam_rate lr",
        source="Jordan et al. 2024, https://kellerjordan.github.io/posts/muon, and their program for the factor",
        deviations="the matrices of the first and last layer are under Muon too, for an optimizer sees no layers; a "
        "kernel's factor is that of its flattened matrix; in the precision of the weights, not in bfloat16",
        rate_source="the authors' program",
        state_per_weight=1,
        settings=MuonSettings,
        build=UpdateRule(update, start),
    ),
)
