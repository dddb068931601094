"""Muon: momentum whose matrix is made nearly orthogonal before each step."""

import math

import torch
from torch import Tensor

from bakeoff.optimizers.adam import moments
from bakeoff.optimizers.root import root
from bakeoff.optimizers.rule import Rule, State


class Muon(Rule):
    """Steps a matrix of R rows and C columns, for which a convolution's kernels (R, ...) are flattened to (R, C), by

        B     <- beta B + g,    B_0 = 0
        theta <- theta - lr sqrt(max(1, R / C)) orthogonal(g + beta B)

    and any other tensor by Adam's rule at the rate adam_rate lr, with adam_beta1, adam_beta2 and adam_epsilon.

    Source: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/, with the factor of their program.
    Differs: the matrices of the first and of the last layer are under Muon too, for a rule sees no layers.
    """

    def start(self, theta: Tensor) -> State:
        return {name: torch.zeros_like(theta) for name in (("B",) if theta.ndim > 1 else ("m", "v"))}

    def update(
        self,
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
    """The matrix (R, C) with its singular values moved near to 1 and its singular vectors kept.

    Newton-Schulz: X <- a X + b (X X^T) X + c (X X^T)^2 X takes each singular value s to a s + b s^3 + c s^5.

    Differs: in the matrix's own precision, where the source takes bfloat16 for speed.
    """
    a, b, c = coefficients
    X = matrix / (root(matrix.square().sum()) + epsilon)  # no singular value above 1
    if tall := X.shape[0] > X.shape[1]:
        X = X.mT  # the smaller of the two products
    for _ in range(steps):
        A = X @ X.mT
        X = a * X + (b * A + c * A @ A) @ X
    return X.mT if tall else X
