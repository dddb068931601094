"""What the gate says of studies, before any work."""

import json
from pathlib import Path
from typing import Any

import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.harness import params, study_rules
from bakeoff.harness.study_rules import corners
from bakeoff.tuning.settings import Choice, Range, RangeWhen
from bakeoff.tuning.space import Space

PARAMS = Path(__file__).parents[2] / "params.yaml"
RATE = {"optimizer.learning_rate": {"low": 1.0e-3, "high": 1.0, "scale": "log"}}
STUDY: dict[str, Any] = {
    "task": "images",
    "model": "cnn",
    "optimizer": "adamw",
    "start": "params",
    "objective": "accuracy",
    "methods": ["random", "bayes", "evolution"],
    "trials": 8,
    "batch": 2,
    "stop": {"target": None, "patience": None, "halving": None},
    "evaluation": {"seeds": 1},
    "epochs": 1,
    "examples": 1000,
    "seed": 0,
    "fixed": {},
    "space": RATE,
}
SCANS = {"task": "scans", "model": "unet", "objective": "dice"}
TABLE = {"task": "table", "model": "mlp", "objective": "auc"}
GRADIENT = {"model": "mlp", "optimizer": "momentum", "objective": "loss", "methods": ["gradient"]}
PLAIN = {
    "training.schedule": {"kind": "constant", "warmup": 0.0},
    "training.augmentation": {"shift": 0, "crop": 0, "flip": False, "cutout": 0}
    | {"rotation": 0.0, "elastic": None, "intensity": None, "window": 0},
}


def check(
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    levels: dict[str, Any] | None = None,
    times: float = 1.0,
    table: dict[str, Any] | None = None,
) -> None:
    """Check params.yaml as it ships with one study, and its levels, in place of all others.

    Args:
        table: changes of data.table.
    """
    document = settings.load(PARAMS)
    document["data"]["table"] |= table or {}
    document["budgets"][document["budget"]]["epochs"] = times
    document["tuning"] |= {"studies": {"own": STUDY | changes}, "grid": {"levels": levels or {}}}
    document["tuner_contest"]["tables"] = {}
    monkeypatch.chdir(PARAMS.parent)
    monkeypatch.setattr(params, "load", lambda path: document if path.name == PARAMS.name else settings.load(path))
    params.check(graph=False)


def spans(low: float, high: float, scale: str = "linear", **more: Any) -> dict[str, Any]:
    return {"low": low, "high": high, "scale": scale} | more


def also(name: str, dimension: dict[str, Any]) -> dict[str, Any]:
    return {"space": RATE | {name: dimension}}


OF_ADAM, OF_SGD = "optimizer.adam.learning_rate", "optimizer.sgd.learning_rate"
SEVERAL: dict[str, Any] = {
    "optimizer": ["adam", "sgd"],
    "space": {
        OF_ADAM: spans(1e-4, 0.1, "log"),
        OF_SGD: spans(1e-3, 1.0, "log"),
        "network.dropout": spans(0.0, 0.5, when={"optimizer": "adam"}),
    },
}
TWO: dict[str, Any] = {
    "model": "mlp",
    "objective": ["accuracy", "parameters"],
    "methods": ["random", "sobol", "bayes", "nsga2"],
    "space": RATE | {"network.hidden.0": spans(16, 256, "log")},
}
HALVED = {
    "epochs": 9,
    "stop": {
        "target": None,
        "patience": None,
        "halving": {"kind": "halving", "first": 3, "factor": 3, "resume": False},
    },
}
BATCH = {"choices": ["none", "batch"]}
KIND = {"choices": ["relu", "gelu"]}
LONG = {"network.activation": KIND, "network.dropout": spans(0.0, 0.5, when={"network.activation": "gelu"})}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"methods": []},
        {"objective": "loss"},
        {"start": "recipe"},
        TABLE | {"start": "recipe"},
        {"evaluation": {"seeds": 8}},
        {"evaluation": {"folds": 9}},
        HALVED | {"evaluation": {"folds": 2}},
        SCANS | {"evaluation": {"seeds": 2}},
        TABLE | {"evaluation": {"seeds": 2}},
        TWO | {"evaluation": {"folds": 5}},
        {"objective": "loss", "stop": {"target": 2.5, "patience": 4, "halving": None}},
        {"stop": {"target": 1, "patience": None, "halving": None}},
        HALVED,
        {"objective": "auc", "trials": None, "examples": 0.5},
        SCANS,
        TABLE,
        {"model": "mlp"} | also("network.hidden.0", spans(16, 256, "log")),
        {"model": "mlp"} | also("network.hidden", {"choices": [[64], [128], [64, 64]]}),
        also("network.dropout", spans(0.0, 0.5)),
        also("training.batch_size", spans(16, 128, "log")),
        also("training.batch_size", {"choices": [32, "full"]}),
        also("training.augmentation.shift", spans(0, 3)),
        also("training.augmentation.flip", {"choices": [True, False]}),
        also("training.schedule.warmup", spans(0.0, 0.5)),
        also("training.regularisation.weight_decay", spans(1e-6, 1e-2, "log")),
        also("training.regularisation.clip", {"choices": [None, 1.0]}),
        also("training.early_stop", {"choices": [None, {"patience": 2}]}),
        also("training.label_smoothing", spans(0.0, 0.2)),
        also("optimizer.beta1", spans(0.5, 0.99, "one_minus")),
        also("penalty.weight_decay", spans(1e-6, 1e-1, "log")),
        {"space": RATE | LONG},
        GRADIENT | {"fixed": PLAIN},
        SEVERAL,
        TWO,
        TWO | {"objective": ["parameters", "auc"]},
        TWO | {"objective": ["accuracy", "loss"], "space": RATE},
    ],
)
def test_studies_of_any_training_are_let_pass(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    check(monkeypatch, changes)


SMOOTH = {"loss": {"kind": "cross_entropy"}, "class_weights": [1.0] * 7, "border_weights": None}

REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"fixed": {"training.segmentation": SMOOTH}},
        "training.segmentation is set, which is the loss of labelled pixels",
    ),
    (
        SCANS | {"fixed": {"training.segmentation": SMOOTH}},
        "tuning.studies.own: training.segmentation.class_weights has 7 numbers, and data.scans has 3 classes",
    ),
    (
        GRADIENT | {"fixed": PLAIN | {"training.label_smoothing": 0.2}},
        "training.label_smoothing is 0.2, and the loss that it lowers has none",
    ),
    (
        {"space": RATE | {"training.batch_size": {"choices": [64, 64.0]}}},
        "space.training.batch_size: choices has 64 twice; list it once",
    ),
    (
        TWO | {"space": RATE | {"network.dropout": spans(0.1, 0.5)}},
        "objective has parameters, and space has no more of the network than network.dropout, so that all trials",
    ),
    (
        HALVED | {"trials": 1},
        "stop.halving would train all points for all epochs: one in 3 is promoted, and no budget pays for two rungs (",
    ),
    (
        {
            "space": {
                "network.activation": KIND,
                "network.normalisation": {
                    "choices": ["none", "batch"],
                    "when": {"network.activation": KIND["choices"][0]},
                },
                "network.dropout": spans(
                    0.1,
                    0.5,
                    when={"network.activation": KIND["choices"][1], "network.normalisation": "batch"},
                ),
            }
        },
        "space.network.dropout.when never holds: it needs network.activation = ",
    ),
    (
        {
            "space": RATE
            | {
                "network.activation": KIND | {"when": {"network.normalisation": "none"}},
                "network.normalisation": BATCH | {"when": {"network.activation": "relu"}},
            }
        },
        "space.network.activation.when.network.normalisation: space has nothing of this name above it",
    ),
    (
        {
            "space": RATE
            | {
                "network.activation": KIND | {"when": {"network.activation": "relu"}},
                "network.normalisation": BATCH | {"when": {"network.activation": "relu"}},
            }
        },
        "space.network.activation.when.network.activation: space has nothing of this name above it",
    ),
    (
        {
            "space": RATE
            | {
                "network.activation": KIND | {"when": {"zzz": 1}},
                "network.normalisation": BATCH | {"when": {"network.activation": "relu"}},
            }
        },
        "space.network.activation.when.zzz: space has nothing of this name above it",
    ),
    ({"evaluation": {"seeds": 0}}, "evaluation.seeds is 0, and should be at least 1"),
    ({"evaluation": {"folds": 1}}, "evaluation.folds is 1, and should be at least 2"),
    ({"evaluation": {"fold": 5}}, "evaluation.fold is not a setting"),
    (
        {"evaluation": {"seeds": 3, "folds": 5}},
        "own.evaluation has both seeds and folds, and a trial is measured by one of them; remove one",
    ),
    (
        {"evaluation": {"seeds": 9}},
        "tuning.studies.own.evaluation is 9 seeds, so that a trial costs 9 trainings, and trials pays for 8; take 9 or "
        "more, or fewer seeds",
    ),
    (
        {"evaluation": {"folds": 10}, "trials": 0.125},
        "own.evaluation is 10 folds, so that a trial costs 9 trainings, and trials pays for 8 (0.125 of the budget's); "
        "take 9 or more, or fewer folds",
    ),
    (
        {"evaluation": {"folds": 66}, "trials": None},
        "a trial costs 65 trainings, and budgets.standard.tuning.trials pays for 64; take 65 or more",
    ),
    (
        TABLE | {"evaluation": {"folds": 3}},
        "own.evaluation is 3 folds, which are drawn at random, and data.table.split is by group: rows of one group "
        "would be in several folds; take {seeds: 3}, or split at random",
    ),
    (
        SCANS | {"evaluation": {"folds": 3}},
        "own.evaluation is 3 folds, which are drawn at random, and data.scans.split is by slabs: neighbouring slices "
        "would be in several folds; take {seeds: 3}",
    ),
    (
        GRADIENT | {"fixed": PLAIN, "evaluation": {"seeds": 2}},
        "own.methods has gradient, which looks through one training, and evaluation is 2 seeds; take gradient off, or "
        "{seeds: 1}",
    ),
    ({"start": "recipes"}, "start is 'recipes', and should be"),
    (
        SCANS | {"start": "recipe"},
        "own.start is recipe, and recipes/scans/unet.yaml is missing; write it, or take start: params",
    ),
    (
        {"start": "recipe", "optimizer": "adam"},
        "own.start is recipe, and optimizer is adam, where recipes/images/cnn.yaml has adamw; take adamw, or start",
    ),
    (
        {"start": "recipe", "optimizer": ["adamw", "sgd"]}
        | {"space": {"optimizer.adamw.learning_rate": spans(1e-3, 1.0)}},
        "own.start is recipe, and optimizer is ['adamw', 'sgd'], where recipes/images/cnn.yaml has adamw; take adamw",
    ),
    (
        {"start": "recipe", "model": "mlp"} | also("network.hidden.1", spans(16, 256, "log")),
        "own.space: network.hidden.1 is not a setting",
    ),
    ({"task": "image"}, "task is 'image', which is not under tasks; did you mean 'images'?"),
    ({"model": "unet"}, "model is 'unet', which does not take images; should be one of softmax, mlp, cnn"),
    (TABLE | {"model": "cnn"}, "model is 'cnn', which does not take tables; should be one of"),
    ({"model": "cn"}, "model is 'cn', and should be"),
    ({"optimizer": "adamww"}, "optimizer is 'adamww', and should be"),
    ({"objective": "dice"}, "objective is 'dice', and images are measured by loss, accuracy, auc; take one"),
    (
        {"stop": {"target": 95.0, "patience": None, "halving": None}},
        "own.stop.target is 95, and the accuracy to reach is above 0 and at most 1; take such a value, or null",
    ),
    (
        {"stop": {"target": 0.0, "patience": None, "halving": None}},
        "stop.target is 0, and the accuracy to reach is above 0 and at most",
    ),
    (
        {"objective": "loss", "stop": {"target": -1.0, "patience": None, "halving": None}},
        "stop.target is -1, and the loss to reach is above 0; take such a value, or null",
    ),
    ({"stop": {"target": None, "patience": 0, "halving": None}}, "stop.patience is 0, and should be"),
    ({"stop": {"target": None, "halving": None}}, "stop.patience is missing"),
    (
        HALVED | {"epochs": 8},
        "own.stop.halving leaves one rung: a training has 8 epochs, 1 / 3 of these, rounded down, is 2, and first is "
        "3; take a smaller first or factor, more epochs, or",
    ),
    (
        GRADIENT | {"fixed": PLAIN, "stop": HALVED["stop"], "epochs": 9},
        "own.methods has gradient, whose steps need the value of a full training, and stop.halving is on; take one of",
    ),
    (SCANS | {"objective": "accuracy"}, "objective is 'accuracy', and scans are measured by loss, dice"),
    (TABLE | {"objective": "dice"}, "objective is 'dice', and tables are measured by loss, auc, accuracy"),
    ({"objective": "f1"}, "objective is 'f1', and should be"),
    (
        {"objective": "parameters"},
        "own.objective is 'parameters' alone, which no training changes; list it beside a measure of the data: [acc",
    ),
    (
        {"batch": {"window": 4}, "methods": ["random", "evolution", "cma"]},
        "own.methods has evolution, cma, which needs the values of all earlier trials, and batch is {window: 4}; take "
        "methods that do not (grid, random, sobol, bayes, gp, nsga2), or batch: 4",
    ),
    (
        HALVED | {"batch": {"window": 4}},
        "own.stop.halving is on, which ranks a rung once all of it is trained, and batch is {window: 4}; take batch: 4",
    ),
    ({"batch": {"window": 0}}, "own.batch.window is 0, and should be"),
    ({"batch": {"size": 4}}, "own.batch.size is not a setting"),
    ({"batch": 0}, "own.batch is 0, and should be"),
    (TWO | {"objective": ["accuracy"]}, "own.objective is ['accuracy'], and should have at least 2 entries"),
    (TWO | {"objective": ["loss", "auc", "accuracy"]}, "should have at most 2 entries"),
    (TWO | {"objective": ["loss", "loss"]}, "own.objective: lists 'loss' twice; list it once"),
    (TWO | {"objective": ["accuracy", "seconds"]}, "own.objective.1 is 'seconds', and should be"),
    (
        TWO | {"objective": ["dice", "parameters"]},
        "objective is 'dice', and images are measured by loss, accuracy, auc; take one of these",
    ),
    (
        TWO | {"methods": ["random", "gp", "evolution"]},
        "own.methods has gp, evolution, and objective is ['accuracy', 'parameters']; take methods that trade two "
        "objectives off (grid, random, sobol, bayes, nsga2), or take one objective, such as accuracy",
    ),
    (
        TWO | {"stop": {"target": 0.9, "patience": 3, "halving": None}},
        "own.objective is ['accuracy', 'parameters'], which have no one best value for stop.target, stop.patience to "
        "compare; set these to null, or take one objective",
    ),
    (
        TWO | {"epochs": 9, "stop": HALVED["stop"]},
        "for stop.halving to compare; set this to null, or take one objective",
    ),
    (
        TWO | {"space": RATE},
        "own.objective has parameters, and space has nothing of the network, so that all trials have the same number; "
        "add a setting such as network.NAME",
    ),
    ({"methods": ["annealing"]}, "methods.0 is 'annealing', and should be"),
    ({"space": {}}, "space is {}, and should have at least 1 entries"),
    *(
        (also(name, spans(0.1, 0.2)), f"space: {says}")
        for name, says in (
            ("optimizer.learning_rat", "optimizer.learning_rat is not a setting; did you mean 'learning_rate'?"),
            ("optimizer.beta", "optimizer.beta is not a setting; did you mean 'beta2'?"),
            ("network.drop_out", "network.drop_out is not a setting; did you mean 'dropout'?"),
            ("network.channels.2", "network.channels.2 is not a setting"),
            ("training.schedule.beginning", "training.schedule.beginning is not a setting"),
            ("training.early_stop.patience", "training.early_stop.patience is not a setting"),
            ("learning_rate", "learning_rate is not a setting of a training (sections: network, optimizer"),
            ("", "'' is not a setting of a training (sections: network, optimizer"),
            (" ", "' ' is not a setting of a training"),
            ("optimizer.", "'optimizer.' is not a setting (there is: learning_rate"),
            (".learning_rate", "'.learning_rate' is not a setting (there is: network"),
            ("optimiser.learning_rate", "optimiser is not a setting; did you mean 'optimizer'?"),
        )
    ),
    ({"fixed": {"network.drop": 0.1}}, "fixed: network.drop is not a setting; did you mean 'dropout'?"),
    ({"fixed": {"network.dropout": 1.5}}, "network.dropout is 1.5, and should be less than 1.0; change what is fixed"),
    (
        {"fixed": {"optimizer.learning_rate": 0.1}},
        "space.optimizer.learning_rate: optimizer.learning_rate is fixed, too",
    ),
    (
        also("training.schedule.warmup", spans(0.0, 0.5)) | {"fixed": {"training.schedule": {}}},
        "space.training.schedule.warmup: training.schedule is fixed, too; remove it under",
    ),
    (
        {"space": {"training.schedule": {"choices": [{}, {"a": 1}]}, "training.schedule.warmup": spans(0.0, 0.5)}},
        "space.training.schedule.warmup: training.schedule, which contains it, is in the space, too",
    ),
    (also("training.epochs", spans(1, 3)), "space.training.epochs: a study has its epochs under `epochs`"),
    (
        {"fixed": {"training.schedule.warmup": 0.1, "training.schedule": {"kind": "cosine", "end": 0.0}}},
        "fixed.training.schedule.warmup: training.schedule, which contains it, is fixed, too; remove one of them",
    ),
    ({"fixed": {"training.epochs": 3}}, "fixed.training.epochs: a study has its epochs under `epochs`"),
    # what the classes of the settings refuse at a corner
    (
        also("network.dropout", spans(0.0, 1.0)),
        "network.dropout is 1.0, and should be less than 1.0; this is at the",
    ),
    (also("optimizer.beta1", spans(-0.5, 0.9)), "optimizer.beta1 is -0.5, and should be at least 0.0; this is at"),
    (also("network.kernel", spans(0, 5)), "network.kernel is 0, and should be at least 1; this is at the corner"),
    (also("network.activation", {"choices": ["relu", "rellu"]}), "network.activation is 'rellu', and should be"),
    (also("training.schedule", {"choices": [{"kind": "cosine"}, None]}), "training.schedule"),
    (also("training.batch_size", {"choices": [32, "half"]}), "'half' is no size of a batch"),
    ({"space": {"optimizer.learning_rate": spans(0.0, 1.0)}}, "optimizer.learning_rate is 0.0, and should be greater"),
    # ranges of what has none
    (
        also("network.activation", spans(0.0, 1.0)),
        "network.activation is 0, and should be 'step'",
    ),
    (also("training.augmentation.flip", spans(0, 1)), "flip is a range, and the setting is false; list its choices"),
    (also("network.channels", spans(4, 8)), "space.network.channels is a range, and the setting is [8, 16]; list"),
    (also("network.hidden", spans(16.5, 64)), "space.network.hidden goes from 16.5 to 64, and the setting is a whole"),
    # conditions
    (also("network.dropout", spans(0.0, 0.5, when={"network.activation": "relu"})), "space has nothing of this name"),
    (
        also("network.dropout", spans(0.0, 0.5, when={"network.dropout": 0.1})),
        "when.network.dropout: space has nothing",
    ),
    (
        also("network.dropout", spans(0.0, 0.5, when={"optimizer.learning_rate": 0.1})),
        "when.optimizer.learning_rate is a range, which has no value to wait for",
    ),
    (
        {"space": RATE | LONG | {"network.dropout": spans(0.0, 0.5, when={"network.activation": "tanh"})}},
        "when.network.activation is 'tanh', which is never chosen; should be one of ['relu', 'gelu']",
    ),
    # what other rules refuse
    (TABLE | also("training.augmentation.shift", spans(0, 2)), "augmentation.shift is 2, which changes pixels"),
    (
        {"model": "mlp", "fixed": {"network.normalisation": "batch"}} | also("training.batch_size", spans(1, 64)),
        "training has batch_size 1, and run.shards is 1",
    ),
    # several optimizers
    (
        SEVERAL | {"methods": ["random", "gp", "cma"]},
        "methods has gp, cma, and optimizer is ['adam', 'sgd']; take one optimizer, or methods that choose",
    ),
    (SEVERAL | {"space": RATE}, "space.optimizer.learning_rate: optimizer is ['adam', 'sgd']; name a setting of one"),
    (SEVERAL | {"optimizer": ["adam", "sdg"]}, "optimizer.1 is 'sdg', and should be"),
    (SEVERAL | {"optimizer": ["adam"]}, "optimizer is ['adam'], and should have at least 2 entries"),
    (SEVERAL | {"space": {OF_SGD: spans(-1.0, 1.0)}}, "optimizer.sgd.learning_rate is -1.0, and should be greater"),
    (
        SEVERAL | {"space": {OF_SGD: spans(0.1, 1.0, when={"optimizer": "adam"})}},
        "when.optimizer is 'adam', and this is a setting of sgd; remove it",
    ),
    # the gradient
    (GRADIENT, "methods has gradient, and training.schedule is not constant without warmup; take gradient off"),
    (GRADIENT, "methods has gradient, and training.augmentation.shift is 1; take gradient off"),
    (GRADIENT | {"fixed": PLAIN, "objective": "accuracy"}, "objective is 'accuracy', which has no gradient"),
    (GRADIENT | {"fixed": PLAIN, "optimizer": "adam"}, "optimizer is 'adam', where the gradient is derived for"),
    (GRADIENT | {"fixed": PLAIN | {"network.normalisation": "batch"}}, "network.normalisation is 'batch'"),
    (GRADIENT | {"fixed": PLAIN} | also("network.hidden.0", spans(8, 64)), "space has network.hidden.0, where the"),
    (
        GRADIENT | {"fixed": PLAIN, "space": {"optimizer.beta": {"choices": [0.5, 0.9]}}},
        "space.optimizer.beta is a choice or has a condition",
    ),
]


@pytest.mark.parametrize(("changes", "said"), REFUSED)
def test_a_study_that_could_not_run_is_refused(
    changes: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput) as refused:
        check(monkeypatch, changes)
    line = str(refused.value)
    assert said in line
    assert "tuning.studies.own" in line
    assert line.startswith("params.yaml: ") and "\n" not in line


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (1.0, None),
        (0.5, r"one rung: a training has 4 epochs \(9, and budgets\.standard\.epochs is 0\.5\), 1 / 3 of these"),
        (0.1, r"one rung: a training has 1 epoch \(9, and budgets\.standard\.epochs is 0\.1\), 1 / 3 of these"),
    ],
)
def test_halving_needs_two_rungs_with_the_epochs_that_the_budget_leaves(
    times: float, said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if said is None:
        check(monkeypatch, HALVED, times=times)
    else:
        with pytest.raises(BadInput, match=said):
            check(monkeypatch, HALVED, times=times)


GRID = {"methods": ["grid"], "trials": 6, "space": RATE | {"network.activation": KIND, "network.kernel": spans(1, 3)}}


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ({}, "tuning.grid.levels.own is missing, and tuning.studies.own.methods has grid; add the levels of optimizer"),
        ({"own": {"network.kernel": 3}}, "tuning.grid.levels.own.optimizer.learning_rate is missing"),
        (
            {"own": {"optimizer.learning_rate": 3, "network.kernel": 3, "network.activation": 2}},
            "is not a range of the",
        ),
        (
            {"own": {"optimizer.learning_rate": 3, "network.kernel": 4}},
            "kernel is 4, and its range has 3 whole numbers",
        ),
        (
            {"own": {"optimizer.learning_rate": 1, "network.kernel": 2}},
            "1 x 2 x 2 = 4 points, and tuning.studies.own.tr",
        ),
        ({"own": {"optimizer.learning_rate": 10**6, "network.kernel": 3}}, "and should make at most 1000000"),
        ({"own": {"optimizer.learning_rate": 0, "network.kernel": 3}}, "should be at least 1"),
        ({"other": {"optimizer.learning_rate": 3}}, "tuning.grid.levels.other is not under tuning.studies"),
    ],
)
def test_levels_that_do_not_fit_the_space_are_refused(
    levels: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput) as refused:
        check(monkeypatch, GRID, levels)
    assert said in str(refused.value)


def test_a_recipe_that_is_not_as_it_should_be_is_named(tmp_path: Path) -> None:
    """The file itself is at fault, although no task lists it."""
    document = settings.load(PARAMS)
    document["tuning"] |= {"studies": {"own": STUDY | {"start": "recipe", "task": "other"}}, "grid": {"levels": {}}}
    document["tuner_contest"]["tables"] = {}
    document["tasks"]["other"] = document["tasks"]["images"] | {"recipes": []}
    recipe = settings.load(PARAMS.parent / "recipes/images/cnn.yaml")
    for change, said in (
        ({}, None),
        ({"network": recipe["network"] | {"layers": 3}}, "recipes/other/cnn.yaml: network.layers is not a setting"),
        ({"refit": "no"}, "recipes/other/cnn.yaml: refit is 'no', and should be"),
    ):
        (tmp_path / "recipes/other").mkdir(parents=True, exist_ok=True)
        (tmp_path / "recipes/other/cnn.yaml").write_text(json.dumps(recipe | change))
        (tmp_path / "params.yaml").write_text(json.dumps(document))
        if said is None:
            params.check(tmp_path / "params.yaml")
        else:
            with pytest.raises(BadInput, match=f"^{said}"):
                params.check(tmp_path / "params.yaml")


def test_levels_that_fit_the_space_are_let_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    check(monkeypatch, GRID, {"own": {"optimizer.learning_rate": 1, "network.kernel": 3}})


def test_a_grid_has_as_many_points_as_the_budget_pays_for(monkeypatch: pytest.MonkeyPatch) -> None:
    study = {"methods": ["grid"], "trials": 8, "evaluation": {"folds": 3}}
    check(monkeypatch, study, {"own": {"optimizer.learning_rate": 4}})
    with pytest.raises(BadInput, match=r"3 points, and tuning\.studies\.own\.trials is 8, 4 trials of 3 folds; add"):
        check(monkeypatch, study, {"own": {"optimizer.learning_rate": 3}})


def table_split(by: str) -> dict[str, Any]:
    return {"by": by, "column": "date" if by == "group" else None, "validation": 0.15, "test": 0.15, "seed": 0}


@pytest.mark.parametrize(
    ("by", "said"),
    [("random", None), ("time", "split is by time: a training would see rows from after those that are held out")],
)
def test_folds_of_a_table_need_a_random_split(by: str, said: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    study = TABLE | {"evaluation": {"folds": 3}}
    changes = {"split": table_split(by), "time": "time_hour" if by == "time" else None}
    if said is None:
        check(monkeypatch, study, table=changes)
    else:
        with pytest.raises(BadInput, match=said):
            check(monkeypatch, study, table=changes)


def test_a_grid_has_a_point_for_each_that_halving_begins_with(monkeypatch: pytest.MonkeyPatch) -> None:
    study = HALVED | {"methods": ["grid"], "trials": 8}  # 12 points for 3 of 9 epochs, and 4 for all of them
    check(monkeypatch, study, {"own": {"optimizer.learning_rate": 12}})
    with pytest.raises(
        BadInput, match=r"11 points, and tuning\.studies\.own\.stop\.halving begins with 12; add levels"
    ):
        check(monkeypatch, study, {"own": {"optimizer.learning_rate": 11}})


@pytest.mark.parametrize("trials", [6, 7])
def test_points_of_a_grid_that_a_condition_makes_equal_count_once(trials: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """2 rates, and with one of the 2 activations 2 values of beta1: 6 different points of 8."""
    beta = spans(0.5, 0.9) | {"when": {"network.activation": "gelu"}}
    study = {
        "methods": ["grid"],
        "trials": trials,
        "space": RATE | {"network.activation": KIND, "optimizer.beta1": beta},
    }
    levels = {"own": {"optimizer.learning_rate": 2, "optimizer.beta1": 2}}
    if trials == 6:
        check(monkeypatch, study, levels)
    else:
        with pytest.raises(
            BadInput, match=r"2 x 2 x 2 = 8 points, 6 of them different, and tuning\.studies\.own\.trials"
        ):
            check(monkeypatch, study, levels)


def test_a_large_grid_without_whole_numbers_and_conditions_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    def listed(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(study_rules, "grid", listed)
    space = RATE | {"network.dropout": spans(0.1, 0.5)}
    check(
        monkeypatch,
        {"methods": ["grid"], "space": space},
        {"own": {"optimizer.learning_rate": 1000, "network.dropout": 1000}},
    )


def test_both_ends_of_a_conditional_range_are_tried_in_a_large_space() -> None:
    unit = Range(low=0.0, high=1.0, scale="linear")
    own = RangeWhen(low=0.0, high=9.0, scale="linear", when={"kind": "b"})
    space = Space({"kind": Choice(choices=("a", "b"))} | {f"x{n}": unit for n in range(12)} | {"own": own})
    assert {point["own"] for point in corners(space) if "own" in point} == {0.0, 9.0}
