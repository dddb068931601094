import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from bakeoff.base import settings
from bakeoff.base.progress import Progress
from bakeoff.base.settings import BadInput
from bakeoff.contest.finished_runs import FinishedRuns
from bakeoff.contest.recipe import Recipe
from bakeoff.contest.recipe_settings import RecipeSettings
from bakeoff.contest.result import Result
from bakeoff.data.examples import Examples, Split
from bakeoff.training.supervised import Classification

PARAMS = Path(__file__).parents[2] / "params.yaml"
NETWORK = {
    "channels": [3],
    "kernel": 3,
    "hidden": 5,
    "normalisation": "batch",
    "activation": "tanh",
    "initialisation": "xavier",
    "dropout": 0.2,
}
HYPERPARAMETERS = {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-8}
WRITTEN = PARAMS.parent / "recipes/images/cnn.yaml"


def written(*, refit: bool = False) -> RecipeSettings:
    """The project's own recipe of the CNN, changed."""
    document = settings.load(WRITTEN)
    document |= {"network": NETWORK, "optimizer": "adam", "hyperparameters": HYPERPARAMETERS, "refit": refit}
    document["training"] |= {"epochs": 2, "batch_size": 8}
    return RecipeSettings.model_validate(document)


def recipe(*, refit: bool = False) -> Recipe:
    document = settings.load(PARAMS)
    document["budgets"]["standard"]["contest"]["recipes"] = 3
    return Recipe.read(partial(settings.validate, document), written(refit=refit), task="images", model="cnn")


class Watched(Classification):
    """Random images; notes which splits are read."""

    def __init__(self, made: Recipe) -> None:
        draw = np.random.default_rng(0)
        train, validation, test = (
            Split(draw.integers(256, size=(n, 1, 9, 9), dtype=np.uint8), np.arange(n, dtype=np.uint8) % 3)
            for n in (30, 9, 12)
        )
        examples = Examples(train, validation, test, ("a", "b", "c"))
        super().__init__(examples, made.combination.training, torch.device("cpu"), refit=made.combination.refit)
        self.read: list[str] = []

    def evaluate(self, network: torch.nn.Module, split: Any) -> dict[str, float]:
        self.read.append(split)
        return super().evaluate(network, split)


def train(workload: Watched, folder: Path, workers: int = 1, *, refit: bool = False) -> Result:
    made = recipe(refit=refit)
    progress = Progress(made.seeds, "recipe", StringIO())
    with FinishedRuns("recipe", "none", folder) as kept:
        return made.train(workload, lambda *_: lambda _: None, progress, kept, workers)


def test_a_recipe_is_its_own_network_optimizer_and_training() -> None:
    """And none of those that the contest has under the same names."""
    trained = recipe().combination
    assert trained.network.model_dump(mode="json") == NETWORK
    assert (trained.optimizer, trained.hyperparameters.model_dump()) == ("adam", HYPERPARAMETERS)
    run = settings.load(PARAMS)["run"]
    del run["device"]
    assert trained.training.model_dump(mode="json") == written().training.model_dump(mode="json") | run
    assert recipe().seeds == 3


def test_each_seed_is_trained_and_tested_once(tmp_path: Path) -> None:
    workload = Watched(recipe())
    result = train(workload, tmp_path)
    # Eight steps, fewer than evaluations.
    assert workload.read == [*["validation_subset"] * 7, "validation", "validation_subset", "test"] * 3
    assert [run.name for run in result.runs] == ["images-cnn-s0", "images-cnn-s1", "images-cnn-s2"]
    losses = [run.metrics["test/loss"] for run in result.runs]
    assert len(set(losses)) == 3
    assert result.summary()["test/loss"] == pytest.approx(sum(losses) / 3)


def test_records_tell_all_that_determines_a_run_and_nothing_of_a_contest(tmp_path: Path) -> None:
    recorded = train(Watched(recipe()), tmp_path).runs
    for seed, run in enumerate(recorded):
        parameters: Mapping[str, Any] = run.parameters
        assert (
            parameters["seed"] == seed
            and parameters["task"] == "images"
            and parameters["data"] == "data/images/images.npz"
        )
        assert {key: parameters[f"network.{key}"] for key in NETWORK} == NETWORK
        assert {key: parameters[f"optimizer.{key}"] for key in HYPERPARAMETERS} == HYPERPARAMETERS
        assert parameters["training.schedule.kind"] == recipe().combination.training.schedule.kind
        assert run.parent is None and not {"role", "point"} & parameters.keys()


def test_a_refit_learns_from_the_validation_data_and_is_not_measured_by_them(tmp_path: Path) -> None:
    """30 + 9 images in batches of 8 make 5 steps an epoch, where 30 make 4."""
    result = train(Watched(recipe(refit=True)), tmp_path / "refit", refit=True)
    for run in result.runs:
        assert run.parameters["refit"] is True
        assert run.history[-1]["step"] == 10
        assert not any(name.startswith("val") for name in run.metrics | run.history[-1])
        assert run.metrics.keys() >= {"train/loss", "test/loss", "test/accuracy"}
    held_out = train(Watched(recipe()), tmp_path / "kept")
    assert [run.parameters["refit"] for run in held_out.runs] == [False] * 3
    assert held_out.runs[0].history[-1]["step"] == 8


@pytest.mark.parametrize(("refit", "on"), [(False, ["training"]), (True, ["training", "validation"])])
def test_the_card_says_what_a_recipe_was_trained_on(*, refit: bool, on: list[str], tmp_path: Path) -> None:
    made = recipe(refit=refit)
    workload = Watched(made)
    made.combination.save_card(train(workload, tmp_path / "kept", refit=refit), workload, {}, tmp_path / "card.json")
    assert json.loads((tmp_path / "card.json").read_text())["trained on"] == on


def test_workers_change_nothing(tmp_path: Path) -> None:
    for workers in (1, 2):
        train(Watched(recipe()), tmp_path / "kept", workers).save(tmp_path / str(workers))
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert {key.split(".")[0] for key in load_file(tmp_path / "1")} == {"s0", "s1", "s2"}


def test_a_refusal_names_the_file_of_the_recipe(tmp_path: Path) -> None:
    made = recipe()
    small = Split(np.zeros((8, 1, 2, 2), np.uint8), np.arange(8, dtype=np.uint8) % 2)
    examples = Examples(small, small, small, ("a", "b"))
    shifted = made.combination.training.augmentation.model_copy(update={"shift": 3, "crop": 0})
    training = made.combination.training.model_copy(update={"augmentation": shifted})
    with pytest.raises(BadInput, match=r"^recipes/images/cnn.yaml: training.augmentation.shift is 3, which leaves"):
        replace(made.combination, training=training).workload(examples, torch.device("cpu"))
    plain = made.combination.training.model_copy(update={"augmentation": shifted.model_copy(update={"shift": 0})})
    combination = replace(made.combination, training=plain)
    workload = combination.workload(examples, torch.device("cpu"))
    with FinishedRuns("recipe", "none", tmp_path) as kept, pytest.raises(BadInput) as refused:
        replace(made, combination=combination).train(
            workload, lambda *_: lambda _: None, Progress(3, "recipe", StringIO()), kept
        )
    assert str(refused.value).startswith("recipes/images/cnn.yaml: network.kernel is 3, and does not fit 2 x 2 pixels")
