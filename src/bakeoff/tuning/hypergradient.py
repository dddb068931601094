"""The gradient of the validation loss by the hyperparameters of the training that leads to it."""

import math
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, repeat

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad

from bakeoff.base.settings import BadInput
from bakeoff.training.job import start
from bakeoff.training.supervised import Supervised
from bakeoff.tuning.candidate import Candidate
from bakeoff.tuning.differentiable import SEARCHED, differentiable
from bakeoff.tuning.dotted import found
from bakeoff.tuning.objective import Objective
from bakeoff.tuning.space import Point

# A step takes a gradient; to look back through it takes the derivative of that gradient, by reverse mode about twice as
# much again. Measured with 128 and 512 hidden units: 2.8 to 3.1 times the time of the same steps in a training.
STEP_COST = 3


@dataclass(frozen=True)
class Hypergradient:
    """Exact, by reverse differentiation through the first `steps` steps of a training under momentum:

        v <- beta v + (1 - beta) g,   theta <- theta - learning_rate v,   v_0 = g_0,
        g = gradient of cross-entropy + weight_decay / 2 sum theta^2

    Weights and batches are those that every trial of the objective meets. Memory grows with the number of steps.
    Source: Maclaurin, Duvenaud & Adams 2015, arXiv:1502.03492; Franceschi et al. 2017, arXiv:1703.01785.
    Differs: the steps are kept, not reversed; one learning rate, beta and weight decay for all layers and steps.

    Raises:
        BadInput: the study is one that it cannot differentiate.
    """

    objective: Objective
    steps: int

    def __post_init__(self) -> None:
        base = self.objective.base
        for fault in differentiable(base.at({})):
            raise BadInput(f"{base.place}.methods has gradient, and {fault}; take gradient off, or change that")

    @property
    def cost(self) -> int:
        """In trainings, rounded up."""
        return math.ceil(STEP_COST * self.steps / self.objective.steps)

    def __call__(self, point: Point) -> Point:
        """The derivative by each hyperparameter at a point; it may not be finite."""
        # A float64 scalar leaves the type of what it multiplies, and keeps its own digits.
        values = {name: torch.tensor(value, dtype=torch.float64) for name, value in point.items()}
        return {name: derivative.item() for name, derivative in grad(self.trained_loss)(values).items()}

    def trained_loss(self, point: dict[str, Tensor]) -> Tensor:
        """The validation loss after the steps, differentiable by the point."""
        candidate = self.objective.base.at({})
        values = {name: torch.tensor(value, dtype=torch.float64) for name, value in fixed(candidate).items()} | point
        learning_rate, beta, weight_decay = (values[name] for name in SEARCHED)
        workload = self.objective.workload(candidate, weight_decay)
        unpenalised = self.objective.workload(candidate, 0.0)
        network, generator = start(partial(self.objective.build, candidate, workload), self.objective.seed)
        slope = grad(lambda theta, batch: functional_call(Loss(network, workload), theta, (batch,)))
        theta = {name: weight.detach() for name, weight in Loss(network, workload).named_parameters()}
        velocity: dict[str, Tensor] = {}
        epochs = chain.from_iterable(map(workload.batches, repeat(generator)))
        for batch in islice(epochs, self.steps):
            g = slope(theta, batch)
            velocity = {name: beta * velocity[name] + (1 - beta) * g[name] for name in g} if velocity else g
            theta = {name: theta[name] - learning_rate * velocity[name] for name in g}
        x, y = unpenalised.held["validation"]
        loss: Tensor = functional_call(Loss(network, unpenalised), theta, ((x[:], y[:]),))
        return loss


def fixed(candidate: Candidate) -> dict[str, float]:
    """Return the values of the hyperparameters where they are not searched."""
    document = candidate.document()
    return {name: found(document, name) for name in SEARCHED}


class Loss(nn.Module):
    """A workload's loss as a module, so that the weights of its network can be exchanged in a call."""

    def __init__(self, network: nn.Module, workload: Supervised) -> None:
        super().__init__()
        self.network, self.workload = network, workload

    def forward(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        return self.workload.loss(self.network, batch)
