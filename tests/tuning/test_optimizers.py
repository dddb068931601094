"""Studies that choose among several optimizers."""

from dataclasses import asdict
from io import StringIO

import numpy as np
import pytest

from bakeoff.base.progress import Progress
from bakeoff.base.record import Run, dump
from bakeoff.base.workers import answering
from bakeoff.data.examples import Examples, Split
from bakeoff.harness.study_rules import CHOOSING
from bakeoff.tuning.candidate import Base
from bakeoff.tuning.objective import Objective
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.searchers.searcher import Problem
from bakeoff.tuning.settings import SearchBudget, StudySettings
from bakeoff.tuning.study import Study
from tests.tuning.bases import base
from tests.tuning.test_study import METHODS, NETWORK, REAL

ADAM, SGD = "optimizer.adam.learning_rate", "optimizer.sgd.learning_rate"
BUDGET = SearchBudget(trials=12, confirmations=1)
STUDY = StudySettings.model_validate(
    REAL.model_dump()
    | {
        "optimizer": ["adam", "sgd"],
        "space": {
            ADAM: {"low": 1e-3, "high": 1e-1, "scale": "log"},
            SGD: {"low": 1e-2, "high": 1.0, "scale": "log"},
        },
    }
)


def shared() -> Base:
    one = base(NETWORK, epochs=1, batch_size=8)
    adam = {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    values = {**one.values, "optimizer": {"adam": adam, "sgd": {"learning_rate": 0.1}}}
    return Base(one.place, one.model, STUDY.optimizers, values, resume=False)


def searched(method: str, workers: int) -> list[Run]:
    rng = np.random.default_rng(0)
    splits = [
        Split(rng.normal(size=(30, 4)).astype(np.float32), rng.integers(3, size=30, dtype=np.uint8)) for _ in "abc"
    ]
    objective = Objective(Examples(*splits, classes=("a", "b", "c")), shared(), STUDY.seed)
    spec = SEARCHERS[method]
    levels = {"levels": {"mlp": {ADAM: 6, SGD: 6}}}
    settings = spec.settings.model_validate(levels if method == "grid" else METHODS[method])
    problem = Problem("mlp", shared().space(STUDY), BUDGET.trials, STUDY.seed, lambda _: pytest.fail("no gradient"))
    study = Study("mlp", method, "images.npz", BUDGET, STUDY, settings, objective, spec.build(problem, settings))
    with answering(study.train, workers) as train, Progress(study.trainings, "tune", StringIO()) as progress:
        return study.run(train, lambda *_: lambda _: None, progress)


@pytest.mark.parametrize("method", CHOOSING)
def test_each_trial_has_the_settings_of_its_own_optimizer_alone(method: str) -> None:
    head, *trainings = runs = searched(method, 1)
    assert {run.parameters["optimizer"] for run in trainings} == {"adam", "sgd"}
    for run in runs:
        rule = run.parameters["optimizer"]
        names = {name for name in run.parameters if name.startswith("optimizer.")}
        assert {name.split(".")[1] for name in names} == {rule}
        assert f"optimizer.{rule}.learning_rate" in names
    assert head.parameters["study.optimizers"] == "adam, sgd"
    best = next(run for run in trainings if run.name.endswith(f"-{head.parameters['study.best']}"))
    assert best.parameters["optimizer"] == head.parameters["optimizer"]


def test_the_number_of_workers_changes_no_byte() -> None:
    assert dump([asdict(run) for run in searched("bayes", 2)]) == dump([asdict(run) for run in searched("bayes", 1)])


def test_a_point_is_trained_by_its_optimizer() -> None:
    candidate = shared().at({"optimizer": "sgd", SGD: 0.25})
    assert (candidate.rule, candidate.optimizer.model_dump()) == ("sgd", {"learning_rate": 0.25})
    assert shared().at({"optimizer": "adam", ADAM: 0.25}).optimizer.model_dump()["beta2"] == 0.999
