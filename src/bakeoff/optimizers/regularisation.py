"""Penalties, weight decay and gradient clipping, for any optimizer.

Penalties and decay are applied to weight matrices and kernels only, tensors of two dimensions or more: a bias, or the
scale of a norm, does not make a function less smooth. The clip is of all gradients.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from bakeoff.optimizers.settings import RegularisationSettings


class Regularisation:
    """Penalties, clipping and decay around the steps of an optimizer.

        g     <- g + l1 sign(theta) + l2 theta             the gradient of l1 sum |theta| + l2 / 2 sum theta^2
        g     <- g min(1, clip / |g|)                      |g| is the norm of all gradients as one vector
        theta <- theta - lr weight_decay theta             decoupled: applied beside the gradient, not in it

    Under plain gradient descent l2 and weight_decay are the same. Under Adam the gradient of l2 is divided by the root
    mean square of the gradients, so that weights with large gradients decay least.

    Source: the clip: Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063, algorithm 1; the decay: Loshchilov & Hutter 2019,
    arXiv:1711.05101, algorithm 2.
    Differs: torch's clip_grad_norm_ divides by |g| + 1e-6; its AdamW, and Lion's, decay biases too.
    """

    def __init__(self, parameters: Iterable[Tensor], settings: RegularisationSettings) -> None:
        self.parameters = list(parameters)
        self.penalised = [theta for theta in self.parameters if theta.ndim > 1]
        self.settings = settings

    @torch.no_grad()
    def gradients(self) -> float | None:
        """Add the gradients of the penalties, and clip: after `backward`, before the optimizer's step.

        Return the norm before the clip; None if nothing is clipped, for computing a norm takes time.
        """
        l1, l2, clip = self.settings.l1, self.settings.l2, self.settings.clip
        for theta in self.penalised if l1 or l2 else ():
            if theta.grad is not None:
                if l1:
                    theta.grad.add_(theta.sign(), alpha=l1)
                if l2:
                    theta.grad.add_(theta, alpha=l2)
        if clip is None:
            return None
        length = norm(self.parameters)
        if not length <= clip:  # an infinite gradient becomes NaN here, and the training ends as diverged
            for theta in self.parameters:
                if theta.grad is not None:
                    theta.grad.mul_(clip / length)
        return length

    @torch.no_grad()
    def decay(self, learning_rate: float) -> None:
        """Shrink the weights: before the optimizer's step, at the learning rate of that step."""
        if self.settings.weight_decay:
            for theta in self.penalised:
                theta.mul_(1 - learning_rate * self.settings.weight_decay)


@torch.no_grad()
def norm(parameters: Iterable[Tensor]) -> float:
    """Return the Euclidean norm of all gradients as one vector.

    In float64, for the squares of float32 overflow from 1e19 on.
    """
    squares = [theta.grad.double().square().sum() for theta in parameters if theta.grad is not None]
    return math.sqrt(torch.stack(squares).sum().item()) if squares else 0.0
