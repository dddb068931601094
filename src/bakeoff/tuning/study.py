"""A search, the confirmation of its best trial, and the record of both."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.base.progress import Progress
from bakeoff.base.record import Run, flat
from bakeoff.base.settings import Settings
from bakeoff.training.fit import Watch
from bakeoff.training.metrics import means
from bakeoff.tuning.executor import Trial, ending, full, search
from bakeoff.tuning.halving import Plan, planned
from bakeoff.tuning.objective import Asked, Objective, Trained
from bakeoff.tuning.searcher import Searcher
from bakeoff.tuning.settings import OPTIMIZER, SearchBudget, StudySettings
from bakeoff.tuning.space import Point

BEST = "best/val/"  # of the trials so far; not `val/`, whose metrics are means over the confirming trainings


@dataclass(frozen=True)
class Study:
    """One method's search over the space.

    Attributes:
        study: its name in params.yaml.
        data: path of the examples.
        hyperparameters: of the method.
    """

    study: str
    method: str
    data: str
    budget: SearchBudget
    settings: StudySettings
    hyperparameters: Settings
    objective: Objective
    searcher: Searcher

    @property
    def name(self) -> str:
        return f"{self.study}-{self.method}-s{self.settings.seed}"

    @property
    def trainings(self) -> int:
        """The number of trainings, those of the confirmation included."""
        return self.budget.trials + self.budget.confirmations

    @property
    def plan(self) -> Plan | None:
        """What halving trains; None for a search whose trials have all epochs."""
        halving = self.settings.stop.halving
        return planned(halving, self.settings.epochs, self.budget.trials) if halving else None

    def train(self, asked: Asked) -> Trained:
        point, seed = asked
        return self.objective(point) if seed is None else self.objective.confirm(point, seed)

    def run(
        self,
        train: Callable[[Sequence[Asked]], Sequence[Trained]],
        watch: Callable[[str, Mapping[str, Any]], Watch],
        progress: Progress,
        noted: Callable[[Trial], None] = lambda _: None,
    ) -> list[Run]:
        """The study, its trials `-t001`, ..., and the trainings `-c1`, ... that confirm the best of them.

        `train` has `self.train` done to each of what is asked together; in which process changes nothing. `noted` is
        called with each trial.

        If all trials diverged the first is confirmed, so that this is recorded, too.

        The study's metrics are means over the confirming trainings, which start from seeds that no trial has seen, and
        which alone read the test split. If one of them diverges, so does the study, and there are no means. The
        study's history is the best value of the objective so far, of trials with all epochs; its epochs are trainings
        spent. Its parameter `study.ended` names what ended the search: the budget, or one of the rules of `stop`.
        """
        show = watch(self.name, self.parameters())
        history: list[dict[str, float]] = []
        objective = self.settings.objective
        name, sign = f"{BEST}{objective}", 1 if objective == "loss" else -1

        def see(trial: Trial) -> None:
            noted(trial)
            value = trial.trained.value(objective) if trial.full else math.inf
            best = min(value, sign * history[-1][name] if history else math.inf)
            note = f"best val/{objective} {sign * best:.3f}" if math.isfinite(best) else ""
            progress.advance(int(trial.spent) - progress.done, note=note)
            if trial.full and math.isfinite(best):
                history.append({"epoch": trial.spent, name: sign * best})
                show(history[-1])

        settings, budget, plan = self.settings, self.budget, self.plan
        whole = plan.cost if plan else budget.trials
        trials = search(
            self.searcher,
            lambda points: train([(point, None) for point in points]),
            budget=whole,
            cheapest=plan.cheapest if plan else 1,
            batch=settings.batch,
            stop=settings.stop,
            watch=see,
            objective=objective,
        )
        ended = ending(trials, settings.stop, objective, whole)
        if unspent := budget.trials - progress.done:
            progress.advance(unspent, note=f"ended by its {ended} after {len(trials)} trials")
        best = best_of(trials, objective)
        seeds = [settings.seed + number for number in range(1, budget.confirmations + 1)]
        again = train([(best.point, seed) for seed in seeds])
        progress.advance(budget.confirmations)
        confirmed = [
            self.child(f"c{number}", seed, best.point, trained)
            for number, (seed, trained) in enumerate(zip(seeds, again, strict=True), start=1)
        ]
        parameters = (
            self.parameters() | self.named(best.point) | {"study.best": f"t{best.number:03}", "study.ended": ended}
        )
        counts = {"trials": len(trials), "trials.diverged": sum(bool(t.trained.diverged) for t in trials)}
        diverged = next((run.diverged for run in confirmed if run.diverged), None)
        metrics = {} if diverged else means([run.metrics for run in confirmed])
        tried = [self.child(f"t{t.number:03}", settings.seed, t.point, t.trained) for t in trials]
        return [Run(self.name, parameters, metrics | counts, history, diverged), *tried, *confirmed]

    def parameters(self) -> dict[str, Any]:
        """The parameters that all trainings of the study share, and those of the search; flat."""
        shared = {
            "task": self.settings.task,
            "data": self.data,
            "model": self.settings.model,
            "optimizer": ", ".join(self.settings.optimizers),
            "study": self.study,
            "method": self.method,
        }
        searched = {f"study.{name}": value for name, value in self.budget.model_dump().items()}
        searched |= {f"study.{name}": getattr(self.settings, name) for name in ("batch", "examples", "objective")}
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
        base = self.objective.base
        return base.named(base.at(point)) | point

    def child(self, suffix: str, seed: int, point: Point, trained: Trained) -> Run:
        parameters = self.parameters() | self.named(point) | {"seed": seed}
        return Run(f"{self.name}-{suffix}", parameters, trained.metrics, [], trained.diverged, parent=self.name)


def best_of(trials: Sequence[Trial], objective: str) -> Trial:
    """Return the first of the trials with the smallest value, of those with all epochs."""
    return min(full(trials), key=lambda trial: trial.trained.value(objective))
