"""A study's best point as a recipe."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bakeoff.base import record
from bakeoff.base.record import Record, Run
from bakeoff.base.settings import BadInput, Settings, load, validate
from bakeoff.commands.use import best_of, use
from bakeoff.contest.recipe_settings import RecipeSettings
from bakeoff.harness import params
from bakeoff.harness.params import Params
from bakeoff.training.settings import PlanSettings
from bakeoff.tuning.candidate import Base
from bakeoff.tuning.settings import StudySettings
from bakeoff.tuning.start import of_recipe as start_of_recipe

ROOT = Path(__file__).parents[2]
POINT = {"optimizer.learning_rate": 0.0123, "network.activation": "gelu", "training.schedule.warmup": 0.25}
RECIPE = Path("recipes/scans/unet.yaml")
METHODS = ("grid", "random", "bayes", "evolution", "gradient")


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    found = params.check(ROOT / "params.yaml", graph=False)
    monkeypatch.chdir(tmp_path)
    return found


def recorded(
    found: Params,
    study: str,
    scores: Mapping[str, float | None],
    points: Mapping[str, dict[str, object]] | None = None,
    **changes: object,
) -> None:
    """Write the records of a study's searches: by method the confirmed mean, None where it diverged, and its point.

    Args:
        changes: of the study's settings since.
    """
    for method in found.tuning.studies[study].methods:
        written(found, study, method, scores.get(method), (points or {}).get(method, POINT), changes)


def written(
    found: Params,
    study: str,
    method: str,
    score: float | None,
    point: dict[str, object],
    changes: Mapping[str, object],
) -> None:
    settings = found.tuning.studies[study]
    base = Base.read(
        study,
        settings,
        getattr(found.networks, settings.model),
        found.defaults(settings.optimizers),
        found.tasks[settings.task].training,
    )
    parameters = base.named(base.at(point)) | point | {"seed": 0}
    metrics = {} if score is None else {f"val/{settings.objective}": score}
    head = Run(f"{study}-{method}-s0", parameters, metrics, [], diverged=1 if score is None else None)
    raw = load(ROOT / "params.yaml")["tuning"]["studies"][study]
    path = Path(f"reports/records/tuning/{study}-{method}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    record.write(
        Record(f"tune_{study}@{method}", "tuning", "", {f"tuning.studies.{study}": raw | changes}, {}, "", [head]), path
    )


def test_the_best_confirmed_point_becomes_a_recipe_that_trains_it(shipped: Params) -> None:
    recorded(shipped, "unet", {"random": 0.7, "bayes": 0.9}, {"random": POINT | {"optimizer.learning_rate": 0.5}})
    said = use("unet", shipped, force=False)
    recipe = validate(load(RECIPE), "", RecipeSettings, RECIPE)
    assert recipe.hyperparameters["learning_rate"] == 0.0123
    assert recipe.network["activation"] == "gelu"
    assert recipe.training.schedule.warmup == 0.25
    assert recipe.training.epochs == shipped.tuning.studies["unet"].epochs
    assert (recipe.optimizer, recipe.refit) == ("adam", False)
    assert said[0] == "recipes/scans/unet.yaml: the best point of unet-bayes-s0"
    assert "params.yaml, tasks.scans: recipes: [unet]" in said


def test_a_recipe_is_overwritten_only_by_force(shipped: Params) -> None:
    recorded(shipped, "unet", {"bayes": 0.9})
    RECIPE.parent.mkdir(parents=True)
    RECIPE.write_text("mine")
    with pytest.raises(BadInput, match=r"unet.yaml: exists; add --force"):
        use("unet", shipped, force=False)
    assert RECIPE.read_text() == "mine"
    use("unet", shipped, force=True)
    assert RECIPE.read_text().startswith("# The best point of unet-bayes-s0, by dice")


def test_what_cannot_be_used_is_refused(shipped: Params) -> None:
    with pytest.raises(BadInput, match=r"tuning.studies has no unte; did you mean 'unet'\?"):
        use("unte", shipped, force=False)
    with pytest.raises(BadInput, match="study unet: has no record of random; run dvc repro tune_unet"):
        use("unet", shipped, force=False)
    recorded(shipped, "mlp", {"random": 0.4}, {method: {"penalty.weight_decay": 1e-3} for method in METHODS})
    with pytest.raises(BadInput, match=r"penalty\.weight_decay, which a recipe does not have; search training"):
        use("mlp", shipped, force=False)
    recorded(
        shipped, "unet", {"bayes": 0.9}, {"bayes": {"network.depth": 1}}
    )  # as if params.yaml had had another depth
    with pytest.raises(BadInput, match=r"network.depth is 2 in params.yaml, but its record has another value"):
        use("unet", shipped, force=False)
    assert not Path("recipes").exists()


def test_of_a_loss_the_least_is_the_best(shipped: Params) -> None:
    points = {method: {"optimizer.learning_rate": rate} for method, rate in zip(METHODS, (1, 2, 3, 4, 5), strict=True)}
    recorded(shipped, "mlp", {"grid": 0.5, "random": 0.3, "bayes": 0.4}, points)
    assert best_of("mlp", shipped).run.name == "mlp-random-s0"


def test_a_study_in_which_all_diverged_has_no_best_point(shipped: Params) -> None:
    recorded(shipped, "unet", {})
    with pytest.raises(BadInput, match="study unet: every best point diverged in its confirming trainings"):
        use("unet", shipped, force=False)


@pytest.mark.parametrize("change", [{"objective": "loss"}, {"examples": 0.25}, {"seed": 3}, {"trials": 17}])
def test_a_study_that_has_changed_since_is_refused(shipped: Params, change: dict[str, object]) -> None:
    recorded(shipped, "unet", {"bayes": 0.9}, **change)
    RECIPE.parent.mkdir(parents=True)
    RECIPE.write_text("mine")
    with pytest.raises(BadInput, match=f"study unet: {next(iter(change))} in params.yaml differs from the record of"):
        use("unet", shipped, force=True)
    assert RECIPE.read_text() == "mine"


def test_a_recipe_that_would_be_refused_replaces_nothing(shipped: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(shipped, "unet", {"bayes": 0.9})
    RECIPE.parent.mkdir(parents=True)
    RECIPE.write_text("mine")
    monkeypatch.setattr("bakeoff.commands.use.recipe_of", lambda *_: {"network": {}})
    with pytest.raises(BadInput, match=r"recipes/scans/unet.yaml: optimizer is missing"):
        use("unet", shipped, force=True)
    assert RECIPE.read_text() == "mine"


def test_of_several_optimizers_the_recipe_has_the_best_ones(shipped: Params) -> None:
    several = {
        "optimizer": ["adam", "sgd"],
        "space": {
            "optimizer.adam.learning_rate": {"low": 1e-4, "high": 0.1, "scale": "log"},
            "optimizer.sgd.learning_rate": {"low": 1e-3, "high": 1.0, "scale": "log"},
        },
    }
    study = StudySettings.model_validate(shipped.tuning.studies["unet"].model_dump() | several)
    studies = shipped.tuning.studies | {"unet": study}
    found = shipped.model_copy(update={"tuning": shipped.tuning.model_copy(update={"studies": studies})})
    point = {"optimizer": "sgd", "optimizer.sgd.learning_rate": 0.25}
    recorded(found, "unet", {"random": 0.9}, dict.fromkeys(METHODS, point), **several)
    use("unet", found, force=False)
    recipe = validate(load(RECIPE), "", RecipeSettings, RECIPE)
    assert (recipe.optimizer, recipe.hyperparameters) == ("sgd", {"learning_rate": 0.25})


TWO: dict[str, object] = {"objective": ["dice", "parameters"], "methods": ["random", "bayes"]}


def with_two(found: Params) -> Params:
    """Write the records of the study unet, as one of two objectives; return its params.yaml."""
    settings = found.tuning.studies["unet"]
    study = StudySettings.model_validate(settings.model_dump() | TWO)
    studies = found.tuning.studies | {"unet": study}
    found = found.model_copy(update={"tuning": found.tuning.model_copy(update={"studies": studies})})
    network, defaults = found.networks.unet, found.defaults(study.optimizers)
    base = Base.read("unet", study, network, defaults, found.tasks["scans"].training)
    # Dice and number of weights by trial; the first of bayes diverges, and its second dominates the first of random.
    trials: dict[str, list[tuple[float, int] | None]] = {"random": [(0.5, 30), (0.3, 10)], "bayes": [None, (0.6, 20)]}
    for method, values in trials.items():
        name = f"unet-{method}-s0"
        runs = [Run(name, {"seed": 0}, {"front": 1})]
        for n, of in enumerate(values, start=1):
            point = POINT | {"optimizer.learning_rate": n / 100}
            parameters = base.named(base.at(point)) | {"seed": 0}
            metrics = {} if of is None else {"val/dice": of[0], "parameters": of[1]}
            runs.append(Run(f"{name}-t{n:03}", parameters, metrics, [], 5 if of is None else None, name))
        runs.append(Run(f"{name}-c1", runs[-1].parameters | {"seed": 1, "study.trial": "t002"}, {}, [], None, name))
        raw = load(ROOT / "params.yaml")["tuning"]["studies"]["unet"] | TWO
        path = Path(f"reports/records/tuning/unet-{method}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Record(f"tune_unet@{method}", "tuning", "", {"tuning.studies.unet": raw}, {}, "", runs)
        record.write(made, path)
    return found


def test_a_trial_of_the_front_becomes_a_recipe(shipped: Params) -> None:
    found = with_two(shipped)
    said = use("unet", found, trial="bayes-t002", force=False)
    assert said[0] == "recipes/scans/unet.yaml: trial bayes-t002 of the front of unet"
    assert not any("was not trained again" in line for line in said)
    recipe = validate(load(RECIPE), "", RecipeSettings, RECIPE)
    assert recipe.hyperparameters["learning_rate"] == 0.02
    first = "# Trial bayes-t002 of the front of unet, by dice and parameters on validation data."
    assert RECIPE.read_text().startswith(first)


@pytest.mark.parametrize(
    ("trial", "said"),
    [
        (
            None,
            "study unet: has two objectives, and no one best point; take one of its front with --trial: bayes-t002, r",
        ),
        (
            "random-t001",
            "study unet: its front has no trial random-t001; take one of its front .*: bayes-t002, random-t002",
        ),
        ("bayes-t001", "study unet: its front has no trial bayes-t001; take"),
        ("t002", "study unet: its front has no trial t002; take"),
    ],
)
def test_of_two_objectives_only_a_trial_of_the_front_is_taken(trial: str | None, said: str, shipped: Params) -> None:
    with pytest.raises(BadInput, match=said):
        use("unet", with_two(shipped), trial=trial, force=False)
    assert not RECIPE.exists()


def test_of_one_objective_no_trial_is_taken(shipped: Params) -> None:
    recorded(shipped, "unet", {"bayes": 0.9})
    with pytest.raises(BadInput, match="study unet: has one objective, and its best point is taken; leave out --trial"):
        use("unet", shipped, trial="bayes-t001", force=False)


def test_a_trial_that_no_training_confirms_is_used_with_a_note(shipped: Params) -> None:
    found = with_two(shipped)
    path = Path("reports/records/tuning/unet-random.json")
    made = record.read(path)
    record.write(Record(made.stage, made.task, "", made.settings, {}, "", [*made.runs][:-1]), path)
    said = use("unet", found, trial="random-t002", force=False)
    assert "it was not trained again from a new seed: its values are those of the search" in said


FROM_RECIPE: dict[str, object] = {
    "start": "recipe",
    "optimizer": "adamw",
    "fixed": {"network.dropout": 0.1},
    "space": {"optimizer.beta1": {"low": 0.5, "high": 0.95, "scale": "one_minus"}},
}


@pytest.fixture
def of_recipe(shipped: Params) -> Params:
    """The study cnn, of a recipe in the folder."""
    Path("recipes/images").mkdir(parents=True)
    Path("recipes/images/cnn.yaml").write_text((ROOT / "recipes/images/cnn.yaml").read_text())
    study = StudySettings.model_validate(shipped.tuning.studies["cnn"].model_dump() | FROM_RECIPE)
    studies = shipped.tuning.studies | {"cnn": study}
    found = shipped.model_copy(update={"tuning": shipped.tuning.model_copy(update={"studies": studies})})
    point: dict[str, object] = {"optimizer.beta1": 0.75}
    raw = load(ROOT / "params.yaml")["tuning"]["studies"]["cnn"] | FROM_RECIPE
    base = Base.read("cnn", study, *starts(study))
    for method, score in (("random", 0.8), ("bayes", 0.9), ("evolution", 0.7)):
        parameters = base.named(base.at(point)) | point | {"seed": 0}
        head = Run(f"cnn-{method}-s0", parameters, {"val/accuracy": score}, [])
        path = Path(f"reports/records/tuning/cnn-{method}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        record.write(Record(f"tune_cnn@{method}", "tuning", "", {"tuning.studies.cnn": raw}, {}, "", [head]), path)
    return found


def starts(study: StudySettings) -> tuple[Settings, Mapping[str, Settings], PlanSettings]:
    path = Path("recipes/images/cnn.yaml")
    start = start_of_recipe(validate(load(path), "", RecipeSettings, path), study)
    return start.network, start.defaults, start.training


def test_a_recipe_that_a_study_started_from_keeps_what_it_did_not_search(of_recipe: Params) -> None:
    path = Path("recipes/images/cnn.yaml")
    before = load(path)
    with pytest.raises(BadInput, match=r"cnn.yaml: exists; add --force"):
        use("cnn", of_recipe, force=False)
    said = use("cnn", of_recipe, force=True)
    changed = {
        "network": before["network"] | {"dropout": 0.1},
        "hyperparameters": before["hyperparameters"] | {"beta1": 0.75},
    }
    assert load(path) == before | changed
    old, new = ((folder / path).read_text().splitlines() for folder in (ROOT, Path()))
    assert [number for number, (was, now) in enumerate(zip(old, new, strict=True)) if was != now] == [1, 3]
    assert new[1] == old[1].replace("dropout: 0.25", "dropout: 0.1")
    assert new[3] == old[3].replace("beta1: 0.9,", "beta1: 0.75,")
    assert before["refit"] is True
    assert before["training"]["epochs"] == 11
    assert "epochs: the study's trainings had 1, and the recipe keeps 11" in said
    use("cnn", of_recipe, force=True)  # of the new recipe the study finds the same
    assert load(path) == before | changed


def test_a_recipe_that_has_changed_since_the_study_is_not_written_over(of_recipe: Params) -> None:
    path = Path("recipes/images/cnn.yaml")
    path.write_text(path.read_text().replace("batch_size: 32", "batch_size: 64"))
    changed = path.read_text()
    with pytest.raises(BadInput, match=r"training.batch_size is 64 in recipes/images/cnn.yaml, but its record has ano"):
        use("cnn", of_recipe, force=True)
    assert path.read_text() == changed
