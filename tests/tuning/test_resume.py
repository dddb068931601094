"""Searches that are stopped and go on, and searches that get more trials: the bytes of one that never stopped."""

import os
import signal
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from random import Random

import numpy as np
import pytest

from bakeoff.base.progress import Progress
from bakeoff.base.record import dump
from bakeoff.base.workers import answering
from bakeoff.data.examples import Examples, Split
from bakeoff.harness.study_rules import WINDOWED
from bakeoff.tuning.evaluation import OfFolds, OfSeeds
from bakeoff.tuning.halving import halved
from bakeoff.tuning.hypergradient import Hypergradient
from bakeoff.tuning.objective import Objective
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.searchers.searcher import Problem
from bakeoff.tuning.settings import HalvingSettings, SearchBudget, StopSettings, WindowSettings
from bakeoff.tuning.study import Study
from bakeoff.tuning.trained import Asked, Trained
from bakeoff.tuning.trial import Trial
from bakeoff.tuning.trial_log import LoggedTrainings, TrialLog
from tests.tuning.bases import base
from tests.tuning.test_study import METHODS, NETWORK, REAL

EVERY = pytest.mark.parametrize("method", SEARCHERS)
TRIALS = 11
EPOCHS = 4


class Killed(BaseException):
    pass


class Search:
    """A method's search of a small problem, by a log in a folder.

    Attributes:
        done: the trainings that ended, over all runs.
    """

    def __init__(
        self,
        method: str,
        folder: Path,
        halving: HalvingSettings | None = None,
        evaluation: OfSeeds | OfFolds = REAL.evaluation,
        batch: int | WindowSettings = REAL.batch,
    ) -> None:
        self.method, self.folder, self.checkpoints = method, folder, folder / "checkpoints"
        stop = StopSettings(target=None, patience=None, halving=halving)
        self.settings = REAL.model_copy(
            update={"stop": stop, "epochs": EPOCHS, "evaluation": evaluation, "batch": batch}
        )
        self.done: list[Asked] = []

    def objective(self) -> Objective:
        """Return what is searched."""
        rng = np.random.default_rng(0)
        splits = [
            Split(rng.normal(size=(30, 4)).astype(np.float32), rng.integers(3, size=30, dtype=np.uint8)) for _ in "abc"
        ]
        shared = base(NETWORK | {"hidden": [5]}, epochs=EPOCHS, batch_size=8, resume=self.settings.stop.resume)
        if shared.resume:  # a schedule that a pause must not shorten
            shared.values["training"]["schedule"] = {"kind": "cosine", "warmup": 0.0, "end": 0.0}  # type: ignore[index]
        return Objective(Examples(*splits, classes=("a", "b", "c")), shared, REAL.seed)

    def run(self, trials: int = TRIALS, kill: Callable[[int], None] = lambda _: None, workers: int = 1) -> str:
        """Return the records of the search.

        Args:
            kill: is called after each training that has ended, with their number in this run.
        """
        objective = self.objective()
        shared = objective.base
        spec = SEARCHERS[self.method]
        hyperparameters = spec.settings.model_validate(METHODS[self.method])
        budget = SearchBudget(trials=trials, confirmations=2)
        log = TrialLog(self.method, {"code": "c0de"}, self.folder, self.checkpoints)
        finished = LoggedTrainings(log, objective, {})
        before = len(self.done)

        def keep(asked: Asked, trained: Trained) -> None:
            finished.keep(asked, trained)
            self.done.append(asked)
            kill(len(self.done) - before)

        slope = partial(finished.slope, partial(Hypergradient, objective))
        problem = Problem("mlp", shared.space(REAL), self.settings.points(trials), REAL.seed, slope)
        halving = self.settings.stop.halving
        searcher = halved(halving, EPOCHS, problem, spec.of(hyperparameters))
        study = Study("mlp", self.method, "images.npz", budget, self.settings, hyperparameters, objective, searcher)
        with (
            log,
            answering(partial(study.train, checkpoint=finished.checkpoint), workers, keep) as train,
            Progress(study.trainings, "tune", StringIO()) as progress,
        ):
            self.trials: list[Trial] = []
            runs = study.run(finished.around(train), lambda *_: lambda _: None, progress, self.trials.append)
        self.taken, self.goal = log.taken, study.goal
        self.runs = runs
        return dump([asdict(run) for run in runs])


def killed_after(count: int) -> Callable[[int], None]:
    def kill(ended: int) -> None:
        if ended == count:
            raise Killed

    return kill


@EVERY
def test_a_search_that_was_killed_repeats_nothing_and_ends_in_the_same_bytes(method: str, tmp_path: Path) -> None:
    whole = Search(method, tmp_path / "whole")
    records = whole.run()
    draw = Random(method)
    for workers in (1, 2):
        stopped = Search(method, tmp_path / f"stopped-{workers}")
        for _ in range(3):
            with pytest.raises(Killed):
                stopped.run(kill=killed_after(draw.randint(1, 3)), workers=workers)
        ended = len(stopped.done)
        assert stopped.run(workers=workers) == records
        assert sorted(map(str, stopped.done)) == sorted(map(str, whole.done))
        assert stopped.taken >= ended


@EVERY
def test_more_trials_give_what_one_longer_search_gives(method: str, tmp_path: Path) -> None:
    longer = Search(method, tmp_path / "longer")
    records = longer.run()
    raised = Search(method, tmp_path / "raised")
    raised.run(trials=7)
    first = {str(asked) for asked in raised.done}
    assert raised.run() == records
    assert len({str(asked) for asked in raised.done}) == len(raised.done)
    both = {str(asked) for asked in longer.done} & first
    assert raised.taken >= len(both)  # some methods propose a point again
    assert len(both) >= 5  # the last points of a shorter search may be drawn otherwise


def test_a_search_that_has_ended_trains_nothing_when_it_runs_again(tmp_path: Path) -> None:
    search = Search("random", tmp_path)
    records = search.run()
    count = len(search.done)
    assert search.run() == records
    assert len(search.done) == count == search.taken


HALVED = [(name, "halving") for name in SEARCHERS if name not in ("gradient", "grid")]


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize(("method", "kind"), [*HALVED, ("random", "hyperband"), ("bayes", "hyperband")])
def test_a_search_by_halving_spends_its_budget_and_goes_on_after_a_kill(
    method: str, kind: str, resume: bool, tmp_path: Path
) -> None:
    halving = HalvingSettings.model_validate({"kind": kind, "first": 1, "factor": 2, "resume": resume})
    whole = Search(method, tmp_path / "whole", halving)
    budget = 6 if kind == "halving" else 9
    records = whole.run(trials=budget)
    study, *children = whole.runs
    trials = [run for run in children if run.parameters["seed"] == REAL.seed]
    confirmed = [run for run in children if run.parameters["seed"] != REAL.seed]
    epochs = [run.parameters["training.epochs"] for run in trials]
    assert set(epochs) == {1, 2, 4}
    further = [max(count // 2, 1) if count > 1 else count for count in epochs] if resume else epochs
    if kind == "halving":
        assert budget - 5 / EPOCHS < sum(further) / EPOCHS == whole.trials[-1].spent <= budget
    assert budget - 5 / EPOCHS < whole.trials[-1].spent <= budget
    assert study.metrics["trials"] == len(trials) > budget
    # The best is one of those with all epochs, and so are those that confirm it.
    best = min(run.metrics["val/loss"] for run in trials if run.parameters["training.epochs"] == EPOCHS)
    assert study.history[-1]["best/val/loss"] == best
    assert all(run.parameters["training.epochs"] == EPOCHS for run in [study, *confirmed])
    stopped = Search(method, tmp_path / "stopped", halving)
    for workers in (1, 2):
        with pytest.raises(Killed):
            stopped.run(trials=budget, kill=killed_after(4), workers=workers)
    assert stopped.run(trials=budget, workers=2) == records
    assert sorted(map(str, stopped.done)) == sorted(map(str, whole.done))


@pytest.mark.parametrize("method", WINDOWED)
def test_a_search_in_a_window_is_the_same_with_any_number_of_workers_and_after_kills(
    method: str, tmp_path: Path
) -> None:
    window = WindowSettings(window=3)
    whole = Search(method, tmp_path / "whole", batch=window)
    records = whole.run()
    assert len(whole.trials) == TRIALS
    for workers in (2, 4):
        stopped = Search(method, tmp_path / f"{workers}", batch=window)
        for count in (2, 3):
            with pytest.raises(Killed):
                stopped.run(kill=killed_after(count), workers=workers)
        ended = len(stopped.done)
        assert stopped.run(workers=workers) == records
        assert sorted(map(str, stopped.done)) == sorted(map(str, whole.done))
        assert stopped.taken >= ended


@pytest.mark.parametrize("method", WINDOWED)
def test_a_window_of_one_is_a_batch_of_one(method: str, tmp_path: Path) -> None:
    """One trial after the other; a wider window asks for a trial without the values of those before it."""
    one, batch = Search(method, tmp_path, batch=WindowSettings(window=1)), Search(method, tmp_path, batch=1)
    wide = Search(method, tmp_path, batch=WindowSettings(window=4))
    for search in (one, batch, wide):
        search.run()
    assert one.trials == batch.trials
    assert (wide.trials == batch.trials) == (method in ("grid", "random", "sobol"))


@pytest.mark.parametrize("evaluation", [OfSeeds(seeds=2), OfFolds(folds=3)], ids=str)
def test_a_trial_of_several_trainings_in_a_window_costs_as_many(evaluation: OfSeeds | OfFolds, tmp_path: Path) -> None:
    search = Search("random", tmp_path / "window", evaluation=evaluation, batch=WindowSettings(window=2))
    search.run(workers=2)
    batch = Search("random", tmp_path / "batch", evaluation=evaluation, batch=2)
    batch.run()
    assert search.trials == batch.trials
    assert search.trials[-1].spent == TRIALS // evaluation.cost * evaluation.cost


RESUMED = HalvingSettings(kind="halving", first=1, factor=2, resume=True)


@pytest.mark.parametrize("evaluation", [OfSeeds(seeds=1), OfSeeds(seeds=2), OfFolds(folds=3)], ids=str)
def test_a_training_that_goes_on_is_one_that_never_paused(evaluation: OfSeeds | OfFolds, tmp_path: Path) -> None:
    search = Search("random", tmp_path, RESUMED, evaluation)
    records = search.run(trials=4 * evaluation.cost)
    objective, parts = search.objective(), evaluation.parts(REAL.seed)
    assert {trial.point["training.epochs"] for trial in search.trials} == {1, 2, 4}
    for trial in search.trials:
        uninterrupted = [
            objective.part(trial.point, part) if part else objective(trial.point)  # without a checkpoint
            for part in parts
        ]
        assert trial.trained == Trained.of(uninterrupted)
    paused = [asked for asked in search.done if not isinstance(asked[1], int) and asked[0]["training.epochs"] < EPOCHS]
    ended = [asked for asked in search.done if not isinstance(asked[1], int) and asked[0]["training.epochs"] == EPOCHS]
    left = [path for path in search.checkpoints.rglob("*") if path.is_file() and path.suffix != ".previous"]
    lowest = [asked for asked in paused if asked[0]["training.epochs"] == 1]
    assert len(left) == len(lowest) - len(ended)  # one a training that has begun and not ended
    assert Search("random", tmp_path / "two", RESUMED, evaluation).run(4 * evaluation.cost, workers=2) == records


@pytest.mark.parametrize("damage", ["lost", "damaged"])
def test_checkpoints_that_are_gone_change_no_result(damage: str, tmp_path: Path) -> None:
    whole = Search("bayes", tmp_path / "whole", RESUMED)
    records = whole.run(trials=6)
    stopped = Search("bayes", tmp_path / "stopped", RESUMED)
    lowest = sum(asked[1] is None and asked[0]["training.epochs"] == 1 for asked in whole.done)
    with pytest.raises(Killed):
        stopped.run(trials=6, kill=killed_after(lowest + 1))
    files = [path for path in stopped.checkpoints.rglob("*") if path.is_file()]
    assert len(files) >= lowest
    for path in files:
        path.unlink() if damage == "lost" else path.write_bytes(path.read_bytes()[:-1])
    assert stopped.run(trials=6) == records
    assert sorted(map(str, stopped.done)) == sorted(map(str, whole.done))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_search_that_is_killed_between_two_rungs_goes_on_from_the_checkpoints(workers: int, tmp_path: Path) -> None:
    whole = Search("random", tmp_path / "whole", RESUMED)
    records = whole.run(trials=6)
    lowest = sum(asked[1] is None and asked[0]["training.epochs"] == 1 for asked in whole.done)

    def kill(ended: int) -> None:
        if ended == lowest:
            os.kill(os.getpid(), signal.SIGKILL)

    stopped = Search("random", tmp_path / "stopped", RESUMED)
    process = get_context("fork").Process(target=stopped.run, args=(6, kill, workers))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    kept = [path for path in stopped.checkpoints.rglob("*") if path.is_file()]
    assert len(kept) == lowest
    assert stopped.run(trials=6, workers=workers) == records
    assert stopped.taken == lowest
    assert len(stopped.done) == len(whole.done) - lowest


def test_a_search_without_halving_takes_the_full_trainings_of_one_with_it(tmp_path: Path) -> None:
    """A training with all epochs is the same training, however the search came to it."""
    halving = HalvingSettings(kind="halving", first=1, factor=2, resume=False)
    by_halving = Search("sobol", tmp_path, halving)
    by_halving.run(trials=6)
    plain = Search("sobol", tmp_path)
    plain.run(trials=6)
    tried = [asked for asked in by_halving.done if asked[1] is None and asked[0]["training.epochs"] == EPOCHS]
    known = {str(asked[0] | {"training.epochs": EPOCHS}) for asked in plain.done}
    assert tried
    assert not {str(asked[0]) for asked in tried} & known
