"""The training loop, which all networks share."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from statistics import fmean
from typing import Any, Generic

import torch
from torch import Tensor, nn

from bakeoff.base.checkpoint import Checkpoint, pack, unpack
from bakeoff.base.distributed import leads
from bakeoff.base.memory import keep
from bakeoff.base.record import SUBSET
from bakeoff.base.torch_optimizers import Optimizer
from bakeoff.optimizers.evaluation import evaluated, settle
from bakeoff.optimizers.regularisation import Regularisation
from bakeoff.optimizers.schedules import factor
from bakeoff.training.device import precision
from bakeoff.training.ema import WeightAverage
from bakeoff.training.parallel import Sharded, join, meet
from bakeoff.training.settings import LoopSettings
from bakeoff.training.workload import Batch, Workload

Watch = Callable[[Mapping[str, float]], None]  # is called with each row of the history

# Steps between two looks at the losses. On a GPU a look waits for all that is queued there; on a CPU it costs nothing.
# It is no part of the result: a look finds the first loss that ends the run, however many came after it.
LOOK = {"cpu": 1, "cuda": 64}


@dataclass(frozen=True)
class Outcome:
    """The outcome of a training.

    Attributes:
        history: one row for each evaluation, with finite values only.
        diverged: the step, counted from 1, at which the run diverged; its network must not be used.
        best: the step whose weights the network has; None if it diverged.
    """

    history: list[dict[str, float]]
    diverged: int | None
    best: int | None

    @property
    def final(self) -> dict[str, float]:
        """The metrics of the final weights on all validation data; empty if the training diverged."""
        return {name: value for name, value in self.measured.items() if not name.startswith(SUBSET)}

    @property
    def on_subset(self) -> dict[str, float]:
        """The metrics of the same weights on the subset of the validation data."""
        return {name: value for name, value in self.measured.items() if name.startswith(SUBSET)}

    @property
    def measured(self) -> dict[str, float]:
        if self.best is None:
            return {}
        row = next(row for row in self.history if row["step"] == self.best)
        return {name: value for name, value in row.items() if name not in ("epoch", "step")}


class Diverged(Exception):
    def __init__(self, step: int) -> None:
        self.step = step


class Losses:
    """The losses of the steps of a run, read from the device in batches.

    Attributes:
        above: the multiple of the first loss above which a run has diverged.
        first: the loss of the first step.
        taken: the number of losses of all epochs.
        read: those since the last moment, as far as they were looked at.
    """

    def __init__(self, above: float | None, look: int) -> None:
        self.above, self.look = above, look
        self.first: float | None = None
        self.taken = 0
        self.read: list[float] = []
        self.pending: list[Tensor] = []

    def add(self, loss: Tensor) -> None:
        """Add the loss of a step.

        Raises:
            Diverged: this loss, or an earlier one that is only read now, is not finite, or too large.
        """
        self.taken += 1
        if self.look == 1:
            self.take(self.taken, loss.item())
            return
        self.pending.append(loss.detach())
        if len(self.pending) >= self.look:
            self.settle()

    def settle(self) -> None:
        """Read the losses since the last call.

        Raises:
            Diverged: a loss is not finite, or too large.
        """
        values = torch.stack(self.pending).tolist() if self.pending else []
        self.pending = []
        for number, value in enumerate(values, self.taken - len(values) + 1):
            self.take(number, value)

    def take(self, step: int, value: float) -> None:
        if self.first is None:
            self.first = value
        if not math.isfinite(value) or (self.above is not None and value > self.above * self.first):
            raise Diverged(step)
        self.read.append(value)

    def mean(self) -> float:
        """Return the mean loss since the last evaluation."""
        self.settle()
        mean, self.read = fmean(self.read), []
        return mean

    def state(self) -> dict[str, Any]:
        self.settle()
        return {"first": self.first, "taken": self.taken, "read": self.read}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.first, self.taken, self.read = state["first"], state["taken"], state["read"]


class Norms:
    """Mean Euclidean norms, over the steps between two moments, of gradient and update of all weights together."""

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

    def mean(self) -> dict[str, float]:
        gradients, updates = zip(*torch.stack(self.squares).tolist(), strict=True)
        self.squares = []
        return {
            "train/gradient_norm": fmean(map(math.sqrt, gradients)),
            "train/update_norm": fmean(map(math.sqrt, updates)),
        }


def squares(tensors: Iterable[Tensor]) -> Tensor:
    """Return the sum of all squares, in float64, because squares of float32 values above 1e19 overflow."""
    return torch.stack([tensor.detach().double().square().sum() for tensor in tensors]).sum()


class Best:
    """The weights of the epoch with the least validation loss, the first of those that have it."""

    def __init__(self, patience: int) -> None:
        self.patience, self.loss, self.epoch, self.step = patience, math.inf, 0, 0
        self.weights: dict[str, Tensor] = {}

    def waited(self, row: Mapping[str, float], network: nn.Module) -> bool:
        """Record the end of an epoch; return whether the best one is as many epochs ago as the patience."""
        if row["val/loss"] < self.loss:
            self.loss, self.epoch, self.step = row["val/loss"], int(row["epoch"]), int(row["step"])
            self.weights = {name: weight.clone() for name, weight in network.state_dict().items()}
        return row["epoch"] - self.epoch >= self.patience

    def give_back(self, network: nn.Module) -> int:
        """Set the best weights; return their step."""
        network.load_state_dict(self.weights)
        return self.step

    def state(self) -> dict[str, Any]:
        return {"loss": self.loss, "epoch": self.epoch, "step": self.step, "weights": self.weights}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.loss, self.epoch, self.step = state["loss"], state["epoch"], state["step"]
        self.weights = state["weights"]


class Loop(Generic[Batch]):
    """A run in progress.

    Attributes:
        epoch: epochs that have ended.
        batch: batches of the present epoch that are done.
        order: the generator's state at the start of the current epoch, from which its batches are drawn again.
    """

    def __init__(
        self,
        network: nn.Module,
        workload: Workload[Batch],
        optimizer: Optimizer,
        settings: LoopSettings,
        generator: torch.Generator,
        until: int | None = None,
    ) -> None:
        """Args:
        until: epochs after which the run pauses; None: it does not.
        """
        self.network, self.workload, self.optimizer, self.settings = network, workload, optimizer, settings
        self.until = settings.epochs if until is None else until
        self.generator, self.parameters = generator, list(network.parameters())
        device = self.parameters[0].device
        self.precision = precision(settings, device)
        # What is called in training; weights and buffers are the network's own.
        self.model: nn.Module = torch.compile(network) if settings.compile else network  # type: ignore[assignment]
        self.gradient: Callable[[Batch], Tensor]
        if settings.shards > 1:
            self.gradient = Sharded(self.model, workload, settings.shards, generator, self.precision)
        else:
            join(1, device)
            self.gradient = self.whole
        self.history: list[dict[str, float]] = []
        self.losses = Losses(settings.diverged_above, LOOK[device.type])
        self.norms = Norms(network.parameters()) if settings.norms else None
        self.best = Best(settings.early_stop.patience) if settings.early_stop else None
        self.average = WeightAverage(network, settings.ema.decay) if settings.ema else None
        regularised = any(settings.regularisation.model_dump().values())
        self.regularisation = Regularisation(network.parameters(), settings.regularisation) if regularised else None
        self.rates = [group["lr"] for group in optimizer.param_groups]
        self.steps = settings.epochs * workload.steps
        self.evaluations = min(settings.evaluations, self.steps)
        self.epoch, self.batch, self.order = 0, 0, generator.get_state()

    def batches(self) -> Iterator[Batch]:
        """Remaining batches of the epoch; drawing the order again leaves the generator unchanged."""
        if self.batch == 0:
            self.order = self.generator.get_state()
            return self.workload.batches(self.generator)
        now = self.generator.get_state()
        self.generator.set_state(self.order)
        rest = self.workload.batches(self.generator, self.batch)
        first = list(islice(rest, 1))  # the order is drawn with it
        self.generator.set_state(now)
        return chain(first, rest)

    def step(self, batch: Batch) -> None:
        for weight in self.parameters:  # Optimizer.zero_grad does no more, and takes thirty times as long to do it
            weight.grad = None
        loss = self.gradient(batch)
        # Where chance decides how long an epoch is, the last steps may be more than were expected.
        share = factor(self.settings.schedule, min(self.losses.taken, self.steps - 1), self.steps)
        self.losses.add(loss)
        if self.norms:
            self.norms.before()
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = share * rate
        if self.regularisation:
            self.regularisation.gradients()
            self.regularisation.decay(share * self.rates[0])
        self.optimizer.step()
        if self.average:
            self.average.update()
        if self.norms:
            self.norms.after()
        self.batch += 1

    def whole(self, batch: Batch) -> Tensor:
        """Compute the loss of a batch and its gradient, which is stored with the weights."""
        with self.precision():
            loss = self.workload.loss(self.model, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    @property
    def due(self) -> bool:
        """Return whether the last step was an evaluation step, ceil(k steps / evaluations), that has no row yet.

        The last moment is the end: where chance decides how long an epoch is, `steps` are as many as are expected.
        """
        taken = self.losses.taken
        measured = self.history[-1]["step"] if self.history else 0
        before, now = (step * self.evaluations // self.steps for step in (taken - 1, taken))
        return before < now < self.evaluations and taken > measured

    def end_epoch(self) -> None:
        self.epoch, self.batch = self.epoch + 1, 0

    @property
    def ended(self) -> bool:
        return self.epoch == self.until

    @property
    def pauses(self) -> bool:
        """Whether epochs are left where it ends."""
        return self.until < self.settings.epochs

    @contextmanager
    def evaluated(self) -> Iterator[None]:
        """Set the network's weights to those that are measured and kept, inside the context."""
        if self.average:
            with self.average.evaluated():
                yield
        else:
            with evaluated(self.optimizer):
                yield

    def settle(self) -> None:
        """Set the network's weights to those that are measured and kept, for good."""
        if self.average:
            self.average.settle()
        else:
            settle(self.optimizer)

    def measure(self, whole: bool) -> dict[str, float]:
        """Append a row to the history.

        Args:
            whole: whether to evaluate on all validation data too.

        Raises:
            Diverged: a loss or a metric is not finite.
        """
        # Where chance decides how long an epoch is, it may have more batches than were expected.
        epoch = self.epoch + min(self.batch / self.workload.steps, 1.0)
        row = {"epoch": epoch, "step": self.losses.taken, "train/loss": self.losses.mean()}
        with self.evaluated(), self.precision():
            on_all = self.workload.evaluate(self.network, "validation") if whole else {}
            same = whole and self.settings.evaluation_share is None
            on_subset = on_all if same else self.workload.evaluate(self.network, "validation_subset")
        self.network.train()
        for prefix, measured in (("val", on_all), (SUBSET, on_subset)):
            row |= {f"{prefix}/{name}": value for name, value in measured.items()}
        row |= self.norms.mean() if self.norms else {}
        if not all(map(math.isfinite, row.values())):
            raise Diverged(self.losses.taken)
        self.history.append(row)
        return row

    def state(self, outcome: Outcome | None = None) -> memoryview:
        """Return the state on which the rest of the run depends; for a finished run, its outcome."""
        return pack(
            {
                "network": self.network.state_dict(),
                "optimizer": self.optimizer.state_dict() if outcome is None else {},
                "generator": {"order": self.order, "now": self.generator.get_state()},
                "epoch": self.epoch,
                "batch": self.batch,
                "losses": self.losses.state() if outcome is None else {},
                "norms": self.norms.squares if self.norms else [],
                "average": self.average.state() if self.average and outcome is None else {},
                "best": self.best.state() if self.best else {},
                "history": self.history,
                "outcome": None if outcome is None else {"diverged": outcome.diverged, "best": outcome.best},
            }
        )

    def restore(self, packed: bytes) -> Outcome | None:
        """Go on from a state; the outcome, if it is that of a run that has ended.

        A state from beyond the pause is ignored.
        """
        state = unpack(packed)
        diverged = state["outcome"] is not None and state["outcome"]["diverged"] is not None
        if self.pauses and state["epoch"] + (state["batch"] > 0 or diverged) > self.until:
            return None
        self.network.load_state_dict(state["network"])
        self.history = state["history"]
        self.generator.set_state(state["generator"]["now"])
        if state["outcome"]:
            return Outcome(self.history, **state["outcome"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.order, self.epoch, self.batch = state["generator"]["order"], state["epoch"], state["batch"]
        self.losses.restore(state["losses"])
        if self.norms:
            self.norms.squares = [squares.to(self.norms.parameters[0].device) for squares in state["norms"]]
        if self.average:
            self.average.restore(state["average"])
        if self.best:
            self.best.restore(state["best"])
        return None


def fit(
    network: nn.Module,
    workload: Workload[Batch],
    optimizer: Optimizer,
    settings: LoopSettings,
    *,
    generator: torch.Generator,
    watch: Watch,
    checkpoint: Checkpoint | None = None,
    until: int | None = None,
) -> Outcome:
    """Train `network` in place, and return the outcome. Test data are never read.

    It is measured at the settings' number of moments, spaced evenly by steps, the last at the end; if there are
    fewer steps, after each. With an early stop it is measured at the end of each epoch too. A row of the history holds
    `epoch` (a fraction on the way), `step` (updates until then), `train/loss` (the mean over the batches since the last
    row, each taken before its step and without penalties), `val_subset/...`, what the workload measures on the fixed
    subset of the validation data, and norms on request, the gradient's before penalties and clip, the update's with all
    that moves the weights. The last row, and with an early stop each row at the end of an epoch, holds `val/...` too,
    on all validation data. `watch` is called with each row.

    Measuring changes nothing of the training. A loss or a metric that is not finite, or a loss above the settings'
    multiple of the first, ends the training, and enters no row. What an early stop leaves are the weights of the epoch
    with the least validation loss, the first of them; without one they are the last epoch's. If an optimizer
    evaluates other weights than it trains, or the settings ask for a moving average of them, it is those that are
    measured and left.

    All that chance decides in training must be drawn from `generator`, masks of dropout too: network, optimizer and
    generator as they were built, and the last state in the checkpoint, then give the weights to the bit that a run
    without a stop has. A run that has ended is saved with its outcome, and is not run again.

    A run with `until` pauses after so many epochs. Its schedule spans all epochs of the settings. The outcome is what
    would be left if it ended there; the checkpoint has the state before the last measurement, so that a run that goes
    on from it is the same as one that never paused.
    """
    keep()
    loop = Loop(network, workload, optimizer, settings, generator, until)
    writer = checkpoint if leads() else None
    packed = checkpoint.load() if checkpoint else None
    meet()  # before the first process writes again
    outcome = loop.restore(packed) if packed else None
    for row in loop.history:
        watch(row)
    if outcome:
        return outcome
    paused = False
    try:
        patient = True
        while patient and not loop.ended:
            network.train()
            for batch in loop.batches():
                if loop.due:
                    watch(loop.measure(whole=False))
                loop.step(batch)
                if writer and writer.due:
                    writer.settle(loop.state())
            loop.end_epoch()
            if loop.best:
                watch(row := loop.measure(whole=True))
                with loop.evaluated():
                    patient = not loop.best.waited(row, network)
            elif loop.due and not loop.ended:
                watch(loop.measure(whole=False))
        paused = patient and loop.pauses
        if writer and paused:
            writer.save(loop.state())
        if not loop.best:
            watch(loop.measure(whole=True))
        loop.settle()
        outcome = Outcome(loop.history, None, loop.best.give_back(network) if loop.best else loop.losses.taken)
    except Diverged as diverged:
        outcome = Outcome(loop.history, diverged.step, None)
    if writer and not paused:
        writer.save(loop.state(outcome))
    return outcome
