"""One optimizer and schedule on a stream: its rate chosen on the warm-up, then every seed in every drift scenario.

K classes.
"""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any, Self, get_args

import numpy as np

from bakeoff.base.budget import of_budget
from bakeoff.base.progress import Progress
from bakeoff.base.record import Run
from bakeoff.base.roles import Role
from bakeoff.base.settings import BadInput, Settings
from bakeoff.base.values import Positive
from bakeoff.data.table.settings import TargetSettings
from bakeoff.networks.softmax import SoftmaxSettings
from bakeoff.online.drift import Change, Scenario, changes
from bakeoff.online.kernels import Floats, Rows
from bakeoff.online.learner import Learner, Rule, judged, total
from bakeoff.online.lengths import Lengths
from bakeoff.online.settings import (
    SCHEDULES,
    DriftName,
    DriftSettings,
    EvaluationSettings,
    LearnerName,
    ScheduleName,
    SearchSettings,
    StreamSettings,
)
from bakeoff.online.stored import Stored
from bakeoff.online.stream import Stream
from bakeoff.online.window import Window
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.optimizers.schedules import ScheduleSettings
from bakeoff.training.fit import Watch

DRIFTS: tuple[DriftName, ...] = get_args(DriftName)
SEARCH_SEED = 1000  # which no run has


@dataclass(frozen=True)
class Trained:
    """The search for a rate, a run for each seed and drift, and the first seed's learner without drift."""

    runs: list[Run]
    learner: Learner
    stream: Stream

    def stored(self, target: TargetSettings) -> Stored:
        """Return the learner with its encoder, for new rows.

        Args:
            target: how a row says its class.
        """
        return Stored(self.stream.encoder, self.stream.classes, target, self.learner)

    def summary(self) -> dict[str, float]:
        """Return the mean of each metric over the seeds, by drift; rows to recovery are over recovered seeds."""
        found: dict[str, float] = {}
        for drift in DRIFTS:
            metrics = [run.metrics for run in self.runs if run.parameters.get("drift") == drift]
            for name in dict.fromkeys(name for one in metrics for name in one):
                found[f"{drift}/{name}"] = fmean(one[name] for one in metrics if name in one)
        return found


@dataclass(frozen=True)
class Training:
    """An optimizer under a schedule, over a stream.

    Attributes:
        data: path of the table.
        seeds: how many learners, each with first weights, answers and moments of its own.
    """

    data: str
    seeds: int
    optimizer: LearnerName
    schedule: ScheduleName
    hyperparameters: Settings
    scheduled: ScheduleSettings
    network: SoftmaxSettings
    stream: StreamSettings
    search: SearchSettings
    evaluation: EvaluationSettings
    drift: DriftSettings

    @classmethod
    def read(
        cls, settings: Callable[[str, Any], Any], *, optimizer: LearnerName, schedule: ScheduleName, data: str
    ) -> Self:
        """Return the training of params.yaml; `settings` gives the value of a dotted key, checked by a type."""
        return cls(
            data=data,
            seeds=of_budget(settings, "online.seeds", Positive),
            optimizer=optimizer,
            schedule=schedule,
            hyperparameters=settings(f"optimizers.{optimizer}.defaults", OPTIMIZERS[optimizer].settings),
            scheduled=settings(f"online.{schedule}", SCHEDULES[schedule]).schedule,
            network=settings("networks.softmax", SoftmaxSettings),
            stream=settings("online.stream", StreamSettings),
            search=settings("online.search", SearchSettings),
            evaluation=settings("online.evaluation", EvaluationSettings),
            drift=settings("online.drift", DriftSettings),
        )

    def fitted(self, rows: int) -> tuple[Self, list[str]]:
        """Return the training with lengths that fit the table, and a line if they were reduced."""
        settings = self.stream, self.evaluation, self.drift
        lengths = Lengths.of(rows, *settings)
        fitted = replace(self, stream=lengths.stream, evaluation=lengths.evaluation, drift=lengths.drift)
        return fitted, list(lengths.remarks(*settings))

    @property
    def name(self) -> str:
        return f"{self.optimizer}-{self.schedule}"

    def rule(self, learning_rate: float) -> Rule:
        return Rule(
            optimizer=self.optimizer,
            learning_rate=learning_rate,
            epsilon=getattr(self.hyperparameters, "epsilon", 0.0),
            schedule=self.scheduled,
            batch_size=self.stream.batch_size,
            delay=self.stream.delay,
        )

    def parameters(self, learning_rate: float, seed: int, role: Role) -> dict[str, Any]:
        """Everything that determines a run, flat."""
        named = {"task": "online", "data": self.data, "model": "softmax", "optimizer": self.optimizer, "seed": seed}
        named |= {"schedule": self.schedule, "rule": self.name, "role": role}
        sections = {
            "optimizer": self.hyperparameters,
            "schedule": self.scheduled,
            "network": self.network,
            "stream": self.stream,
            "evaluation": self.evaluation,
            "search": self.search,
            "drift": self.drift,
        }
        for section, settings in sections.items():
            named |= {f"{section}.{key}": value for key, value in settings.model_dump(mode="json").items()}
        return named | {"optimizer.learning_rate": learning_rate}

    def choose(self, stream: Stream) -> tuple[float, Run]:
        """Return the learning rate with the smallest mean loss on the warm-up (prequential evaluation).

        Raises:
            BadInput: no rate keeps the cost finite.
        """
        rates = self.search.rates
        fresh = Learner.fresh(self.rule(1.0), stream.encoder, len(stream.classes), self.network, SEARCH_SEED)
        learners = [replace(fresh.copy(), rule=self.rule(rate)) for rate in rates]
        costs, seen = np.zeros(len(rates)), 0
        for pieces in stream.read(0, stream.warmup):
            for rows in pieces:
                seen += len(rows.labels)
                factors = fresh.rule.factors(learners[0].step, self.steps(rows))
                for i, learner in enumerate(learners):
                    costs[i] += total(judged(learner.meet(rows, factors), rows.labels)[2])
        found = {rate: cost / seen for rate, cost in zip(rates, costs.tolist(), strict=True) if math.isfinite(cost)}
        if not found:
            raise BadInput(
                f"params.yaml: online.search: {self.name} diverges at every rate from {rates[0]:g} on; lower it"
            )
        best = min(found, key=lambda rate: found[rate])
        history = [
            {"epoch": i, "step": i, "learning_rate": rate, "warmup/loss": found[rate]}
            for i, rate in enumerate(rates, start=1)
            if rate in found
        ]
        end = {rates[0]: "low", rates[-1]: "high"}.get(best)
        edge = end and f"learning_rate {best:g} is online.search.{end}; widen the search"
        parameters = self.parameters(best, SEARCH_SEED, Role.SEARCH) | {"edge": edge}
        return best, Run(f"{self.name}-search", parameters, {"warmup/loss": found[best]}, history)

    def steps(self, rows: Rows) -> int:
        return -(-len(rows.labels) // self.stream.batch_size)

    def train(self, stream: Stream, watch: Callable[[str, Mapping[str, Any]], Watch], progress: Progress) -> Trained:
        """Train on the stream once, with all seeds in parallel, each in all scenarios."""
        rate, search = self.choose(stream)
        rule, place, step = self.rule(rate), 0, 0
        seeds = [Seed.fresh(self, rule, stream, number) for number in range(self.seeds)]
        lives = [watch(self.named(seed), self.parameters(rate, seed.number, Role.FINAL)) for seed in seeds]
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            for pieces in stream.read(0, stream.pieces):
                factors = []
                for rows in pieces:
                    factors.append(rule.factors(step, self.steps(rows)))
                    step += self.steps(rows)
                list(pool.map(lambda seed: seed.meet(place, pieces, factors), seeds))  # noqa: B023  done before the next
                place += len(pieces)
                for seed, live in zip(seeds, lives, strict=True):
                    for row in seed.scenarios["none"].history[seed.told :]:
                        live(row)
                    seed.told = len(seed.scenarios["none"].history)
                progress.advance(len(pieces), note=f"learning rate {rate:g}")
        runs = [self.run(seed, drift, rate) for drift in DRIFTS for seed in seeds]
        return Trained([search, *runs], seeds[0].scenarios["none"].learner, stream)

    def named(self, seed: "Seed", drift: DriftName = "none") -> str:
        return f"{self.name}-s{seed.number}" if drift == "none" else f"{self.name}-{drift}-s{seed.number}"

    def run(self, seed: "Seed", drift: DriftName, rate: float) -> Run:
        """Return the run of one seed in one scenario."""
        scenario = seed.scenarios[drift]
        parameters = self.parameters(rate, seed.number, Role.FINAL) | {"drift": drift}
        metrics = {} if scenario.diverged is not None else scenario.metrics()
        if drift != "none":
            parameters["drift.row"] = seed.since
            if metrics:
                metrics |= {"drift/errors": scenario.behind, "drift/recovered": float(scenario.recovered is not None)}
                metrics |= {} if scenario.recovered is None else {"drift/rows": scenario.recovered}
        return Run(self.named(seed, drift), parameters, metrics, scenario.history, scenario.diverged)


@dataclass
class Seed:
    """One seed in all its scenarios: the same rows, first weights and answers; a drift at one moment.

    Attributes:
        moment: the piece with which the other scenarios begin.
        since: rows measured until then.
        told: rows of the history that watchers have seen.
    """

    training: Training
    number: int
    warmup: int
    moment: int
    changes: Mapping[DriftName, Change]
    scenarios: dict[DriftName, Scenario]
    told: int = 0

    @classmethod
    def fresh(cls, training: Training, rule: Rule, stream: Stream, number: int) -> Self:
        classes, measured = len(stream.classes), stream.pieces - stream.warmup
        earliest, latest = (round(share * measured) for share in training.drift.between)
        moment = int(np.random.default_rng((number, 0)).integers(max(earliest, 1), max(latest, earliest, 1) + 1))
        learner = Learner.fresh(rule, stream.encoder, classes, training.network, number)
        window = Window.empty(classes, training.evaluation.window, training.evaluation.averaged)
        scenarios: dict[DriftName, Scenario] = {"none": Scenario(learner, window)}
        drifts = changes(stream.encoder.widths, classes, number)
        return cls(training, number, stream.warmup, stream.warmup + moment, drifts, scenarios)

    @property
    def since(self) -> int:
        return (self.moment - self.warmup) * self.training.evaluation.interval

    def meet(self, place: int, pieces: Sequence[Rows], factors: Sequence[Floats]) -> None:
        """Some pieces of the stream, the first of which is piece number `place`."""
        evaluation, drift = self.training.evaluation, self.training.drift
        for number, (rows, factor) in enumerate(zip(pieces, factors, strict=True), start=place):
            if number == self.moment:
                self.scenarios |= {name: self.scenarios["none"].branch() for name in DRIFTS if name != "none"}
            draws = np.random.default_rng((self.number, 1, number)).random(len(rows.labels))
            rows = rows._replace(learns=draws < self.training.stream.learnt)
            for name, scenario in self.scenarios.items():
                scenario.meet(self.changes[name](rows), factor, evaluation, measured=number >= self.warmup)
            past = (number - self.moment) * evaluation.interval
            for name, scenario in self.scenarios.items():
                if name != "none":
                    scenario.compare(self.scenarios["none"], past, drift)
