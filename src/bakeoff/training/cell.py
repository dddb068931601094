"""One square of the contest: a network under an optimizer on a task, trained once for each seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from bakeoff.networks.registry import NETWORKS
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.progress import Progress
from bakeoff.record import Run, flat
from bakeoff.settings import Settings
from bakeoff.training.fit import Outcome, Watch, fit
from bakeoff.training.settings import CellSettings, Device, LearningRate
from bakeoff.training.supervised import Supervised


@dataclass(frozen=True)
class Trained:
    """A run for each seed, and the weights `s0.<parameter name>`, ... of those that did not diverge."""

    runs: list[Run]
    weights: dict[str, Tensor]

    def save(self, path: Path) -> None:
        save_file(self.weights, path)

    def summary(self) -> dict[str, float]:
        """How many runs diverged; over the others the mean of each metric and, as `<metric>.std`, its deviation.

        The standard deviation is the sample's, with n - 1, and stands there from two runs on.
        """
        finished = [run.metrics for run in self.runs if run.diverged is None]
        summary: dict[str, float] = {"diverged": len(self.runs) - len(finished)}
        for name in finished[0] if finished else ():
            values = [metrics[name] for metrics in finished]
            summary[name] = fmean(values)
            if len(values) > 1:
                summary[f"{name}.std"] = stdev(values)
        return summary


@dataclass(frozen=True)
class Cell:
    task: str
    data: str
    model: str
    optimizer: str
    network: Settings
    constants: Settings  # of the optimizer
    learning_rate: float
    training: CellSettings
    device: Device

    @classmethod
    def read(cls, settings: Callable[[str, Any], Any], *, task: str, data: str, model: str, optimizer: str) -> "Cell":
        """The cell of params.yaml: `settings` returns what stands there under a dotted key, checked by a type."""
        return cls(
            task=task,
            data=data,
            model=model,
            optimizer=optimizer,
            network=settings(f"networks.{model}", NETWORKS[model].settings),
            constants=settings(f"optimizers.{optimizer}", OPTIMIZERS[optimizer].settings),
            learning_rate=settings(f"{task}.learning_rate.{model}.{optimizer}", LearningRate),
            training=settings(f"{task}.training", CellSettings),
            device=settings("device", Device),
        )

    @property
    def rule(self) -> Settings:
        """The constants, with the task's rate."""
        return self.constants.model_copy(update={"learning_rate": self.learning_rate})

    @property
    def epochs(self) -> int:
        """Of all seeds together."""
        return self.training.seeds * self.training.epochs

    def parameters(self, seed: int) -> dict[str, Any]:
        """Everything that determines a run, flat, as MLflow shows it."""
        named = {"task": self.task, "data": self.data, "model": self.model, "optimizer": self.optimizer, "seed": seed}
        sections = {"optimizer": self.rule, "network": self.network, "training": self.training}
        for section, settings in sections.items():
            named |= flat(section, settings.model_dump(mode="json"))
        del named["training.seeds"]
        return named

    def fit(self, workload: Supervised, seed: int, watch: Watch) -> tuple[nn.Module, Outcome]:
        """One training. Weights, then the order of the examples, are drawn from `seed`: optimizers meet the same."""
        generator = torch.Generator().manual_seed(seed)
        network = NETWORKS[self.model].build(self.network, workload.shape, len(workload.classes), generator)
        network.to(workload.device)
        optimizer = OPTIMIZERS[self.optimizer].build(network.parameters(), self.rule)
        return network, fit(network, workload, optimizer, self.training, generator=generator, watch=watch)

    def train(
        self, workload: Supervised, watch: Callable[[str, Mapping[str, Any]], Watch], progress: Progress
    ) -> Trained:
        """A training for each seed. The test split is read once, after the last epoch.

        A diverged run has a history up to its divergence, and neither metrics nor weights.
        """
        runs: list[Run] = []
        weights: dict[str, Tensor] = {}
        for seed in range(self.training.seeds):
            name, parameters = f"{self.model}-{self.optimizer}-s{seed}", self.parameters(seed)
            live = watch(name, parameters)

            def see(row: Mapping[str, float], live: Watch = live) -> None:
                live(row)
                progress.advance(note=f"val/loss {row['val/loss']:.3f}")

            network, outcome = self.fit(workload, seed, see)
            parameters["network.parameters"] = sum(weight.numel() for weight in network.parameters())
            metrics: dict[str, float] = {}
            if outcome.diverged is None:
                metrics = outcome.final | {f"test/{key}": v for key, v in workload.evaluate(network, "test").items()}
                weights |= {f"s{seed}.{key}": w.cpu().contiguous() for key, w in network.state_dict().items()}
            missed = self.training.epochs - len(outcome.history)
            progress.advance(missed, note=f"{name} diverged at step {outcome.diverged}" if outcome.diverged else "")
            runs.append(Run(name, parameters, metrics, outcome.history, outcome.diverged))
        return Trained(runs, weights)
