"""A study of two objectives: what the searchers are told, the front, and the trainings that confirm it."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from io import StringIO
from pathlib import Path
from random import Random

import numpy as np
import pytest

from bakeoff.base.progress import Progress
from bakeoff.base.record import Run, dump
from bakeoff.base.workers import Alone, answering
from bakeoff.data.examples import Examples, Split
from bakeoff.harness.study_rules import TRADING
from bakeoff.tuning.hypergradient import Hypergradient
from bakeoff.tuning.objective import Objective
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.searchers.searcher import Problem, Proposal
from bakeoff.tuning.settings import RandomSettings, Range, SearchBudget
from bakeoff.tuning.space import Point
from bakeoff.tuning.study import Study
from bakeoff.tuning.trained import Asked, Trained
from bakeoff.tuning.trial import Trial
from bakeoff.tuning.trial_log import LoggedTrainings, TrialLog
from bakeoff.tuning.trial_table import trial_table
from bakeoff.tuning.two_objectives import TwoObjectives
from tests.tuning.bases import base
from tests.tuning.test_study import BUDGET, METHODS, NETWORK, RATE, SETTINGS

GOAL = TwoObjectives(("accuracy", "parameters"))
SETTINGS_OF_TWO = SETTINGS.model_copy(update={"objective": ("accuracy", "parameters")})
# Accuracy and number of weights of each trial: the second diverges, the fifth equals the third, the sixth is dominated.
TRIALS = [(0.9, 50), None, (0.7, 20), (0.4, 10), (0.7, 20), (0.5, 30)]


def trained(of: tuple[float, int] | None) -> Trained:
    return Trained({}, 7) if of is None else Trained({"val/accuracy": of[0], "parameters": of[1]}, None)


def tried(values: Sequence[tuple[float, int] | None] = TRIALS) -> list[Trial]:
    return [Trial(n, n, {RATE: float(n)}, trained(of)) for n, of in enumerate(values, start=1)]


def test_both_objectives_are_told_so_that_less_is_better() -> None:
    assert GOAL.told(trained((0.9, 50))) == (-0.9, 50)
    assert TwoObjectives(("parameters", "accuracy")).told(trained((0.9, 50))) == (50, -0.9)
    assert GOAL.told(trained(None)) == (math.inf, math.inf)


def test_what_is_found_is_the_front_and_its_hypervolume_up_to_the_worst_values() -> None:
    found = GOAL.found(tried(), [])
    assert found.parameters == {"study.front": "t001, t003, t004"}
    # From t004, the worst accuracy, and t001, the largest network: 0.3 x 30 under t003, and t001 adds nothing.
    assert found.metrics == pytest.approx(
        {"front": 3, "hypervolume": 0.3 * 30, "reference/val/accuracy": 0.4, "reference/parameters": 50}
    )
    assert (found.point, found.diverged) == (None, None)


def test_a_study_of_which_all_trials_diverge_diverges() -> None:
    trials = tried([None, None])
    assert GOAL.found(trials, []).diverged == 7
    assert GOAL.chosen(trials, 2) == [(trials[0], 1), (trials[0], 2)]


@pytest.mark.parametrize(
    ("confirmations", "chosen"),
    [
        (1, [(1, 1)]),
        (2, [(1, 1), (4, 1)]),
        (3, [(1, 1), (3, 1), (4, 1)]),
        (5, [(1, 1), (3, 1), (4, 1), (1, 2), (3, 2)]),
    ],
)
def test_as_many_trainings_as_the_budget_has_confirm_the_front(
    confirmations: int, chosen: list[tuple[int, int]]
) -> None:
    assert [(trial.number, seed) for trial, seed in GOAL.chosen(tried(), confirmations)] == chosen


def test_the_table_has_both_values_and_says_which_trials_are_on_the_front() -> None:
    assert trial_table(tried(), [RATE], GOAL) == (
        "number,spent,optimizer.learning_rate,accuracy,parameters,front,diverged\n"
        "1,1,1.0,0.9,50,1,\n"
        "2,2,2.0,,,,7\n"
        "3,3,3.0,0.7,20,1,\n"
        "4,4,4.0,0.4,10,1,\n"
        "5,5,5.0,0.7,20,0,\n"
        "6,6,6.0,0.5,30,0,\n"
    )


class Listed:
    """Proposes as learning rate the number of the trial."""

    def __init__(self) -> None:
        self.asked = 0
        self.told: list[tuple[float, float]] = []

    def ask(self, n: int) -> list[Proposal]:
        self.asked += n
        return [Proposal({RATE: float(k + 1), "optimizer.beta": 0.5}) for k in range(self.asked - n, self.asked)]

    def tell(self, values: Sequence[tuple[float, float]]) -> None:
        self.told += values


class Known:
    """Gives the values above; a confirmation's accuracy is a tenth of its seed."""

    base = base(NETWORK, epochs=2, batch_size=5)

    def __call__(self, point: Point, _: object = None) -> Trained:
        return trained(TRIALS[int(point[RATE]) - 1])

    def confirm(self, point: Point, seed: int) -> Trained:
        return Trained({"val/accuracy": seed / 10, "parameters": int(point[RATE]), "test/accuracy": 0.5}, None)


def test_a_study_records_its_front_and_what_confirms_it() -> None:
    searcher = Listed()
    study = Study("mlp", "random", "x.npz", BUDGET, SETTINGS_OF_TWO, RandomSettings(), Known(), searcher)  # type: ignore[arg-type]
    shown = StringIO()
    with Progress(study.trainings, "tune", shown) as progress:
        head, *children = study.run(Alone(study.train), lambda *_: lambda _: None, progress)
    assert "8/8" in shown.getvalue()
    assert "best val/accuracy 0.900, parameters 10" in shown.getvalue()
    assert searcher.told[:2] == [(-0.9, 50), (math.inf, math.inf)]
    assert head.parameters["study.objective"] == "accuracy, parameters"
    assert head.parameters["study.front"] == "t001, t003, t004"
    assert head.parameters["study.ended"] == "budget"
    assert (head.metrics["front"], head.metrics["trials"], head.metrics["trials.diverged"]) == (3, 6, 1)
    assert head.history[-1] == {"epoch": 6, "best/val/accuracy": 0.9, "best/parameters": 10}
    trials, confirmed = children[:6], children[6:]
    assert [run.metrics.get("front") for run in trials] == [1, None, 1, 1, 0, 0]
    assert [run.metrics.get("parameters") for run in trials] == [50, None, 20, 10, 20, 30]
    assert [(run.name, run.parameters["study.trial"], run.parameters["seed"]) for run in confirmed] == [
        ("mlp-random-s3-c1", "t001", 4),
        ("mlp-random-s3-c2", "t004", 4),
    ]
    assert [run.parameters[RATE] for run in confirmed] == [1.0, 4.0]


SPACE = {
    RATE: Range(low=1e-2, high=1.0, scale="log"),
    "network.hidden.0": Range(low=2, high=12, scale="log"),
}
LEVELS = {"grid": {"levels": {"mlp": {RATE: 4, "network.hidden.0": 3}}}}
REAL = SETTINGS_OF_TWO.model_copy(update={"batch": 3, "space": SPACE})
EVERY = pytest.mark.parametrize("method", TRADING)


class Killed(BaseException):
    pass


class Search:
    """A method's search of a small problem, by a log in a folder."""

    def __init__(self, method: str, folder: Path) -> None:
        self.method, self.folder = method, folder
        self.done: list[Asked] = []

    def run(self, workers: int = 1, most: int = 1000) -> list[Run]:
        """Return the runs of the search, which is killed after so many trainings."""
        rng = np.random.default_rng(0)
        splits = [
            Split(rng.normal(size=(30, 4)).astype(np.float32), rng.integers(3, size=30, dtype=np.uint8)) for _ in "abc"
        ]
        shared = base(NETWORK, epochs=2, batch_size=8)
        objective = Objective(Examples(*splits, classes=("a", "b", "c")), shared, REAL.seed, counted=True)
        spec, budget = SEARCHERS[self.method], SearchBudget(trials=11, confirmations=3)
        hyperparameters = spec.settings.model_validate((METHODS | LEVELS)[self.method])
        log = TrialLog(self.method, {"code": "c0de"}, self.folder)
        finished = LoggedTrainings(log, objective, {})
        before = len(self.done)

        def keep(asked: Asked, found: Trained) -> None:
            finished.keep(asked, found)
            self.done.append(asked)
            if len(self.done) - before == most:
                raise Killed

        slope = partial(finished.slope, partial(Hypergradient, objective))
        problem = Problem("mlp", shared.space(REAL), budget.trials, REAL.seed, slope, objectives=2)
        searcher = spec.build(problem, hyperparameters)
        study = Study("mlp", self.method, "images.npz", budget, REAL, hyperparameters, objective, searcher)
        with (
            log,
            answering(study.train, workers, keep) as train,
            Progress(study.trainings, "tune", StringIO()) as progress,
        ):
            return study.run(finished.around(train), lambda *_: lambda _: None, progress)


@EVERY
def test_a_search_of_two_objectives_is_the_same_after_a_kill_and_by_two_workers(method: str, tmp_path: Path) -> None:
    whole = Search(method, tmp_path / "whole")
    runs = whole.run()
    text = dump([asdict(run) for run in runs])
    assert len(runs) == 1 + 11 + 3
    assert len({run.metrics["parameters"] for run in runs[1:]}) > 2
    # Of 4 inputs and 3 classes: (4 + 1) h + (h + 1) 3.
    assert all(run.metrics["parameters"] == 8 * run.parameters["network.hidden.0"] + 3 for run in runs[1:])
    stopped = Search(method, tmp_path / "stopped")
    with pytest.raises(Killed):
        stopped.run(most=Random(method).randint(1, 8))
    assert dump([asdict(run) for run in stopped.run(workers=2)]) == text
    assert sorted(map(str, stopped.done)) == sorted(map(str, whole.done))


@pytest.mark.parametrize("method", ["bayes", "nsga2"])
def test_a_searcher_that_looks_at_results_finds_more_than_at_random(method: str) -> None:
    """On two parabolas whose front is a line in the cube, with a corner in which trials diverge."""
    space = base(NETWORK, epochs=2, batch_size=8).space(
        REAL.model_copy(update={"space": {RATE: SPACE[RATE], "optimizer.beta": Range(low=0, high=0.9, scale="linear")}})
    )

    def values(point: Point) -> tuple[float, float]:
        x, y = math.log10(point[RATE]) / 2 + 1, point["optimizer.beta"] / 0.9
        if x > 0.95:
            return math.inf, math.inf
        return (x - 0.2) ** 2 + (y - 0.5) ** 2, (x - 0.6) ** 2 + (y - 0.5) ** 2

    def near(name: str, seed: int) -> int:
        """Return how many of the last 40 of 80 proposals lie near the front."""
        problem = Problem("mlp", space, 80, seed, lambda _: pytest.fail("no gradient"), objectives=2)
        hyperparameters = SEARCHERS[name].settings.model_validate(METHODS[name])
        searcher = SEARCHERS[name].build(problem, hyperparameters)
        points: list[Point] = []
        for _ in range(20):
            asked = [proposal.point for proposal in searcher.ask(4)]
            searcher.tell([values(point) for point in asked])
            points += asked
        return sum(abs(point["optimizer.beta"] / 0.9 - 0.5) < 0.15 for point in points[40:])

    assert sum(near(method, seed) for seed in range(4)) > 1.5 * sum(near("random", seed) for seed in range(4))
