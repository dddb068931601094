"""Recipes whose values change, and whose text stays."""

from pathlib import Path

import pytest

from bakeoff.base.settings import load
from bakeoff.commands.recipe_text import rewritten
from bakeoff.commands.use import improved

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*/*.yaml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_equal_values_leave_every_byte(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert rewritten(text, load(path)) == text


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_other_values_are_read_back(path: Path, tmp_path: Path) -> None:
    recipe = load(path)
    recipe["training"] |= {
        "schedule": {"kind": "constant", "warmup": 0.0},
        "early_stop": {"patience": 3},
        "label_smoothing": 1e-05,
        "batch_size": "full",
        "ema": None,
    }
    recipe["network"]["activation"] = [1, 2, {"a": None}]
    made = tmp_path / "recipe.yaml"
    made.write_text(rewritten(path.read_text(encoding="utf-8"), recipe), encoding="utf-8")
    assert load(made) == recipe
    assert "# " in made.read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("# Mine.", "# Mine."),
        ("# The best point of a-b-s0, by loss on validation data.", "# New."),
        ("# Trial bayes-t007 of the front of a, by loss and parameters on validation data.", "# New."),
    ],
)
def test_only_the_comment_of_a_study_is_replaced(first: str, then: str) -> None:
    assert improved(f"{first}\na: 1  # one\n# two\nb: null\n", {"a": 2, "b": None}, "# New.") == (
        f"{then}\na: 2  # one\n# two\nb: null\n"
    )
