"""What params.yaml alone decides is refused before any work, in the words of the settings."""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.harness import params, recipe_files

PARAMS = Path(__file__).parents[2] / "params.yaml"


@cache
def document() -> dict[str, Any]:
    return settings.load(PARAMS)


def check(monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]) -> None:
    """The gate on the project's own settings with others under dotted keys; those of a recipe as FILE:KEY."""
    documents: dict[Path, Any] = {settings.PATH: copy.deepcopy(document())}
    for key, value in changes.items():
        file, _, dotted = key.rpartition(":")
        path = Path(file) if file else settings.PATH
        *sections, last = dotted.split(".")
        here: Any = documents.setdefault(path, settings.load(PARAMS.parent / path))
        for name in sections:
            here = here[name]
        here[last] = value
    monkeypatch.chdir(PARAMS.parent)
    for module in (params, recipe_files):
        monkeypatch.setattr(module, "load", lambda path: documents[path] if path in documents else settings.load(path))
    params.check(graph=False)


LEVELS = {"optimizer.learning_rate": 8, "optimizer.beta": 4, "penalty.weight_decay": 2}
RESNET = {"tasks.images.models": ["resnet"]}
WITHOUT_GRADIENT = {"tuning.studies.mlp.methods": ["grid", "random"]}
BALANCED = {"loss": {"kind": "cross_entropy"}, "class_weights": "balanced", "border_weights": None}
BATCH_NORM = {"networks.mlp.normalisation": "batch"} | WITHOUT_GRADIENT

REFUSED: list[tuple[dict[str, Any], str]] = [
    # networks that take pictures, on a table
    *(
        ({"tasks.table.models": ["mlp", model]}, f"tasks.table.models.1 is '{model}'")
        for model in ("cnn", "resnet", "wide_resnet", "unet")
    ),
    ({"tasks.table.recipes": ["cnn"]}, "tasks.table.recipes.0 is 'cnn'"),
    ({"tasks.images.models": ["unet"]}, "tasks.images.models.0 is 'unet'"),
    ({"tasks.scans.models": ["cnn"]}, "tasks.scans.models.0 is 'cnn'"),
    # augmentation of rows
    *(
        (
            {f"tasks.table.training.augmentation.{name}": value},
            f"tasks.table.training.augmentation.{name} is {shown}, which changes pixels, and a table has rows; write "
            f"{name}: {off}",
        )
        for name, value, shown, off in (
            ("shift", 1, "1", "0"),
            ("crop", 2, "2", "0"),
            ("flip", True, "true", "false"),
            ("cutout", 3, "3", "0"),
            ("rotation", 9.5, "9.5", "0.0"),
            ("elastic", {"sigma": 1.0, "grid": 3}, "{'grid': 3, 'sigma': 1.0}", "null"),
        )
    ),
    (
        {"recipes/table/mlp.yaml:training.augmentation.flip": True},
        "recipes/table/mlp.yaml: training.augmentation.flip is true, which changes pixels, and a table has rows; write",
    ),
    # losses of labelled pixels
    *(
        (
            {f"tasks.{task}.training.segmentation": BALANCED},
            f"tasks.{task}.training.segmentation is set, which is the loss",
        )
        for task in ("images", "table")
    ),
    (
        {"recipes/table/mlp.yaml:training.segmentation": BALANCED},
        "recipes/table/mlp.yaml: training.segmentation is set, which is the loss of labelled pixels, and tables have",
    ),
    (
        {"tasks.scans.training.segmentation": BALANCED | {"class_weights": [1.0, 2.0]}},
        "tasks.scans.training.segmentation.class_weights has 2 numbers, and data.scans has 3 classes; give one",
    ),
    # pixels of a background, where there is none
    ({"data.scans.background": "white"}, "background is 'white', and the first class of labels is 'background'; list"),
    (
        {
            "data.scans.background": None,
            "tasks.scans.training.segmentation": BALANCED | {"border_weights": {"w0": 10.0, "sigma": 5.0}},
        },
        "tasks.scans.training.segmentation.border_weights are of background pixels, and data.scans.background is null",
    ),
    (
        {"data.scans.background": None, "tasks.scans.training.augmentation.crop": 2},
        "tasks.scans.training.augmentation.crop is 2, which labels the black frame as background, and data.scans.back",
    ),
    (
        {"data.scans.background": None, "tuning.studies.unet.fixed": {"training.augmentation.crop": 2}},
        "training.augmentation.crop is 2, which labels the black frame as background, and data.scans.background is nu",
    ),
    # what is for a GPU, on a CPU
    *(
        ({f"run.{name}": value}, f"run.{name} is {shown}, which is for a GPU, and run.device is 'cpu'; write")
        for name, value, shown in (("precision", "bfloat16", "'bfloat16'"), ("compile", True, "true"))
    ),
    # searches
    (
        {"budgets.standard.tuning.trials": 65},
        "levels.mlp make 8 x 4 x 2 = 64 points, and budgets.standard.tuning.trials is 65; add",
    ),
    (
        {"tuning.grid.levels": {"mlp": LEVELS | {"optimizer.beta": 3}}},
        "levels.mlp make 8 x 3 x 2 = 48 points, and budgets.standard.tuning.trials is 64",
    ),
    ({"tuning.grid.levels": {"mlp": LEVELS | {"optimizer.beta": 10**6}}}, "should make at most 1000000; take fewer"),
    ({"networks.mlp.dropout": 0.3}, "network.dropout is 0.3, and the method gradient needs 0.0"),
    ({"networks.mlp.normalisation": "batch"}, "network.normalisation is 'batch', and the method gradient needs"),
    ({"networks.mlp.activation": "step"}, "network.activation is 'step', which has no second derivative"),
    # sizes of pictures
    (
        {"networks.unet.depth": 9, "data.scans.resize": [40, 40]},
        "networks.unet.depth is 9, so that the network takes data.scans.resize [40, 40] with mirrored borders",
    ),
    (
        {"networks.unet.depth": 7, "data.scans.resize": [80, 1]},
        "data.scans.resize [80, 1] with mirrored borders, which makes more than 64 times as many pixels; take fewer",
    ),
    ({"data.images.resize": [3, 28]}, "networks.cnn.channels has 2 entries, and each halves the image: too many"),
    ({"data.images.resize": [6, 4]}, "networks.cnn.kernel is 5, and does not fit data.images.resize [6, 4]; take at"),
    (RESNET | {"data.images.resize": [4, 4]}, "networks.resnet.normalisation is 'batch', and of data.images.resize"),
    (
        {"tasks.images.recipes": ["cnn"], "data.images.resize": [3, 3]},
        "recipes/images/cnn.yaml: network.channels has 2",
    ),
    *(
        (
            {f"tasks.scans.training.augmentation.{name}": 40, "data.scans.resize": [80, 40]},
            f"{name} is 40, which leaves nothing of data.scans.resize [80, 40]",
        )
        for name in ("shift", "crop", "cutout")
    ),
    (
        {"tasks.scans.training.augmentation.elastic": {"sigma": 10.0, "grid": 3}, "data.scans.resize": [80, 41]},
        "augmentation.elastic.sigma is 10, and 3 nodes of a grid over data.scans.resize [80, 41] are 20 pixels apart, "
        "so that displacements may fold the image; take at most 2.5",
    ),
    ({"tasks.scans.training.augmentation.rotation": 181.0}, "augmentation.rotation"),
    (
        {"tasks.scans.training.augmentation.rotation": 4.0e-4},
        "augmentation.rotation: 0.0004 is no angle that turns an image; take 0.0, or at least 0.001",
    ),
    (
        {"tasks.scans.training.augmentation.intensity": {"gain": 4.0e-4, "offset": 0.0}},
        "augmentation.intensity: gain and offset are below 0.001, which changes nothing; write intensity: null",
    ),
    (
        {"tasks.images.training.augmentation.window": 8},
        "tasks.images.training.augmentation.window is 8, which is for labelled pixels: a network for images takes",
    ),
    (
        {"tasks.scans.training.augmentation.window": 41, "data.scans.resize": [80, 40]},
        "augmentation.window is 41, and data.scans.resize [80, 40] have no square of this side; take at most 40",
    ),
    (
        {"tasks.scans.training.augmentation.window": 8, "networks.unet.depth": 7},
        "networks.unet.depth is 7, so that the network takes windows of tasks.scans.training.augmentation.window 8 "
        "with mirrored borders, which makes more than 64 times as many pixels; take fewer levels",
    ),
    (
        {"tasks.scans.training.augmentation.intensity": {"gain": 0.0, "offset": 0.0}},
        "augmentation.intensity: gain and offset are below 0.001, which changes nothing; write intensity: null",
    ),
    # batches of a single row
    (
        BATCH_NORM | {"tasks.images.training.batch_size": 1},
        "tasks.images.training has batch_size 1, and run.shards is 1: networks.mlp needs 2 examples or more",
    ),
    (BATCH_NORM | {"tasks.table.training.batch_size": 7, "run.shards": 4}, "batch_size 7, and run.shards is 4"),
    # keys below which DVC sees no change
    ({"data.table.encoding.hashed": {"size": 64}}, "data.table.encoding.hashed.size: DVC does not see changes below"),
    ({"data.table.encoding.scaling_by_column": {"nfiles": "minmax"}}, "scaling_by_column.nfiles: DVC does not see"),
    ({"data.scans.labels": [{"background": 0}, {"size": 1}]}, "data.scans.labels.size: DVC does not see changes"),
    # values that no training survives
    *(
        ({key: value}, f"{key} is {value}, and should be at most")
        for key, value in (
            ("optimizers.adam.defaults.learning_rate", 1e31),
            ("baselines.boosting.learning_rate", 1e31),
            ("online.search.high", 1e31),
            ("embedding.word2vec.learning_rate.cbow", 1e31),
            ("optimizers.adam.defaults.epsilon", 1e31),
            ("tasks.images.training.regularisation.l2", 1e31),
            ("networks.softmax.initial_sigma", 1e4),
            ("data.scans.noise", 1e4),
        )
    ),
    ({"networks.mlp.initialisation": 1e4}, "networks.mlp.initialisation: invalid initialisation 10000.0"),
    (
        {"optimizers.adam.search.learning_rate": [1e-4, 1e31]},
        "optimizers.adam: search.learning_rate has the bound 1e+31",
    ),
    ({"baselines.boosting.seed": 2**32}, "baselines.boosting.seed is 4294967296, and should be at most 4294967295"),
    ({"networks.mlp.hidden": [10**9]}, "networks.mlp.hidden.0 is 1000000000, and should be at most 65536"),
    # values with which nothing is learnt or measured
    ({"networks.mlp.initialisation": 0.0}, "networks.mlp.initialisation: invalid initialisation 0.0: expected he, x"),
    ({"baselines.logistic.tolerance": 1.0}, "baselines.logistic.tolerance is 1.0, and should be at most 0.01"),
    ({"online.evaluation.averaged": [100, 1]}, "online.evaluation: averaged is [100, 1], and should ascend"),
    (
        {"online.search.high": 1.00001e-4},
        "online.search: trials is 11, and between low, 0.0001, and high, 0.000100001, are",
    ),
    (
        {"contest.search_seed": 7},
        "contest.search_seed is 7, and final runs have the seeds 0 to 7 by budgets.standard.contest.finals.softmax",
    ),
    (
        {"comparison.confidence": 0.9999},
        "comparison.resamples is 10000, and comparison.confidence is 0.9999: the ends of an interval need 20000",
    ),
    # splits that leave nothing, or by the target
    (
        {"data.images.split": {"validation": 0.5, "test": 0.5, "seed": 0}},
        "data.images.split: validation + test is 1, and should be below 1",
    ),
    (
        {"data.scans.split": {"by": "file", "validation": 0.9, "test": 0.2, "seed": 0}},
        "data.scans.split: validation + test is 1.1, and should be below 1",
    ),
    (
        {"data.scans.split": {"by": "slabs", "slices": [0.5, 0.2, 0.2], "gap": 0.06}},
        "data.scans.split: slices and two gaps take 1.02 of the slices, and should take at most 1; shorten them",
    ),
    ({"data.table.time": "arr_delay"}, "data.table: time is 'arr_delay', which is the target; name another column"),
    (
        {"data.table.split": {"by": "group", "column": "arr_delay", "validation": 0.1, "test": 0.1, "seed": 0}},
        "data.table: split.column is 'arr_delay', which is the target; name another column",
    ),
    # columns that no role names
    ({"data.table.encoding.hashed": {"distance": 64}}, "'distance'"),
    ({"data.table.encoding.hashed": {"no_such": 64}}, "'no_such'"),
    ({"data.table.encoding.scaling_by_column": {"carrier": "minmax"}}, "'carrier'"),
    ({"data.table.encoding.scaling_by_column": {"humidd": "minmax"}}, "did you mean 'humid'?"),
    # sources
    *(
        ({f"data.{kind}.source": source}, f"data.{kind}.source")
        for kind in ("corpus", "table", "images", "scans")
        for source in ("../../etc/passwd", "/etc/passwd", f"data/raw/{kind}/../../x", "no-such-name", "word-similarity")
    ),
]


@pytest.mark.parametrize(("changes", "said"), REFUSED)
def test_what_settings_alone_decide_is_refused(
    changes: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput) as refused:
        check(monkeypatch, changes)
    assert said in str(refused.value)
    assert str(refused.value).startswith("params.yaml: ")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"run.device": "auto", "run.precision": "bfloat16", "run.compile": True},
        {"tuning.studies.mlp.methods": ["random"], "budgets.standard.tuning.trials": 1000},
        WITHOUT_GRADIENT | {"networks.mlp.dropout": 0.3, "networks.mlp.activation": "step"},
        BATCH_NORM | {"tasks.images.training.batch_size": 2},
        BATCH_NORM | {"tasks.images.training.batch_size": "full"},
        {"data.scans.resize": None, "networks.unet.depth": 6, "tasks.scans.training.augmentation.shift": 40},
        {"data.scans.resize": [128, 128], "networks.unet.depth": 6},
        {"data.images.resize": [5, 5]},
        {"tuning.studies": {}, "tuning.grid.levels": {}, "tuner_contest.tables": {}},
        {"data.scans.split": {"by": "slabs", "slices": [0.7, 0.1, 0.1], "gap": 0.05}},
        {"data.images.split": {"validation": 0.4, "test": 0.5, "seed": 0}},
        {"tasks.table.recipes": []},
        {"tasks.images.recipes": []},
        {"tasks.images.recipes": [], "tasks.table.recipes": [], "tasks.table.baselines": []},
        {"data.table.encoding.hashed": {"origin": 64}, "data.table.encoding.scaling_by_column": {"humid": "minmax"}},
        {"optimizers.sgd.defaults.learning_rate": 1e30, "networks.mlp.initialisation": 1000.0},
    ],
)
def test_what_could_run_is_let_pass(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    check(monkeypatch, changes)
