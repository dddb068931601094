"""A study's best point as a recipe."""

from pathlib import Path

import pytest

from bakeoff.base import record
from bakeoff.base.record import Record, Run, flat
from bakeoff.base.settings import BadInput, load, validate
from bakeoff.commands.use import use
from bakeoff.contest.recipe_settings import RecipeSettings
from bakeoff.harness import params
from bakeoff.harness.params import Params
from bakeoff.tuning.candidate import Base

ROOT = Path(__file__).parents[2]
POINT = {"optimizer.learning_rate": 0.0123, "network.activation": "gelu", "training.schedule.warmup": 0.25}
RECIPE = Path("recipes/scans/unet.yaml")


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    found = params.check(ROOT / "params.yaml", graph=False)
    monkeypatch.chdir(tmp_path)
    return found


def recorded(found: Params, study: str, method: str, score: float, point: dict[str, object]) -> None:
    """Write the record of a search whose best trial is at a point."""
    settings = found.tuning.studies[study]
    base = Base.read(
        study,
        settings,
        getattr(found.networks, settings.model),
        getattr(found.optimizers, settings.optimizer).defaults,
        found.tasks[settings.task].training,
    )
    document = base.at(point).document()
    parameters = {key: value for name, section in document.items() for key, value in flat(name, section).items()}
    head = Run(f"{study}-{method}-s0", parameters | point, {f"val/{settings.objective}": score}, [])
    path = Path(f"reports/records/tuning/{study}-{method}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    record.write(Record(f"tune_{study}@{method}", "tuning", "", {}, {}, "", [head]), path)


def test_the_best_confirmed_point_becomes_a_recipe_that_trains_it(shipped: Params) -> None:
    recorded(shipped, "unet", "random", 0.7, POINT | {"optimizer.learning_rate": 0.5})
    recorded(shipped, "unet", "bayes", 0.9, POINT)
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
    recorded(shipped, "unet", "bayes", 0.9, POINT)
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
    with pytest.raises(BadInput, match="study unet: has no record; run dvc repro tune_unet"):
        use("unet", shipped, force=False)
    recorded(shipped, "mlp", "random", 0.4, {"penalty.weight_decay": 1e-3})
    with pytest.raises(BadInput, match=r"penalty.weight_decay, which a recipe does not have; search training"):
        use("mlp", shipped, force=False)
    recorded(shipped, "unet", "bayes", 0.9, {"network.depth": 1})  # as if params.yaml had had another depth
    with pytest.raises(BadInput, match=r"network.depth is 2 by params.yaml, and its record has another value"):
        use("unet", shipped, force=False)
    assert not Path("recipes").exists()
