"""Reads recipes from files."""

from pathlib import Path

from bakeoff.base import paths
from bakeoff.base.quoting import listed
from bakeoff.base.settings import BadInput, load, validate
from bakeoff.contest.recipe_settings import RecipeSettings
from bakeoff.harness.params_rules import unseen


def read_recipe(root: Path, task: str, model: str) -> RecipeSettings:
    """Return the content of a recipe; the settings of its network and its optimizer are not validated yet.

    Raises:
        BadInput: it is invalid.
    """
    place = Path(paths.recipe(task, model))
    document = load(root / place)
    if wrong := list(unseen(document)):
        raise BadInput(f"{place}: {listed(wrong)}")
    return validate(document, "", RecipeSettings, place)
