"""The training loop: the only one."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import nn
from torch.optim import Optimizer

from bakeoff.training.workload import Batch, Workload

Watch = Callable[[Mapping[str, float]], None]  # is called with each row of the history


@dataclass(frozen=True)
class Outcome:
    history: list[dict[str, float]]  # one row an epoch, finite throughout
    diverged: int | None  # the epoch, counted from 1, in which a loss or a metric stopped being finite


def fit(
    network: nn.Module,
    workload: Workload[Batch],
    optimizer: Optimizer,
    *,
    epochs: int,
    generator: torch.Generator,
    watch: Watch,
) -> Outcome:
    """Trains `network` in place and returns what was seen on the way: test data is never read.

    A row of the history holds `epoch`, `train/loss` (the mean over the epoch's batches, each taken before its step)
    and `val/...`, what the workload measures at the end of the epoch. `watch` is called with each row. A loss or a
    metric that is not finite ends the training, and its epoch enters no row.
    """
    history: list[dict[str, float]] = []
    for epoch in range(1, epochs + 1):
        network.train()
        losses = []
        for batch in workload.batches(generator):
            optimizer.zero_grad()
            loss = workload.loss(network, batch)
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                return Outcome(history, diverged=epoch)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        measured = workload.evaluate(network, "validation")
        row = {"epoch": epoch, "train/loss": fmean(losses)} | {f"val/{name}": v for name, v in measured.items()}
        if not all(map(math.isfinite, row.values())):
            return Outcome(history, diverged=epoch)
        history.append(row)
        watch(row)
    return Outcome(history, diverged=None)
