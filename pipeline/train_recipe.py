"""Trains a network by its recipe, once for each seed."""

from functools import partial

from bakeoff.base import paths
from bakeoff.base.workers import count
from bakeoff.contest.finished_runs import FinishedRuns
from bakeoff.contest.recipe import Recipe
from bakeoff.contest.recipe_settings import RecipeSettings
from bakeoff.data.examples import Examples
from bakeoff.harness.stage import Stage, run
from bakeoff.networks.registry import NETWORKS
from bakeoff.training.device import resolve


def train_recipe(stage: Stage, task: str, model: str) -> None:
    written = stage.file_settings(paths.recipe(task, model), RecipeSettings)
    recipe = Recipe.read(stage.settings, written, task=task, model=model)
    trained = recipe.combination
    device = resolve(recipe.device)  # first: data can take a while
    workload = trained.workload(Examples.load(stage.input(trained.data)), device)
    with stage.progress(recipe.seeds) as progress, FinishedRuns(stage.name, stage.digest) as finished:
        result = recipe.train(workload, stage.watch, progress, finished, count(device))
    stage.output(paths.weights("recipes", recipe.name), result.save)
    stage.output(paths.card("recipes", recipe.name), partial(trained.save_card, result, workload, stage.inputs))
    stage.record(paths.record("recipes", recipe.name), "recipes", result.runs)
    stage.metrics(paths.metrics("recipes", recipe.name), result.summary())


if __name__ == "__main__":
    run(train_recipe, "train_recipe_{task}@{model}", task=None, model=NETWORKS)
