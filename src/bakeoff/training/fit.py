"""The training loop: the only one."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bakeoff.optimizers.regularisation import Regularisation
from bakeoff.optimizers.schedules import factor
from bakeoff.training.settings import LoopSettings
from bakeoff.training.workload import Batch, Workload

Watch = Callable[[Mapping[str, float]], None]  # is called with each row of the history

# Steps between two looks at the losses. On a GPU a look waits for all that is queued there; on a CPU it costs nothing.
# It is no part of the result: a look finds the first loss that ends the run, however many came after it.
LOOK = {"cpu": 1, "cuda": 64}


@dataclass(frozen=True)
class Outcome:
    """Attributes:
    history: one row an epoch, finite throughout.
    diverged: the step, counted from 1, at which the run diverged; its network is of no use.
    best: the epoch whose weights the network has; None if it diverged.
    """

    history: list[dict[str, float]]
    diverged: int | None
    best: int | None

    @property
    def final(self) -> dict[str, float]:
        """What the history says of the network as it is; nothing if it diverged."""
        if self.best is None:
            return {}
        return {name: v for name, v in self.history[self.best - 1].items() if name not in ("epoch", "step")}


class Diverged(Exception):
    def __init__(self, step: int) -> None:
        self.step = step


@dataclass
class Losses:
    """Those of one run's steps, read from the device in portions.

    Attributes:
        above: how many times the first loss is too much.
        first: the loss of the first step.
        read: those of the present epoch, as far as they were looked at.
    """

    above: float | None
    look: int
    first: float | None = None
    taken: int = 0
    read: list[float] = field(default_factory=list)
    pending: list[Tensor] = field(default_factory=list)

    def add(self, loss: Tensor) -> None:
        self.pending.append(loss.detach())
        self.taken += 1
        if len(self.pending) >= self.look:
            self.settle()

    def settle(self) -> None:
        """Look at what came since the last look.

        Raises:
            Diverged: a loss is not finite, or too large.
        """
        values = [loss.item() for loss in self.pending] if self.look == 1 else torch.stack(self.pending).tolist()
        begun = self.taken - len(values)
        self.pending = []
        for number, value in enumerate(values, begun + 1):
            if self.first is None:
                self.first = value
            if not math.isfinite(value) or (self.above is not None and value > self.above * self.first):
                raise Diverged(number)
        self.read += values

    def epoch(self) -> float:
        """The mean of the epoch that ends here."""
        if self.pending:
            self.settle()
        mean, self.read = fmean(self.read), []
        return mean


class Norms:
    """Mean Euclidean norms, over the steps of an epoch, of gradient and update of all weights together."""

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        self.parameters = list(parameters)
        self.squares: list[Tensor] = []  # (gradient's, update's) of each step

    def before(self) -> None:
        self.gradient = squares(weight.grad for weight in self.parameters if weight.grad is not None)
        self.weights = [weight.detach().clone() for weight in self.parameters]

    def after(self) -> None:
        pairs = zip(self.parameters, self.weights, strict=True)
        update = squares(weight.detach() - earlier for weight, earlier in pairs)
        self.squares.append(torch.stack([self.gradient, update]))

    def epoch(self) -> dict[str, float]:
        gradients, updates = zip(*torch.stack(self.squares).tolist(), strict=True)
        self.squares = []
        return {
            "train/gradient_norm": fmean(map(math.sqrt, gradients)),
            "train/update_norm": fmean(map(math.sqrt, updates)),
        }


def squares(tensors: Iterable[Tensor]) -> Tensor:
    """The sum of all squares, in float64, whose last bits no history shows."""
    return torch.stack([tensor.detach().double().square().sum() for tensor in tensors]).sum()


def fit(
    network: nn.Module,
    workload: Workload[Batch],
    optimizer: Optimizer,
    settings: LoopSettings,
    *,
    generator: torch.Generator,
    watch: Watch,
) -> Outcome:
    """Trains `network` in place and returns what was seen on the way: test data is never read.

    A row of the history holds `epoch`, `step` (updates until then), `train/loss` (the mean over the epoch's batches,
    each taken before its step and without penalties), `val/...`, what the workload measures at the end of the epoch,
    and norms on request, the gradient's before penalties and clip, the update's with all that moves the weights.
    `watch` is called with each row. A loss or a metric that is not finite, or a loss above the settings' multiple of
    the first, ends the training, and its epoch enters no row. What an early stop leaves are the weights of the epoch
    with the least validation loss, the first of them; without one they are the last epoch's.
    """
    history: list[dict[str, float]] = []
    losses = Losses(settings.diverged_above, LOOK[next(network.parameters()).device.type])
    norms = Norms(network.parameters()) if settings.norms else None
    best = Best(settings.early_stop.patience) if settings.early_stop else None
    regularisation = Regularisation(network.parameters(), settings.regularisation)
    rates = [group["lr"] for group in optimizer.param_groups]
    steps = settings.epochs * workload.steps
    try:
        for epoch in range(1, settings.epochs + 1):
            network.train()
            for batch in workload.batches(generator):
                optimizer.zero_grad()
                loss = workload.loss(network, batch)
                # Where chance decides how long an epoch is, the last steps may be more than were expected.
                share = factor(settings.schedule, min(losses.taken, steps - 1), steps)
                losses.add(loss)
                loss.backward()  # type: ignore[no-untyped-call]
                if norms:
                    norms.before()
                regularisation.gradients()
                for group, rate in zip(optimizer.param_groups, rates, strict=True):
                    group["lr"] = share * rate
                regularisation.decay(share * rates[0])
                optimizer.step()
                if norms:
                    norms.after()
            row = {"epoch": epoch, "step": losses.taken, "train/loss": losses.epoch()}
            row |= {f"val/{name}": value for name, value in workload.evaluate(network, "validation").items()}
            row |= norms.epoch() if norms else {}
            if not all(map(math.isfinite, row.values())):
                raise Diverged(losses.taken)
            history.append(row)
            watch(row)
            if best and best.waited(row, network):
                break
    except Diverged as diverged:
        return Outcome(history, diverged.step, None)
    return Outcome(history, None, best.restore(network) if best else len(history))


class Best:
    """The weights of the epoch with the least validation loss."""

    def __init__(self, patience: int) -> None:
        self.patience, self.loss, self.epoch = patience, math.inf, 0
        self.weights: dict[str, Tensor] = {}

    def waited(self, row: Mapping[str, float], network: nn.Module) -> bool:
        """Take in an epoch; whether as many as the patience have gone by since the best."""
        if row["val/loss"] < self.loss:
            self.loss, self.epoch = row["val/loss"], int(row["epoch"])
            self.weights = {name: weight.clone() for name, weight in network.state_dict().items()}
        return row["epoch"] - self.epoch >= self.patience

    def restore(self, network: nn.Module) -> int:
        network.load_state_dict(self.weights)
        return self.epoch
