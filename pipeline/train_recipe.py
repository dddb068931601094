"""Trains one network on labelled examples by its recipe, once for each seed."""

from functools import partial

import bakeoff.harness.gpu_gate  # noqa: F401  before torch
from bakeoff.base.workers import count
from bakeoff.contest.finished_runs import Kept
from bakeoff.contest.recipe import Recipe, runs
from bakeoff.data.examples import Examples
from bakeoff.harness.stage import Stage, run
from bakeoff.networks.registry import CLASSIFIERS
from bakeoff.training.device import resolve
from bakeoff.training.supervised import Classification

DATA = {"images": "data/images/images.npz", "table": "data/table/encoded.npz"}


def train_recipe(stage: Stage, task: str, model: str) -> None:
    recipe = Recipe.read(stage.settings, task=task, data=DATA[task], model=model)
    cell = recipe.cell
    device = resolve(cell.device)  # first: data can take a while
    workload = Classification(Examples.load(stage.input(cell.data)), cell.training, device, refit=cell.refit)
    with stage.progress(cell.budget.seeds) as progress, Kept(stage.name, stage.recipe) as kept:
        result = recipe.train(workload, stage.watch, progress, kept, count(device))
    stage.output(f"models/recipes/{recipe.name}.safetensors", result.save)
    stage.output(f"models/recipes/{recipe.name}.json", partial(cell.save_card, result, workload, stage.inputs))
    stage.record(f"reports/records/recipes/{recipe.name}.json", "recipes", runs(result))
    stage.metrics(f"reports/metrics/recipes/{recipe.name}.json", result.summary())


if __name__ == "__main__":
    run(train_recipe, "train_recipe_{task}@{model}", task=DATA, model=CLASSIFIERS)
