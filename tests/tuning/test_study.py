from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from io import StringIO
from typing import Any

import numpy as np
import pytest

from bakeoff.base.progress import Progress
from bakeoff.base.record import Run, dump
from bakeoff.base.workers import Alone, answering
from bakeoff.data.examples import Examples, Split
from bakeoff.training.fit import Watch
from bakeoff.tuning.evaluation import OfSeeds
from bakeoff.tuning.hypergradient import Hypergradient
from bakeoff.tuning.objective import Objective
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.searchers.searcher import Problem, Proposal
from bakeoff.tuning.settings import (
    RandomSettings,
    Range,
    SearchBudget,
    StopSettings,
    StudySettings,
)
from bakeoff.tuning.space import Point
from bakeoff.tuning.study import Study
from bakeoff.tuning.trained import Trained
from tests.tuning.bases import base

NETWORK = {"hidden": [4], "normalisation": "none", "activation": "relu", "initialisation": "he", "dropout": 0.0}
LOSSES = (0.9, None, 0.5, 0.7, 0.5, 0.8)  # of the trials; the second one diverges
BOX = Range(low=0.1, high=0.9, scale="linear")
RATE = "optimizer.learning_rate"
BUDGET = SearchBudget(trials=6, confirmations=2)
SETTINGS = StudySettings(
    task="images",
    model="mlp",
    optimizer="momentum",
    start="params",
    objective="loss",
    methods=("random",),
    trials=None,
    batch=4,
    stop=StopSettings(target=None, patience=None, halving=None),
    evaluation=OfSeeds(seeds=1),
    epochs=2,
    examples=10,
    seed=3,
    fixed={},
    space={RATE: BOX, "optimizer.beta": BOX},
)


@pytest.mark.parametrize(("trials", "count"), [(None, 6), (9, 9), (0.5, 3), (0.01, 1)])
def test_a_study_has_a_number_of_trials_or_a_share_of_the_budgets(trials: float | None, count: int) -> None:
    budget = BUDGET.of(SETTINGS.model_copy(update={"trials": trials}))
    assert budget == BUDGET.model_copy(update={"trials": count})


class Listed:
    """Proposes as learning rate the number of the trial."""

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, n: int) -> list[Proposal]:
        self.asked += n
        return [Proposal({RATE: float(k + 1), "optimizer.beta": 0.5}) for k in range(self.asked - n, self.asked)]

    def tell(self, values: Sequence[float]) -> None: ...


@dataclass(frozen=True)
class Known:
    """Gives the losses above; a confirmation's loss is its seed, and seeds from `breaks` on diverge."""

    breaks: int = 100
    best: float = 3.0
    losses: Sequence[float | None] = LOSSES
    base = base(NETWORK, epochs=2, batch_size=5)

    def __call__(self, point: Point, _: object = None) -> Trained:
        loss = self.losses[int(point[RATE]) - 1]
        return Trained({}, diverged=1) if loss is None else Trained({"val/loss": loss, "val/accuracy": 1 - loss}, None)

    def confirm(self, point: Point, seed: int) -> Trained:
        assert point[RATE] == self.best
        return (
            Trained({}, diverged=2)
            if seed >= self.breaks
            else Trained({"val/loss": seed, "test/loss": 10 + seed}, None)
        )


KNOWN = Known()


def run(
    objective: Known = KNOWN, settings: StudySettings = SETTINGS
) -> tuple[list[Run], list[Mapping[str, float]], str]:
    rows: list[Mapping[str, float]] = []

    def watch(name: str, parameters: Mapping[str, Any]) -> Watch:
        assert name == "mlp-random-s3"
        assert parameters["method"] == "random"
        return rows.append

    study = Study("mlp", "random", "images.npz", BUDGET, settings, RandomSettings(), objective, Listed())  # type: ignore[arg-type]
    shown = StringIO()
    with Progress(study.trainings, "tune", shown) as progress:
        runs = study.run(Alone(study.train), watch, progress)
    return runs, rows, shown.getvalue()


def test_a_study_reports_the_means_of_the_confirmations_alone() -> None:
    study = run()[0][0]
    assert study.name == "mlp-random-s3"
    assert study.metrics == {"val/loss": 4.5, "test/loss": 14.5, "trials": 6, "trials.diverged": 1}
    assert study.parameters["study.best"] == "t003"  # the first of the two that reached 0.5
    assert study.parameters["optimizer.learning_rate"] == 3.0
    assert study.diverged is None


def test_no_trial_is_dropped() -> None:
    _, *children = run()[0]
    assert [child.name for child in children] == [
        *(f"mlp-random-s3-t{number:03}" for number in range(1, 7)),
        *("mlp-random-s3-c1", "mlp-random-s3-c2"),
    ]
    assert all(child.parent == "mlp-random-s3" for child in children)
    assert [child.metrics.get("val/loss") for child in children] == [*LOSSES, 4, 5]
    assert [child.diverged for child in children] == [None, 1, None, None, None, None, None, None]
    assert [child.parameters["optimizer.learning_rate"] for child in children] == [1, 2, 3, 4, 5, 6, 3, 3]
    assert [child.parameters["seed"] for child in children] == [3, 3, 3, 3, 3, 3, 4, 5]


def test_history_is_the_best_so_far() -> None:
    runs, rows, shown = run()
    assert [row["best/val/loss"] for row in runs[0].history] == [0.9, 0.9, 0.5, 0.5, 0.5, 0.5]
    assert [row["epoch"] for row in runs[0].history] == [1, 2, 3, 4, 5, 6]
    assert rows == runs[0].history
    assert "8/8" in shown


def test_history_begins_with_the_first_trial_that_ended() -> None:
    runs, _, _ = run(Known(losses=(None, None, 0.2, None, 0.3, 0.4)))
    assert [(row["epoch"], row["best/val/loss"]) for row in runs[0].history] == [(3, 0.2), (4, 0.2), (5, 0.2), (6, 0.2)]


@pytest.mark.parametrize(("patience", "tried", "ended"), [(None, 6, "budget"), (1, 4, "patience"), (6, 6, "budget")])
def test_a_study_records_what_ended_its_search(patience: int | None, tried: int, ended: str) -> None:
    settings = SETTINGS.model_copy(update={"stop": StopSettings(target=None, patience=patience, halving=None)})
    (study, *children), _, shown = run(settings=settings)
    assert study.parameters["study.ended"] == ended
    assert study.parameters["study.stop.patience"] == patience
    assert study.metrics["trials"] == tried
    assert len(children) == tried + 2
    assert "8/8" in shown


def test_a_study_diverges_with_any_of_its_confirmations() -> None:
    study, *_, last = run(Known(breaks=5))[0]
    assert last.diverged == study.diverged == 2
    assert study.metrics == {"trials": 6, "trials.diverged": 1}


def test_a_search_in_which_all_diverge_is_recorded() -> None:
    study, *children = run(Known(losses=(None,) * 6, breaks=0, best=1.0))[0]
    assert study.diverged == 2
    assert study.history == []
    assert study.metrics == {"trials": 6, "trials.diverged": 6}
    assert len(children) == 8


METHODS: dict[str, dict[str, Any]] = {
    "grid": {"levels": {"mlp": {RATE: 3, "optimizer.beta": 2, "penalty.weight_decay": 2}}},
    "random": {},
    "sobol": {},
    "bayes": {"startup_trials": 3},
    "gp": {"startup_trials": 8, "levels": 64},
    "cma": {"population": 4, "deviation": 0.3, "levels": 64},
    "evolution": {"population": 4, "keep": 0.5, "mutation": 0.1},
    "nsga2": {"population": 4, "crossover": 0.9, "mutations": 1.0},
    "gradient": {"outer_rate": 0.1, "steps": 3},
}
REAL_BUDGET = SearchBudget(trials=11, confirmations=2)
REAL = SETTINGS.model_copy(
    update={
        "batch": 3,
        "space": {
            RATE: Range(low=1e-2, high=1.0, scale="log"),
            "optimizer.beta": Range(low=0.5, high=0.9, scale="linear"),
            "penalty.weight_decay": Range(low=1e-4, high=1e-2, scale="log"),
        },
    }
)


def small_study(method: str) -> Study:
    """A search by a method, from nothing."""
    rng = np.random.default_rng(0)
    splits = [
        Split(rng.normal(size=(30, 4)).astype(np.float32), rng.integers(3, size=30, dtype=np.uint8)) for _ in "abc"
    ]
    shared = base(NETWORK | {"hidden": [5]}, epochs=2, batch_size=8)
    objective = Objective(Examples(*splits, classes=("a", "b", "c")), shared, REAL.seed)
    spec = SEARCHERS[method]
    hyperparameters = spec.settings.model_validate(METHODS[method])
    problem = Problem("mlp", shared.space(REAL), REAL_BUDGET.trials, REAL.seed, partial(Hypergradient, objective))
    searcher = spec.build(problem, hyperparameters)
    return Study("mlp", method, "images.npz", REAL_BUDGET, REAL, hyperparameters, objective, searcher)


def searched(method: str, workers: int) -> list[Run]:
    study = small_study(method)
    with answering(study.train, workers) as train, Progress(study.trainings, "tune", StringIO()) as progress:
        return study.run(train, lambda *_: lambda _: None, progress)


@pytest.mark.parametrize("method", SEARCHERS)
def test_the_number_of_workers_changes_no_byte_of_a_study(method: str) -> None:
    alone = searched(method, 1)
    # Each point has a loss of its own, so that their order shows. A child of NSGA-II may be a copy of an earlier point.
    asked = {str([run.parameters[name] for name in (*REAL.space, "seed")]) for run in alone[1:]}
    assert len({str(run.metrics) for run in alone[1:]}) == len(asked) > 4
    for workers in (2, 4):
        assert dump([asdict(run) for run in searched(method, workers)]) == dump([asdict(run) for run in alone])
