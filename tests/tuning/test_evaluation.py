"""Trials of several trainings."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from bakeoff.base.record import Run, dump
from bakeoff.tuning import objective as trained_by
from bakeoff.tuning.evaluation import Evaluation, OfFolds, OfSeeds, Part, merged
from bakeoff.tuning.objective import Objective
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.settings import HalvingSettings
from bakeoff.tuning.space import Point
from bakeoff.tuning.trained import Trained
from bakeoff.tuning.trial_table import trial_table
from tests.tuning.test_resume import EPOCHS, Killed, Search, killed_after
from tests.tuning.test_study import REAL

BOTH = pytest.mark.parametrize("evaluation", [OfSeeds(seeds=3), OfFolds(folds=4)], ids=str)
ONE = OfSeeds(seeds=1)


def test_the_key_that_is_there_says_what_is_meant() -> None:
    read = TypeAdapter(Evaluation).validate_python
    assert read({"seeds": 3}) == OfSeeds(seeds=3)
    assert read({"folds": 5}) == OfFolds(folds=5)


def test_a_trial_has_the_mean_and_the_sample_deviation_of_its_trainings() -> None:
    rows = [
        {"val/loss": 1.0, "train/loss": 4.0, "parameters": 7},
        {"val/loss": 2.0, "train/loss": 6.0, "parameters": 7},
    ]
    found = merged(rows)
    assert found == {"val/loss": 1.5, "train/loss": 5.0, "parameters": 7, "sd/val/loss": pytest.approx(0.5**0.5)}
    assert isinstance(found["parameters"], int)


def test_a_trial_diverges_with_any_of_its_trainings() -> None:
    ended, lost = Trained({"val/loss": 1.0}, None), Trained({}, 4)
    assert Trained.of([ended, lost, Trained({}, 2)]) == Trained({}, 4)
    assert Trained.of([ended]) is not lost
    assert Trained.of([ended]) == ended
    assert Trained.of([lost]) == lost


def test_seeds_follow_that_of_the_study_and_confirmations_follow_them() -> None:
    assert ONE.parts(7) == [None]
    assert OfSeeds(seeds=3).parts(7) == [Part(7), Part(8), Part(9)]
    assert OfFolds(folds=2).parts(7) == [Part(7, 0, 2), Part(7, 1, 2)]
    assert (ONE.last, OfSeeds(seeds=3).last, OfFolds(folds=5).last) == (0, 2, 0)
    assert (ONE.cost, OfSeeds(seeds=3).cost, OfFolds(folds=5).cost) == (1, 3, 4)


@BOTH
def test_each_training_of_a_trial_is_one_that_can_be_made_alone(evaluation: OfSeeds | OfFolds, tmp_path: Path) -> None:
    """The value of a trial, from trainings of objectives that were built by hand."""
    search = Search("random", tmp_path, evaluation=evaluation)
    search.run(trials=3 * evaluation.cost)
    trial = next(run for run in search.runs if run.name.endswith("t002"))
    point = {name: trial.parameters[name] for name in REAL.space}
    whole = search.objective()
    alone = []
    for part in evaluation.parts(REAL.seed):
        assert part is not None
        own = (
            whole
            if part.fold is None
            else Objective(trained_by.held_out(whole.examples, part.fold, 4, REAL.seed), whole.base, REAL.seed)
        )
        alone.append(Objective(own.examples, own.base, part.seed)(point).metrics["val/loss"])
    assert len(set(alone)) == evaluation.trainings
    assert trial.metrics["val/loss"] == fmean(alone)
    assert trial.metrics["sd/val/loss"] == stdev(alone)


def test_every_point_has_the_same_folds_and_the_validation_split_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Any, ...]] = []
    search = Search("random", tmp_path, evaluation=OfFolds(folds=4))
    whole = search.objective().examples
    call = Objective.__call__

    def spy(self: Objective, point: Point, checkpoint: None) -> Trained:
        seen.append((self.seed, self.examples.train.x.tobytes(), self.examples.validation.x.tobytes()))
        mine = {row.tobytes() for row in np.concatenate([self.examples.train.x, self.examples.validation.x])}
        assert mine == {row.tobytes() for row in whole.train.x}
        return call(self, point, checkpoint)

    monkeypatch.setattr(Objective, "__call__", spy)
    search.run(trials=6)
    assert len(seen) == 2 * 4
    assert seen[:4] == seen[4:]
    assert len(set(seen)) == 4


def points_of(search: Search) -> list[Run]:
    return [run for run in search.runs if run.name.rpartition("-")[2].startswith("t")]


@pytest.mark.parametrize(
    ("evaluation", "points"), [(ONE, 12), (OfSeeds(seeds=3), 4), (OfSeeds(seeds=5), 2), (OfFolds(folds=5), 3)], ids=str
)
@pytest.mark.parametrize("method", [name for name in SEARCHERS if name not in ("gradient", "grid")])
def test_a_budget_of_trainings_pays_for_the_same_points_of_every_method(
    method: str, evaluation: OfSeeds | OfFolds, points: int, tmp_path: Path
) -> None:
    search = Search(method, tmp_path, evaluation=evaluation)
    search.run(trials=12)
    assert len(points_of(search)) == points == search.runs[0].metrics["trials"]
    assert [trial.spent for trial in search.trials] == [evaluation.cost * number for number in range(1, points + 1)]
    assert search.runs[0].history[-1]["epoch"] == evaluation.cost * points
    assert search.runs[0].parameters["study.ended"] == "budget"
    known = len({json.dumps(trial.point) for trial in search.trials})
    assert len(search.done) == evaluation.trainings * known + 2  # the confirming trainings


@BOTH
def test_confirmations_have_seeds_that_no_trial_has_seen(evaluation: OfSeeds | OfFolds, tmp_path: Path) -> None:
    search = Search("random", tmp_path, evaluation=evaluation)
    search.run(trials=6)
    tried = {of.seed for _, of in search.done if isinstance(of, Part)}
    confirmed = [of for _, of in search.done if isinstance(of, int)]
    assert confirmed == [max(tried) + 1, max(tried) + 2]
    assert tried == set(range(REAL.seed, REAL.seed + evaluation.last + 1))
    assert all(run.parameters["study.evaluation"] == str(evaluation) for run in search.runs)


@BOTH
def test_the_number_of_workers_changes_no_byte_of_trials_of_several_trainings(
    evaluation: OfSeeds | OfFolds, tmp_path: Path
) -> None:
    records = [
        Search("evolution", tmp_path / f"{workers}", evaluation=evaluation).run(trials=15, workers=workers)
        for workers in (1, 2, 4)
    ]
    assert records[0] == records[1] == records[2]


@BOTH
@pytest.mark.parametrize("method", ["random", "bayes"])
def test_a_search_that_was_killed_within_a_trial_repeats_no_training(
    method: str, evaluation: OfSeeds | OfFolds, tmp_path: Path
) -> None:
    whole = Search(method, tmp_path / "whole", evaluation=evaluation)
    records = whole.run(trials=15)
    draw = Random(method)
    for workers in (1, 2):
        stopped = Search(method, tmp_path / f"stopped-{workers}", evaluation=evaluation)
        for count in (1, draw.randint(2, 5)):  # a trial has three trainings or four
            with pytest.raises(Killed):
                stopped.run(trials=15, kill=killed_after(count), workers=workers)
        ended = len(stopped.done)
        assert stopped.run(trials=15, workers=workers) == records
        assert sorted(map(str, stopped.done)) == sorted(map(str, whole.done))
        assert stopped.taken >= ended


def test_more_seeds_take_the_trainings_of_fewer(tmp_path: Path) -> None:
    one = Search("random", tmp_path)
    one.run(trials=3)
    three = Search("random", tmp_path, evaluation=OfSeeds(seeds=3))
    three.run(trials=9)
    known = {json.dumps(point) for point, of in one.done if of is None}
    assert len(known) == 3
    assert not [of for point, of in three.done if json.dumps(point) in known and of == Part(REAL.seed)]


@BOTH
def test_halving_charges_each_rung_for_all_trainings_of_a_trial(evaluation: OfSeeds | OfFolds, tmp_path: Path) -> None:
    halving = HalvingSettings(kind="halving", first=1, factor=2, resume=False)
    budget = 6 * evaluation.cost
    search, plain = (
        Search("random", tmp_path / "many", halving, evaluation),
        Search("random", tmp_path / "one", halving),
    )
    search.run(trials=budget)
    plain.run(trials=6)
    epochs = [[run.parameters["training.epochs"] for run in points_of(of)] for of in (search, plain)]
    assert epochs[0] == epochs[1]
    assert search.trials[-1].spent == sum(epochs[0]) / EPOCHS * evaluation.cost <= budget


def table(search: Search) -> Sequence[str]:
    return trial_table(search.trials, REAL.space, search.goal).splitlines()


def test_the_table_has_the_deviation_only_where_there_is_one(tmp_path: Path) -> None:
    one, three = Search("random", tmp_path), Search("random", tmp_path, evaluation=OfSeeds(seeds=3))
    one.run(trials=3)
    three.run(trials=9)
    heads = [table(one)[0], table(three)[0]]
    assert heads[0].endswith(",penalty.weight_decay,loss,diverged")
    assert heads[1].endswith(",penalty.weight_decay,loss,loss_sd,diverged")
    value, deviation, diverged = table(three)[1].split(",")[-3:]
    metrics = points_of(three)[0].metrics
    assert (float(value), float(deviation), diverged) == (metrics["val/loss"], metrics["sd/val/loss"], "")
    assert not [name for run in one.runs for name in {**run.metrics, **run.parameters} if "sd/" in name]
    assert "study.evaluation" not in one.runs[0].parameters


def test_one_seed_is_the_search_of_before(tmp_path: Path) -> None:
    """As the trainings of a trial were asked for and logged before there could be several."""
    search = Search("random", tmp_path, evaluation=ONE)
    records = search.run(trials=3)
    assert [of for _, of in search.done] == [None, None, None, REAL.seed + 1, REAL.seed + 2]
    whole = search.objective()
    assert [run.metrics for run in points_of(search)] == [whole(trial.point).metrics for trial in search.trials]
    assert records == dump([asdict(run) for run in search.runs])
