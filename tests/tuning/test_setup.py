"""What params.yaml makes of a search."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.examples import Examples, Split
from bakeoff.tuning.halving import Halving, Rung
from bakeoff.tuning.one_objective import OneObjective
from bakeoff.tuning.setup import Setup
from bakeoff.tuning.trial_log import TrialLog
from bakeoff.tuning.two_objectives import TwoObjectives

PARAMS = settings.load(Path(__file__).parents[2] / "params.yaml")
POINT = {"optimizer.learning_rate": 0.1, "optimizer.beta": 0.9, "penalty.weight_decay": 1e-3}
SPLIT = Split(np.zeros((30, 1, 2, 2), np.float32), np.arange(30, dtype=np.uint8) % 3)
asked: list[str] = []  # keys of params.yaml
EXAMPLES = Examples(SPLIT, SPLIT, SPLIT, classes=("a", "b", "c"))


def no_file(path: str, _: Any) -> Any:
    raise AssertionError(path)


def setup(file: Callable[[str, Any], Any] = no_file, **changes: Any) -> Setup:
    """Return that of the study mlp by random search, with changes of the study.

    Args:
        file: gives a recipe.
    """
    study = PARAMS["tuning"]["studies"]["mlp"] | changes

    def read(key: str, kind: Any) -> Any:
        asked.append(key)
        value: Any = PARAMS | {"tuning": PARAMS["tuning"] | {"studies": {"mlp": study}}}
        for part in key.split("."):
            value = value[part]
        return TypeAdapter(kind).validate_python(value)

    return Setup.read(read, "mlp", "random", file)


@pytest.mark.parametrize(("examples", "count", "said"), [(0.5, 15, ["0.5 = 15 of 30 training examples"]), (7, 7, [])])
def test_a_share_of_the_examples_is_said_as_numbers(examples: float, count: int, said: list[str]) -> None:
    made = setup(examples=examples)
    objective = made.objective(EXAMPLES)
    assert len(objective.examples.train.x) == count
    assert made.taken(objective, EXAMPLES) == [f"tuning.studies.mlp.examples: {line}" for line in said]


def test_a_search_is_after_what_the_study_says(tmp_path: Path) -> None:
    for objective, goal in (
        ("loss", OneObjective("loss")),
        (["accuracy", "parameters"], TwoObjectives(("accuracy", "parameters"))),
    ):
        made = setup(objective=objective, examples=7)
        trained = made.objective(EXAMPLES)
        study = made.search(trained, made.logged(trained, TrialLog("tune", {}, tmp_path)))
        assert study.goal == goal
        assert study.trainings == made.budget.trials + made.budget.confirmations


def test_a_training_without_the_number_of_weights_is_not_taken_for_one_with_it(tmp_path: Path) -> None:
    log = TrialLog("tune", {}, tmp_path)

    def key(objective: Any) -> str:
        made = setup(objective=objective, examples=7)
        return made.logged(made.objective(EXAMPLES), log).key((POINT, None))

    assert key("loss") == key(["loss", "accuracy"]) != key(["loss", "parameters"])


def test_a_study_of_a_recipe_has_its_settings_but_for_those_of_the_study() -> None:
    recipe = settings.load(Path(__file__).parents[2] / "recipes/images/mlp.yaml")

    def file(path: str, kind: Any) -> Any:
        assert path == "recipes/images/mlp.yaml"
        return TypeAdapter(kind).validate_python(recipe)

    asked.clear()
    fixed = {"training.label_smoothing": 0.3}
    space = {"optimizer.beta2": {"low": 0.9, "high": 0.999, "scale": "one_minus"}}
    made = setup(file, start="recipe", optimizer="adamw", fixed=fixed, space=space)
    assert not {"networks.mlp", "optimizers.adamw.defaults", "tasks.images.training"} & {*asked}
    document = made.base.at({"optimizer.beta2": 0.95}).document()
    assert document["network"] == recipe["network"] != PARAMS["networks"]["mlp"]
    assert document["optimizer"] == recipe["hyperparameters"] | {"beta2": 0.95}
    wanted = recipe["training"] | {"label_smoothing": 0.3, "epochs": 3}
    assert {name: document["training"][name] for name in wanted} == wanted
    assert (
        made.search(made.objective(EXAMPLES), made.logged(made.objective(EXAMPLES), TrialLog("t", {}))).parameters()[
            "study.start"
        ]
        == "recipe"
    )


def test_a_search_is_planned_for_the_points_that_the_budget_pays_for(tmp_path: Path) -> None:
    stop = {"target": None, "patience": None, "halving": {"kind": "halving", "first": 1, "factor": 2, "resume": False}}
    made = setup(evaluation={"folds": 4}, trials=11, stop=stop, epochs=2, examples=30)
    objective = made.objective(EXAMPLES)
    study = made.search(objective, made.logged(objective, TrialLog("tune", {}, tmp_path)))
    assert study.points == 3
    assert study.trainings == 11 + made.budget.confirmations
    assert isinstance(study.searcher, Halving)
    assert study.searcher.brackets == study.plan.brackets == [[Rung(1, 3, 1), Rung(2, 1, 2)]]  # type: ignore[union-attr]


def test_folds_that_would_lack_a_class_are_refused_before_any_work() -> None:
    assert setup(evaluation={"folds": 10}, examples=30).objective(EXAMPLES).examples.train.y.size == 30
    said = r"^params.yaml: tuning\.studies\.mlp\.evaluation\.folds is 11, and of the class a the study has 10 training"
    with pytest.raises(BadInput, match=said):
        setup(evaluation={"folds": 11}, examples=30).objective(EXAMPLES)
