"""One cell of the contest, a network on a task under one optimizer: a search for its hyperparameters, then final runs.

Every optimizer gets the same: points of its own space, epochs, seeds, and with a seed the same weights and the same
order of the examples. The roles of a cell's runs, in their order:

- trial: each of so many quasi-random points of the optimizer's space, trained from one seed (1000 by default).
- rerun: the best of them by the task's metric on validation data, trained again from fresh seeds (1001, ...). The point
  with the best mean is the pick; one of which a rerun diverged stands behind all others.
- final: the pick, from fresh seeds (0, 1, ...). These runs are what is compared.
- default: the hyperparameters as they stand in params.yaml, from the first of the final seeds; they show what the
  search was worth.

Only final and default runs read the test split, each once, after its last epoch: it chooses nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Self

from bakeoff.base.budget import budgeted, of_budget
from bakeoff.base.progress import Progress
from bakeoff.base.record import Run
from bakeoff.base.roles import Role
from bakeoff.base.settings import Settings
from bakeoff.base.values import Positive
from bakeoff.contest.combination import Combination
from bakeoff.contest.finished_runs import FinishedRuns
from bakeoff.contest.protocol import COUNTS, Budget, PlannedRun
from bakeoff.contest.result import Result, weights
from bakeoff.contest.task_data import examples
from bakeoff.contest.trainer import Trainer, Watching, rank
from bakeoff.networks.registry import NETWORKS
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.optimizers.spaces import edge, points
from bakeoff.training.metrics import means
from bakeoff.training.settings import Device, PlanSettings, RunSettings
from bakeoff.training.supervised import Supervised


@dataclass(frozen=True)
class Cell:
    """A cell of the contest: one network under one optimizer on one task.

    Attributes:
        space: the hyperparameters that are searched, with the lowest and the highest value of each.
        metric: of the task, on validation data; higher is better.
    """

    combination: Combination
    space: Mapping[str, tuple[float, float]]
    budget: Budget
    metric: str
    device: Device

    @classmethod
    def read(cls, settings: Callable[[str, Any], Any], *, task: str, model: str, optimizer: str) -> Self:
        """Return the cell of params.yaml: `settings` gives the value of a dotted key, checked by a type."""
        section = settings(f"optimizers.{optimizer}", OPTIMIZERS[optimizer].section)
        counts = {name: of_budget(settings, f"contest.{name}", Positive) for name in COUNTS}
        run = settings("run", RunSettings)
        plan = settings(f"tasks.{task}.training", PlanSettings)
        return cls(
            combination=Combination(
                task=task,
                data=examples(settings, task),
                model=model,
                optimizer=optimizer,
                network=settings(f"networks.{model}", NETWORKS[model].settings),
                hyperparameters=section.defaults,
                training=budgeted(settings, plan).under(run),
            ),
            space=section.search,
            budget=Budget(
                **counts,
                seeds=of_budget(settings, f"contest.finals.{model}", Positive),
                search_seed=settings("contest.search_seed", int),
            ),
            metric=f"val/{settings(f'tasks.{task}.metric', str)}",
            device=run.device,
        )

    @property
    def name(self) -> str:
        return self.combination.name

    def run(
        self, workload: Supervised, watch: Watching, progress: Progress, finished: FinishedRuns, workers: int = 1
    ) -> Result:
        """Run the whole contest of the cell, as many trainings at a time as there are workers.

        A diverged run has a history up to its divergence, and neither metrics nor weights.
        """
        train = Trainer(
            lambda planned, checkpoint: self.combination.train(planned, workload, watch, checkpoint),
            self.metric,
            progress,
            finished,
            workers,
        )
        trials = self.trials()
        tried = {trial.point: trained.run for trial, trained in zip(trials, train(trials), strict=True)}
        finalists = sorted(trials, key=lambda trial: rank([tried[trial.point]], self.metric))[: self.budget.finalists]
        reruns = [rerun for finalist in finalists for rerun in self.reruns(finalist)]
        again: dict[int | None, list[Run]] = {finalist.point: [] for finalist in finalists}
        for rerun, trained in zip(reruns, train(reruns), strict=True):
            again[rerun.point].append(trained.run)
        pick = min(finalists, key=lambda finalist: rank(again[finalist.point], self.metric))
        tested = train([*self.finals(pick), *self.defaults()])
        search = self.search(pick, list(tried.values()), again[pick.point])
        runs = [search, *tried.values(), *chain(*again.values()), *(one.run for one in tested)]
        return Result(runs, weights(tested))

    def trials(self) -> list[PlannedRun]:
        """Return one planned run at each point."""
        seed, scales = self.budget.search_seed, OPTIMIZERS[self.combination.optimizer].scales
        found = points(self.space, scales, self.budget.trials, seed)
        return [
            PlannedRun(f"{self.name}-t{number}", Role.TRIAL, seed, number, self.at(point))
            for number, point in enumerate(found, start=1)
        ]

    def reruns(self, trial: PlannedRun) -> list[PlannedRun]:
        first = self.budget.search_seed + 1
        seeds = range(first, first + self.budget.reruns)
        return [replace(trial, name=f"{trial.name}-s{seed}", role=Role.RERUN, seed=seed) for seed in seeds]

    def finals(self, pick: PlannedRun) -> list[PlannedRun]:
        seeds = range(self.budget.seeds)
        return [replace(pick, name=f"{self.name}-s{seed}", role=Role.FINAL, seed=seed) for seed in seeds]

    def defaults(self) -> list[PlannedRun]:
        default = self.combination.hyperparameters
        return [
            PlannedRun(f"{self.name}-default-s{seed}", Role.DEFAULT, seed, None, default)
            for seed in range(self.budget.defaults)
        ]

    def at(self, point: Mapping[str, float]) -> Settings:
        """Return the hyperparameters at a point of the space; those that it does not name are as in params.yaml."""
        default = self.combination.hyperparameters
        return type(default)(**{**default.model_dump(), **point})

    def search(self, pick: PlannedRun, tried: Sequence[Run], again: Sequence[Run]) -> Run:
        """Return the search as a run: the parameters of the pick, and the means of its reruns that ended.

        Its `edge` is a warning where the pick lies at the edge of the space.
        """
        picked = {name: getattr(pick.hyperparameters, name) for name in self.space}
        of_pick = next(run for run in tried if run.parameters["point"] == pick.point)
        parameters = {**of_pick.parameters, "role": Role.SEARCH, "edge": edge(self.space, picked)}
        counts = {"trials": len(tried), "trials.diverged": sum(run.diverged is not None for run in tried)}
        metrics = counts | means([run.metrics for run in again if run.diverged is None])
        return Run(f"{self.name}-search", parameters, metrics)
