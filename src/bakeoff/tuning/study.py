"""A search, the confirmation of the best that it finds, and the record of both."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.progress import Progress
from bakeoff.base.record import Run, flat
from bakeoff.base.settings import Settings
from bakeoff.base.workers import Answering
from bakeoff.training.fit import Watch
from bakeoff.tuning.embedding_settings import AnyStudy
from bakeoff.tuning.evaluation import Part
from bakeoff.tuning.executor import ending, search, search_in_window
from bakeoff.tuning.goal import Goal
from bakeoff.tuning.halving import Plan, planned
from bakeoff.tuning.measures import metric, sign, written
from bakeoff.tuning.one_objective import OneObjective
from bakeoff.tuning.searchers.searcher import Searcher
from bakeoff.tuning.settings import OPTIMIZER, SearchBudget, WindowSettings
from bakeoff.tuning.space import Point
from bakeoff.tuning.trained import Asked, Trained, Trainings
from bakeoff.tuning.trial import Trial
from bakeoff.tuning.two_objectives import TwoObjectives

BEST = "best/"  # of the trials so far; the metrics of an objective are means over the confirming trainings


@dataclass(frozen=True)
class Study:
    """One method's search over the space.

    Attributes:
        study: its name in params.yaml.
        data: path of the examples, or of the text.
        hyperparameters: of the method.
    """

    study: str
    method: str
    data: str
    budget: SearchBudget
    settings: AnyStudy
    hyperparameters: Settings
    objective: Trainings
    searcher: Searcher

    @property
    def name(self) -> str:
        return f"{self.study}-{self.method}-s{self.settings.seed}"

    @property
    def trainings(self) -> int:
        """The number of trainings, those of the confirmation included."""
        return self.budget.trials + self.budget.confirmations

    @property
    def goal(self) -> Goal:
        first, *others = self.settings.objectives
        return TwoObjectives((first, others[0])) if others else OneObjective(first)

    @property
    def plan(self) -> Plan | None:
        """The plan of halving; None for a search whose trials have all epochs."""
        halving = self.settings.stop.halving
        return planned(halving, self.settings.epochs, self.points) if halving else None

    @property
    def points(self) -> int:
        """The number of trials with all epochs that the budget pays for."""
        return self.settings.points(self.budget.trials)

    @property
    def train(self) -> Callable[..., Trained]:
        """The function `training` with the objective: what other processes need for each training of the search."""
        return partial(training, self.objective)

    def begin(self, train: Answering[Asked, Trained], point: Point) -> Callable[[], Trained]:
        """Return what waits for the trial of a point, whose trainings begin."""
        parts = self.settings.evaluation.parts(self.settings.seed)
        waiting = [train.begin((point, part)) for part in parts]
        return lambda: Trained.of([trained() for trained in waiting])

    def try_all(self, train: Answering[Asked, Trained], points: Sequence[Point]) -> Sequence[Trained]:
        """Return the trial of each point. All of their trainings begin together."""
        return [trial() for trial in [self.begin(train, point) for point in points]]

    def run(
        self,
        train: Answering[Asked, Trained],
        watch: Callable[[str, Mapping[str, Any]], Watch],
        progress: Progress,
        noted: Callable[[Trial], None] = lambda _: None,
    ) -> list[Run]:
        """The study, its trials `-t001`, ..., and the trainings `-c1`, ... that confirm the best of them.

        `train` has `self.train` done to each of what is asked together; in which process changes nothing. `noted` is
        called with each trial.

        The confirming trainings start from seeds that no trial has seen, and they alone read the test split. The
        study's history is the best value of each objective so far, of trials with all epochs; its epochs are trainings
        spent. Its parameter `study.ended` names what ended the search: the budget, or one of the rules of `stop`.
        """
        show = watch(self.name, self.parameters())
        history: list[dict[str, float]] = []
        settings, budget, plan, goal = self.settings, self.budget, self.plan, self.goal

        def see(trial: Trial) -> None:
            noted(trial)
            best = best_so_far(goal.objectives, history[-1] if history else {}, trial)
            shown = ", ".join(written(name, best[BEST + metric(name)]) for name in goal.objectives) if best else ""
            progress.advance(int(trial.spent) - progress.done, note=f"best {shown}" if shown else "")
            if trial.full and best:
                history.append({"epoch": trial.spent} | best)
                show(history[-1])

        whole, price = plan.cost if plan else self.points, settings.evaluation.cost
        if isinstance(settings.batch, WindowSettings):
            trials = search_in_window(
                self.searcher,
                partial(self.begin, train),
                budget=self.points,
                price=price,
                window=settings.batch.window,
                stop=settings.stop,
                watch=see,
                goal=goal,
            )
        else:
            trials = search(
                self.searcher,
                partial(self.try_all, train),
                budget=whole,
                price=price,
                cheapest=plan.cheapest if plan else 1,
                batch=settings.batch,
                stop=settings.stop,
                watch=see,
                goal=goal,
            )
        ended = ending(trials, settings.stop, goal, whole * price)
        if unspent := budget.trials - progress.done:
            progress.advance(unspent, note=f"ended by its {ended} after {len(trials)} trials")
        chosen = goal.chosen(trials, budget.confirmations)
        last = settings.seed + settings.evaluation.last
        asked = [(trial.point, last + number) for trial, number in chosen]
        again = train(asked)
        progress.advance(budget.confirmations)
        confirmed = [
            self.child(f"c{number}", seed, point, trained, goal.of_confirmation(trial))
            for number, ((trial, _), (point, seed), trained) in enumerate(
                zip(chosen, asked, again, strict=True), start=1
            )
        ]
        found, marks = goal.found(trials, confirmed), goal.marks(trials)
        parameters = self.parameters() | ({} if found.point is None else self.named(found.point))
        parameters |= {**found.parameters, "study.ended": ended}
        counts = {"trials": len(trials), "trials.diverged": sum(bool(t.trained.diverged) for t in trials)}
        tried = [self.child(t.name, settings.seed, t.point, t.trained, metrics=marks[t.number]) for t in trials]
        return [Run(self.name, parameters, {**found.metrics, **counts}, history, found.diverged), *tried, *confirmed]

    def parameters(self) -> dict[str, Any]:
        """The parameters that all trainings of the study share, and those of the search; flat."""
        shared = {
            **self.settings.subject,
            "data": self.data,
            "study": self.study,
            "method": self.method,
        }
        searched = {f"study.{name}": value for name, value in self.budget.model_dump().items()}
        batch = self.settings.batch
        searched["study.batch"] = f"window of {batch.window}" if isinstance(batch, WindowSettings) else batch
        searched["study.examples"] = self.settings.examples
        if self.settings.evaluation.trainings > 1:
            searched["study.evaluation"] = str(self.settings.evaluation)
        if self.settings.start != "params":
            searched["study.start"] = self.settings.start
        searched["study.objective"] = ", ".join(self.settings.objectives)
        searched |= flat("study.stop", self.settings.stop.model_dump())
        searched["study.space"] = ", ".join(self.settings.space)
        of_method = flat(self.method, self.hyperparameters.model_dump(mode="json"))
        if len(self.settings.optimizers) > 1:
            # Which other settings a training has depends on its optimizer.
            return (
                shared | {"seed": self.settings.seed} | searched | {"study.optimizers": shared[OPTIMIZER]} | of_method
            )
        return shared | {"seed": self.settings.seed} | searched | self.named({}) | of_method

    def named(self, point: Point) -> dict[str, Any]:
        """Return all settings of the training at a point, under dotted names."""
        return self.objective.base.named_at(point) | point

    def child(
        self,
        suffix: str,
        seed: int,
        point: Point,
        trained: Trained,
        parameters: Mapping[str, Any] = MappingProxyType({}),
        metrics: Mapping[str, float] = MappingProxyType({}),
    ) -> Run:
        """Args:
        parameters, metrics: further ones.
        """
        named = self.parameters() | self.named(point) | {"seed": seed, **parameters}
        return Run(f"{self.name}-{suffix}", named, {**trained.metrics, **metrics}, [], trained.diverged, self.name)


def training(
    objective: Trainings, asked: Asked, checkpoint: Callable[[Asked], Checkpoint | None] = lambda _: None
) -> Trained:
    """Return one training.

    Args:
        checkpoint: returns the checkpoint from which a training continues, and in which it pauses.
    """
    point, of = asked
    if isinstance(of, Part):
        return objective.part(point, of, checkpoint(asked))
    return objective(point, checkpoint(asked)) if of is None else objective.confirm(point, of)


def best_so_far(objectives: Sequence[str], last: Mapping[str, float], trial: Trial) -> dict[str, float]:
    """Return the best value of each objective, as it is; an empty dict before the first trial that ends.

    Args:
        last: the same before the trial.
    """
    best = {}
    for name in objectives:
        key, direction = BEST + metric(name), sign(name)
        value = trial.trained.value(name) if trial.full else math.inf
        least = min(value, direction * last[key] if key in last else math.inf)
        if math.isfinite(least):
            best[key] = direction * least
    return best
