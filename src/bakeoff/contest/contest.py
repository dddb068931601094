"""The contest in one cell: a network on a task under one optimizer, its constants searched before anything counts.

Every optimizer gets the same: points of its own space, epochs, seeds, and with a seed the same weights and the same
order of the examples. The roles of a cell's runs, in their order:

- trial: each of so many quasi-random points of the optimizer's space, trained from one seed (1000).
- rerun: the best of them by the task's metric on validation data, trained again from fresh seeds (1001, ...). The point
  with the best mean is the pick; one of which a rerun diverged stands behind all others.
- final: the pick, from fresh seeds (0, 1, ...). These runs are what is compared.
- default: the constants as they stand in params.yaml, from the first of the final seeds: what the search was worth.

Only final and default runs read the test split, each once, after its last epoch: it chooses nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Literal, Self

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.progress import Progress
from bakeoff.base.record import Run, dump, flat
from bakeoff.base.settings import Settings
from bakeoff.base.workers import side_by_side
from bakeoff.contest.finished_runs import Kept, Trained
from bakeoff.networks.registry import NETWORKS
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.optimizers.settings import SpaceSettings
from bakeoff.optimizers.spaces import edge, points
from bakeoff.training.fit import Watch, fit
from bakeoff.training.settings import Device, Positive, TrainingSettings
from bakeoff.training.supervised import Supervised

SEED = 1000  # of the trials; those of the reruns follow, those of the final runs begin at 0

Role = Literal["search", "trial", "rerun", "final", "default"]
TESTED: tuple[Role, ...] = ("final", "default")

Watching = Callable[[str, Mapping[str, Any]], Watch]  # a run's name and parameters


@dataclass(frozen=True)
class Entrant:
    """One training of a cell.

    Attributes:
        point: the number, from 1, of the trial whose constants it has; None for the default ones.
        constants: of the optimizer.
    """

    name: str
    role: Role
    seed: int
    point: int | None
    constants: Settings


@dataclass(frozen=True)
class Budget:
    """How often a cell may train: the same for every optimizer.

    Attributes:
        finalists: how many of the trials are trained again.
        reruns: of each finalist.
        seeds: final runs.
    """

    trials: int
    finalists: int
    reruns: int
    seeds: int

    @property
    def defaults(self) -> int:
        """Runs of the default constants."""
        return min(self.reruns, self.seeds)

    @property
    def trainings(self) -> int:
        return self.trials + self.finalists * self.reruns + self.seeds + self.defaults


@dataclass(frozen=True)
class Result:
    """What a cell made.

    Attributes:
        runs: the search as one, its trials and reruns, the final runs, those at the defaults.
        weights: of the final runs that did not diverge, as `s0.<parameter name>`, ...
    """

    runs: list[Run]
    weights: dict[str, Tensor]

    def save(self, path: Path) -> None:
        save_file(self.weights, path)

    @property
    def final(self) -> list[Run]:
        return [run for run in self.runs if run.parameters["role"] == "final"]

    def summary(self) -> dict[str, float]:
        """How many final runs diverged; over the others the mean of each metric and, as `<metric>.std`, its deviation.

        The standard deviation is the sample's, with n - 1, and stands there from two runs on.
        """
        finished = [run.metrics for run in self.final if run.diverged is None]
        summary: dict[str, float] = {"diverged": len(self.final) - len(finished)}
        for name in finished[0] if finished else ():
            values = [metrics[name] for metrics in finished]
            summary[name] = fmean(values)
            if len(values) > 1:
                summary[f"{name}.std"] = stdev(values)
        return summary


@dataclass(frozen=True)
class Cell:
    """One square of the contest.

    Attributes:
        data: path of the examples.
        constants: of the optimizer, as they stand in params.yaml.
        space: what is searched of them.
        metric: of the task, on validation data; higher is better.
        refit: the workload trains on the validation data too, so that there is nothing to search or choose by.
    """

    task: str
    data: str
    model: str
    optimizer: str
    network: Settings
    constants: Settings
    space: Mapping[str, tuple[float, float]]
    training: TrainingSettings
    budget: Budget
    metric: str
    device: Device
    refit: bool = False

    @classmethod
    def read(cls, settings: Callable[[str, Any], Any], *, task: str, data: str, model: str, optimizer: str) -> Self:
        """The cell of params.yaml: `settings` returns what stands there under a dotted key, checked by a type."""
        counts = {name: settings(f"{task}.contest.{name}", Positive) for name in ("trials", "finalists", "reruns")}
        return cls(
            task=task,
            data=data,
            model=model,
            optimizer=optimizer,
            network=settings(f"networks.{model}", NETWORKS[model].settings),
            constants=settings(f"optimizers.{optimizer}", OPTIMIZERS[optimizer].settings),
            space=settings(f"spaces.{optimizer}", SpaceSettings),
            training=settings(f"{task}.training", TrainingSettings),
            budget=Budget(**counts, seeds=settings(f"{task}.contest.seeds.{model}", Positive)),
            metric=f"val/{settings(f'comparison.metric.{task}', str)}",
            device=settings("device", Device),
        )

    @property
    def name(self) -> str:
        return f"{self.model}-{self.optimizer}"

    def hold(self, workload: Supervised, watch: Watching, progress: Progress, kept: Kept, workers: int = 1) -> Result:
        """The whole contest of the cell, as many trainings at a time as there are workers.

        What `kept` holds of a cell that was stopped is not trained again. A diverged run has a history up to its
        divergence, and neither metrics nor weights.
        """
        train = Trainer(self, workload, watch, progress, kept, workers)
        trials = self.trials()
        tried = {trial.point: trained.run for trial, trained in zip(trials, train(trials), strict=True)}
        finalists = sorted(trials, key=lambda trial: place([tried[trial.point]], self.metric))[: self.budget.finalists]
        reruns = [rerun for finalist in finalists for rerun in self.reruns(finalist)]
        again: dict[int | None, list[Run]] = {finalist.point: [] for finalist in finalists}
        for rerun, trained in zip(reruns, train(reruns), strict=True):
            again[rerun.point].append(trained.run)
        pick = min(finalists, key=lambda finalist: place(again[finalist.point], self.metric))
        tested = train([*self.finals(pick), *self.defaults()])
        search = self.search(pick, list(tried.values()), again[pick.point])
        weights = {
            f"s{trained.run.parameters['seed']}.{name}": weight
            for trained in tested
            for name, weight in trained.weights.items()
        }
        return Result([search, *tried.values(), *chain(*again.values()), *(one.run for one in tested)], weights)

    def trials(self) -> list[Entrant]:
        """One at each point."""
        found = points(self.space, self.budget.trials, SEED)
        return [
            Entrant(f"{self.name}-t{number}", "trial", SEED, number, self.at(point))
            for number, point in enumerate(found, start=1)
        ]

    def reruns(self, trial: Entrant) -> list[Entrant]:
        seeds = range(SEED + 1, SEED + 1 + self.budget.reruns)
        return [replace(trial, name=f"{trial.name}-s{seed}", role="rerun", seed=seed) for seed in seeds]

    def finals(self, pick: Entrant) -> list[Entrant]:
        seeds = range(self.budget.seeds)
        return [replace(pick, name=f"{self.name}-s{seed}", role="final", seed=seed) for seed in seeds]

    def defaults(self) -> list[Entrant]:
        seeds = range(self.budget.defaults)
        return [Entrant(f"{self.name}-default-s{seed}", "default", seed, None, self.constants) for seed in seeds]

    def at(self, point: Mapping[str, float]) -> Settings:
        """The constants at a point of the space; those that it does not name are as in params.yaml."""
        return type(self.constants)(**{**self.constants.model_dump(), **point})

    def search(self, pick: Entrant, tried: Sequence[Run], again: Sequence[Run]) -> Run:
        """The search as a run: the parameters of the pick, and the means of its reruns that ended.

        Its `edge` is a warning where the pick lies at the edge of the space.
        """
        rate = {name: getattr(pick.constants, name) for name in self.space}
        of_pick = next(run for run in tried if run.parameters["point"] == pick.point)
        parameters = {**of_pick.parameters, "role": "search", "edge": edge(self.space, rate)}
        counts = {"trials": len(tried), "trials.diverged": sum(run.diverged is not None for run in tried)}
        return Run(self.head, parameters, counts | mean([run.metrics for run in again if run.diverged is None]))

    @property
    def head(self) -> str:
        """The name of the search."""
        return f"{self.name}-search"

    def parameters(self, entrant: Entrant, network: nn.Module) -> dict[str, Any]:
        """Everything that determines a run, flat, as MLflow shows it."""
        named: dict[str, Any] = {"task": self.task, "data": self.data, "model": self.model, "optimizer": self.optimizer}
        named |= {"seed": entrant.seed, "role": entrant.role, "point": entrant.point}
        named["refit"] = self.refit
        sections = {"optimizer": entrant.constants, "network": self.network, "training": self.training}
        for section, settings in sections.items():
            named |= flat(section, settings.model_dump(mode="json"))
        named["network.parameters"] = sum(weight.numel() for weight in network.parameters())
        named["optimizer.state"] = OPTIMIZERS[self.optimizer].state
        return named

    def train(self, entrant: Entrant, workload: Supervised, watch: Watching, checkpoint: Checkpoint) -> Trained:
        """One training. Weights, then the order of the examples, are drawn from the seed: optimizers meet the same."""
        generator = torch.Generator().manual_seed(entrant.seed)
        network = NETWORKS[self.model].build(self.network, workload.shape, len(workload.classes), generator)
        network.to(workload.device)
        parameters = self.parameters(entrant, network)
        optimizer = OPTIMIZERS[self.optimizer].build(network.parameters(), entrant.constants)
        live = watch(entrant.name, parameters)
        outcome = fit(
            network, workload, optimizer, self.training, generator=generator, watch=live, checkpoint=checkpoint
        )
        metrics, weights = outcome.final, {}
        if outcome.diverged is None and entrant.role in TESTED:
            metrics |= {f"test/{name}": value for name, value in workload.evaluate(network, "test").items()}
        if outcome.diverged is None and entrant.role == "final":
            weights = {name: weight.cpu().contiguous() for name, weight in network.state_dict().items()}
        parent = None if entrant.role in TESTED else self.head
        return Trained(Run(entrant.name, parameters, metrics, outcome.history, outcome.diverged, parent), weights)

    def save_card(self, result: Result, workload: Supervised, inputs: Mapping[str, str], path: Path) -> None:
        """Write what the file of weights is, what it was made of, and how well each of its networks does.

        Args:
            inputs: sha256 of the data, by path.
        """
        spec, first = NETWORKS[self.model], result.final[0]
        constants = {name: first.parameters[f"optimizer.{name}"] for name in type(self.constants).model_fields}
        card = {
            "title": f"{spec.title} under {self.optimizer} on {self.task}",
            "source": spec.source,
            "data": dict(inputs),
            "shape": workload.shape,
            "classes": workload.classes,
            "weights": "s<seed>.<parameter name>: those of each seed below that has metrics",
            "parameters": first.parameters["network.parameters"],
            "network": self.network.model_dump(mode="json"),
            "optimizer": {"name": self.optimizer} | constants,
            "training": self.training.model_dump(mode="json"),
            "trained on": ["training", "validation"] if self.refit else ["training"],
            "seeds": {
                str(run.parameters["seed"]): dict(run.metrics) if run.diverged is None else {"diverged": run.diverged}
                for run in result.final
            },
        }
        path.write_text(dump(card), encoding="utf-8")


@dataclass
class Trainer:
    """Trains entrants and tells how it goes.

    Attributes:
        done: runs of the cell so far.
    """

    cell: Cell
    workload: Supervised
    watch: Watching
    progress: Progress
    kept: Kept
    workers: int
    done: list[Run] = field(default_factory=list)

    def __call__(self, entrants: Sequence[Entrant]) -> list[Trained]:
        """In the order of the entrants, whichever ends first."""
        found = {entrant.name: trained for entrant in entrants if (trained := self.kept.get(entrant.name))}
        for trained in found.values():
            self.tell(trained.run)
        missing = [entrant for entrant in entrants if entrant.name not in found]
        for entrant in side_by_side(self.train, missing, self.workers):
            found[entrant.name] = self.kept[entrant.name]
            self.tell(found[entrant.name].run)
        return [found[entrant.name] for entrant in entrants]

    def train(self, entrant: Entrant) -> None:
        """In this process or in a worker's: what comes of it goes by way of `kept`."""
        with self.kept.checkpoint(entrant.name) as checkpoint:
            self.kept.save(entrant.name, self.cell.train(entrant, self.workload, self.watch, checkpoint))

    def tell(self, run: Run) -> None:
        self.done.append(run)
        ended = [run for run in self.done if run.diverged is None]
        ranked = [] if self.cell.refit else ended
        best = min(ranked, key=lambda run: place([run], self.cell.metric), default=None)
        notes = [f"best {self.cell.metric} {best.metrics[self.cell.metric]:.4f} by {best.name}"] if best else []
        lost = len(self.done) - len(ended)
        self.progress.advance(note=", ".join(notes + ([f"{lost} diverged"] if lost else [])))


def place(runs: Sequence[Run], metric: str) -> tuple[int, float, float]:
    """What a point's runs are ranked by, the least first: how many diverged; of the rest the mean metric, then loss."""
    ended = [run.metrics for run in runs if run.diverged is None]
    if not ended:
        return len(runs), 0.0, 0.0
    return len(runs) - len(ended), -fmean(m[metric] for m in ended), fmean(m["val/loss"] for m in ended)


def mean(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of each metric over the rows; nothing of none."""
    return {name: fmean(row[name] for row in rows) for name in rows[0]} if rows else {}
