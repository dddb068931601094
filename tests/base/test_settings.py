import json
import shutil
from pathlib import Path

import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput, Settings
from bakeoff.harness import params
from bakeoff.harness.params_rules import UNSEEN_BY_DVC, unseen

PARAMS = Path(__file__).parents[2] / "params.yaml"


class Inner(Settings):
    epochs: int
    rate: float


class Outer(Settings):
    train: Inner
    rates: dict[str, Inner]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_numbers_and_words_are_those_of_yaml_1_2(tmp_path: Path) -> None:
    # PyYAML, a reader of YAML 1.1, gives '1e-3', False and 8.
    assert settings.load(written(tmp_path, "a: 1e-3\nb: no\nc: 010\n")) == {"a": 0.001, "b": "no", "c": 10}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", 'params.yaml: line 2: found duplicate key "a"'),
        ("a: [1\n", "params.yaml: line 2: "),
        ("- 1\n", "params.yaml: contains [1], and should have sections with keys"),
        ("", "params.yaml: contains nothing, and should have sections"),
    ],
)
def test_what_is_no_settings_file_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInput) as refusal:
        settings.load(written(tmp_path, text))
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_and_other_encodings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not found; run this in the project's root folder"):
        settings.load(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_bytes("a: é".encode("latin-1"))
    with pytest.raises(BadInput, match="byte 3 is not UTF-8"):
        settings.load(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"train": {"epochs": 3, "rate": 0.1, "epoch": 2}}, "train.epoch is not a setting; did you mean 'epochs'?"),
        ({"train": {"rate": 0.1}}, "train.epochs is missing"),
        ({"train": {"epochs": 3.5, "rate": 0.1}}, "train.epochs is 3.5, and should be a whole number"),
        ({"train": {"epochs": "3", "rate": 0.1}}, "train.epochs is '3', and should be a whole number"),
        ({"train": {"epochs": 3, "rate": float("inf")}}, "train.rate is inf, and should be a finite number"),
        ({"train": {"epochs": 3, "rate": 0.1}, "rates": {"a": {"epochs": 1, "rat": 1.0}}}, "did you mean 'rate'?"),
        ({"trian": {}}, "trian is not a setting; did you mean 'train'?"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place_and_the_way_out(document: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput) as refusal:
        settings.validate({"rates": {}} | document, "", Outer)
    assert message in str(refusal.value)


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(BadInput, match=r"train\.epochs is 'x'.*; train\.rate is missing"):
        settings.validate({"train": {"epochs": "x"}, "rates": {}}, "", Outer)


def test_a_key_that_is_not_there_suggests_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"train\.epoch is missing; did you mean 'epochs'\?"):
        settings.at({"train": {"epochs": 3}}, "train.epoch")


def test_the_projects_own_file_is_in_order() -> None:
    params.check(PARAMS)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "optimizers: [sgd, momentum,",
            "optimizers: [sgd, sgd, momentum,",
            "tasks.images.optimizers: lists 'sgd' twice; list it once",
        ),
        (
            "models: [softmax, mlp, cnn]",
            "models: [softmax, mlp, cmn]",
            "tasks.images.models.2 is 'cmn', and should be 'softmax', 'mlp', 'cnn', 'resnet', 'wide_resnet' or 'unet'; "
            "did you mean 'cnn'?",
        ),
        (
            "{softmax: 8, mlp: 8",
            "{sotfmax: 8, mlp: 8",
            "budgets.standard.contest.finals.sotfmax is 'sotfmax', and should be",
        ),
        (
            "{softmax: 8, mlp: 8",
            "{mlp: 8",
            "budgets.standard.contest.finals.softmax is missing; add it, or take 'softmax' off",
        ),
        (
            "defaults: 1  ",
            "defaults: 9 ",
            "budgets.quick.contest: defaults is 9, and should be at most finals.softmax, 2",
        ),
        ("finalists: 1  ", "finalists: 20 ", "budgets.quick.contest: finalists is 20, and should be at most trials, 3"),
        (
            "budget: standard",
            "budget: standrad",
            "budget is 'standrad', which is not under budgets; did you mean 'standard'?",
        ),
        ("metric: accuracy", "metric: dice", "tasks.images.metric is 'dice', and images are measured by accuracy"),
        ("metric: accuracy  ", "", "tasks.images.metric is missing"),
        (
            "data: images  ",
            "data: imags  ",
            "tasks.images.data is 'imags', which is not under data; did you mean 'images",
        ),
        ("data: images  ", "data: corpus  ", "tasks.images.data is 'corpus', a corpus, on which no network is trained"),
        (
            "tables: [table]",
            "tables: [tables]",
            "online.tables has 'tables', which is not a data set of the kind table",
        ),
        (
            "corpora: [corpus]",
            "corpora: [table]",
            "embedding.corpora has 'table', which is not a data set of the kind cor",
        ),
        (
            "    kind: scans",
            "    kind: scan",
            "data.scans.kind is 'scan', and should be one of 'corpus', 'table', 'images'",
        ),
        (
            "\n  scans:\n    data",
            "\n  Scans:\n    data",
            "tasks.Scans: 'Scans' is not a valid name; use a lower-case letter",
        ),
        ("\n  scans:\n    data", "\n  online:\n    data", "tasks.online: 'online' is reserved; choose another name"),
        ("\n  scans:\n    data", "\n  recipe_a:\n    data", "'recipe_a' should not begin with recipe_; choose another"),
        ("\n  images:\n    kind", "\n  raw:\n    kind", "data.raw: 'raw' is reserved; choose another name"),
        (
            "methods: [grid,",
            "methods: [random, grid,",
            "studies.mlp.methods: lists 'random' twice; list it once",
        ),
        ("\n  device: cpu", "\n  device: gpu", "run.device is 'gpu', and should be 'cpu', 'cuda' or 'auto'"),
        ("\ntuning:", "\ntunning:", "tunning is not a setting; did you mean 'tuning'?"),
        ("beta1: 0.9", "beta1: 1.9", "optimizers.adam.defaults.beta1 is 1.9, and should be less than 1"),
    ],
)
def test_the_gate_refuses_what_the_matrix_could_not_run(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = PARAMS.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(BadInput) as refusal:
        params.check(written(tmp_path, text.replace(old, new)))
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("recipe", "old", "new", "message"),
    [
        (
            "softmax",
            "initial_sigma",
            "sigma",
            "network.sigma is not a setting",
        ),
        (
            "cnn",
            "optimizer: adamw",
            "optimizer: sgd",
            "recipes/images/cnn.yaml: hyperparameters.beta1 is not a setting",
        ),
        (
            "mlp",
            "early_stop: null",
            "early_stop: {patience: 3}",
            "recipes/images/mlp.yaml: refit is true, which leaves no validation data, and training.early_stop needs",
        ),
        (
            "mlp",
            "ema: null",
            "ema: {decay: 1.0}",
            "recipes/images/mlp.yaml: training.ema.decay is 1.0, and should be less than 1",
        ),
        ("mlp", "refit: true", "refits: true", "recipes/images/mlp.yaml: refit is missing"),
    ],
)
def test_the_gate_refuses_a_recipe_that_could_not_run(
    tmp_path: Path, recipe: str, old: str, new: str, message: str
) -> None:
    shutil.copytree(PARAMS.parent / "recipes", tmp_path / "recipes")
    path = tmp_path / f"recipes/images/{recipe}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BadInput) as refusal:
        params.check(written(tmp_path, PARAMS.read_text(encoding="utf-8")))
    assert message in str(refusal.value)


def test_a_recipe_that_is_listed_and_not_written_is_missed(tmp_path: Path) -> None:
    shutil.copytree(PARAMS.parent / "recipes", tmp_path / "recipes")
    for name in ("pipeline", "dvc.yaml"):
        (tmp_path / name).symlink_to(PARAMS.parent / name)
    text = PARAMS.read_text(encoding="utf-8")
    with pytest.raises(BadInput, match=r"tasks.scans.recipes lists 'unet', and recipes/scans/unet.yaml is missing"):
        params.check(written(tmp_path, text.replace("recipes: []", "recipes: [unet]")))


def test_no_setting_has_a_name_that_dvc_s_run_cache_leaves_out() -> None:
    assert not list(unseen(settings.load(PARAMS)))
    schema = json.loads(PARAMS.with_name("params.schema.json").read_text(encoding="utf-8"))
    assert not [
        (name, key)
        for name, kind in schema["$defs"].items()
        for key in UNSEEN_BY_DVC & kind.get("properties", {}).keys()
    ]


@pytest.mark.parametrize("place", ["embedding.notes.training", "tasks.images.training"])
def test_the_gate_refuses_two_averages_of_the_weights(tmp_path: Path, place: str) -> None:
    text = PARAMS.read_text(encoding="utf-8").replace(" ema: null", " ema: {decay: 0.99}")
    params.check(written(tmp_path, text), graph=False)
    old, new = {
        "embedding.notes.training": ("optimizer: adagrad\n", "optimizer: schedule_free\n"),
        "tasks.images.training": ("optimizers: [sgd,", "optimizers: [schedule_free, sgd,"),
    }[place]
    assert old in text
    with pytest.raises(BadInput) as refusal:
        params.check(written(tmp_path, text.replace(old, new, 1)), graph=False)
    assert (
        f"{place}.ema is {{'decay': 0.99}}, and schedule_free evaluates an average of its own; write ema: null, or "
        "take another optimizer"
    ) in str(refusal.value)
