"""A combination of a task, a network and an optimizer, which a cell of the contest or a recipe trains."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.record import Run, dump, flat
from bakeoff.base.roles import SEARCHED, Role
from bakeoff.base.settings import Settings
from bakeoff.contest.finished_runs import Trained
from bakeoff.contest.protocol import PlannedRun
from bakeoff.contest.result import Result
from bakeoff.contest.trainer import Watching
from bakeoff.data.examples import Examples
from bakeoff.networks.registry import NETWORKS, SEGMENTERS
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.job import Job
from bakeoff.training.settings import TrainingSettings
from bakeoff.training.supervised import Classification, Segmentation, Supervised


@dataclass(frozen=True)
class Combination:
    """A network on a task under an optimizer, with its data and settings.

    Attributes:
        data: path of the examples.
        hyperparameters: of the optimizer, as they stand in params.yaml.
        refit: the workload trains on the validation data too, so that there is nothing to search or choose by.
        recipe: the file of the settings; None if they stand in params.yaml.
    """

    task: str
    data: str
    model: str
    optimizer: str
    network: Settings
    hyperparameters: Settings
    training: TrainingSettings
    refit: bool = False
    recipe: str | None = None

    @property
    def name(self) -> str:
        return f"{self.model}-{self.optimizer}"

    def workload(self, examples: Examples, device: torch.device) -> Supervised:
        """Return the workload of the examples."""
        kind = Segmentation if self.model in SEGMENTERS else Classification
        place = f"{self.recipe}: training" if self.recipe else f"params.yaml: tasks.{self.task}.training"
        return kind(examples, self.training, device, refit=self.refit, place=place)

    def train(
        self,
        planned: PlannedRun,
        workload: Supervised,
        watch: Watching,
        checkpoint: Checkpoint,
    ) -> Trained:
        """Train once; read the test split after the last epoch, if the role allows it."""
        shape, classes = workload.shape, len(workload.classes)
        spec, place = NETWORKS[self.model], f"{self.recipe}: network" if self.recipe else None
        started = Job(
            workload,
            lambda generator: spec.build(self.network, shape, classes, generator, place).to(workload.device),
            self.optimizer,
            planned.hyperparameters,
            self.training,
            planned.seed,
        ).start()
        network, parameters = started.network, self.parameters(planned, started.network, workload)
        outcome = started.fit(watch(planned.name, parameters), checkpoint)
        metrics, weights = outcome.final | outcome.on_subset, {}
        if outcome.diverged is None and planned.role not in SEARCHED:
            metrics |= {f"test/{name}": value for name, value in workload.evaluate(network, "test").items()}
        if outcome.diverged is None and planned.role in (Role.FINAL, Role.TRAINING):
            weights = {name: weight.cpu().contiguous() for name, weight in network.state_dict().items()}
        parent = f"{self.name}-search" if planned.role in SEARCHED else None
        return Trained(Run(planned.name, parameters, metrics, outcome.history, outcome.diverged, parent), weights)

    def parameters(self, planned: PlannedRun, network: nn.Module, workload: Supervised) -> dict[str, Any]:
        """Return everything that determines a run, flat, as MLflow shows it."""
        named: dict[str, Any] = {"task": self.task, "data": self.data, "model": self.model, "optimizer": self.optimizer}
        named["seed"] = planned.seed
        if planned.role != Role.TRAINING:
            named |= {"role": planned.role, "point": planned.point}
        named["refit"] = self.refit
        sections = {"optimizer": planned.hyperparameters, "network": self.network, "training": self.training}
        for section, settings in sections.items():
            named |= flat(section, settings.model_dump(mode="json"))
        named["network.parameters"] = sum(weight.numel() for weight in network.parameters())
        named["optimizer.state"] = OPTIMIZERS[self.optimizer].state_per_weight
        named["validation_subset"] = len(workload.subset)
        return named

    def save_card(self, result: Result, workload: Supervised, inputs: Mapping[str, str], path: Path) -> None:
        """Write the card of the weights: their network, their inputs, and the metrics of each seed.

        Args:
            inputs: sha256 of the data, by path.
        """
        spec, first = NETWORKS[self.model], result.final[0]
        names = type(self.hyperparameters).model_fields
        card = {
            "title": f"{spec.title} under {self.optimizer} on {self.task}",
            "source": spec.source,
            "data": dict(inputs),
            "shape": workload.shape,
            "classes": workload.classes,
            "weights": "s<seed>.<parameter name>: those of each seed below that has metrics",
            "parameters": first.parameters["network.parameters"],
            "network": self.network.model_dump(mode="json"),
            "optimizer": {"name": self.optimizer} | {name: first.parameters[f"optimizer.{name}"] for name in names},
            "training": self.training.model_dump(mode="json"),
            "trained on": ["training", "validation"] if self.refit else ["training"],
            "seeds": {
                str(run.parameters["seed"]): dict(run.metrics) if run.diverged is None else {"diverged": run.diverged}
                for run in result.final
            },
        }
        path.write_text(dump(card), encoding="utf-8")
