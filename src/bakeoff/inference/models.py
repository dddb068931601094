"""Finds a trained network of a task, and loads it."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from bakeoff.base import paths
from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput, at, hint
from bakeoff.results.model import Comparison
from bakeoff.tracking.predictor import WEIGHTS, Network, Predictor

if TYPE_CHECKING:
    from bakeoff.inference.views import Flips, Windows

RECIPES = "recipes"


@dataclass(frozen=True)
class Chosen:
    """A trained network that was found.

    Attributes:
        group, name: of its file of weights.
        network: its name, `cnn`.
        stage: that trains it.
        seed: None for the one with the best validation score.
    """

    group: str
    name: str
    network: str
    stage: str
    seed: int | None = None


@dataclass(frozen=True)
class Ensemble:
    """Networks of several seeds, which vote by the mean of their probabilities."""

    members: Sequence[Predictor]

    def predict(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """Return probabilities as `Predictor.predict` does; the mean is taken in float64, in the order of the seeds."""
        total = sum(member.predict(x).astype(np.float64) for member in self.members)
        return np.asarray(total / len(self.members), np.float32)


@dataclass(frozen=True)
class Trained:
    """A trained network, or one of several seeds.

    Attributes:
        name: how messages call it.
        network: `cnn`.
        stage: that trains it.
        card: the path of what describes it.
        weights: the path of its weights.
        seeds: the metrics of the final runs that it consists of, by seed.
        settings: of the network.
        data: sha256 of the examples that it was trained on, by path.
        shape: of one example: (D,), or (C, H, W).
    """

    name: str
    network: str
    stage: str
    card: str
    weights: str
    seeds: Mapping[int, Mapping[str, Any]]
    settings: Mapping[str, Any]
    data: Mapping[str, str]
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    predictor: "Predictor | Ensemble | Flips | Windows"


def check_task(document: Mapping[str, Any], task: str) -> str:
    """Return the name of the data set of a task.

    Raises:
        BadInput: params.yaml has no such task.
    """
    tasks = at(document, "tasks")
    if task not in tasks:
        raise BadInput(f"params.yaml: tasks has no {quoted(task)}{hint(task, map(str, tasks))}")
    return str(at(document, f"tasks.{task}.data"))


def choose(task: str, cell: str | None, recipe: str | None) -> Chosen:
    """Return the network of a cell or of a recipe; without either, the one that leads the comparison.

    Raises:
        BadInput: the name is none, or the comparison has no leader of this task.
    """
    check_name("--recipe", recipe, "mlp")
    check_name("--model", cell, "mlp-adam")
    if recipe is not None:
        return Chosen(RECIPES, f"{task}-{recipe}", recipe, f"train_recipe_{task}@{recipe}")
    if cell is not None:
        return Chosen(task, cell, cell.partition("-")[0], f"train_{task}@{cell}")
    compared = Comparison.read(Path(paths.COMPARISON)).tasks.get(task)
    if compared is None or compared.winner is None:
        why = "has no task of this name" if compared is None else "has no leader, for every run diverged"
        raise BadInput(f"{paths.COMPARISON}: {why}: {task}; `dvc repro compare`, or name a model: --model MODEL")
    winner = compared.winner
    name = f"{winner.model}-{winner.optimizer}"
    return Chosen(task, name, winner.model, f"train_{task}@{name}", winner.seed)


def check_name(option: str, name: str | None, example: str) -> None:
    """Refuse a name of a model that leads to a file elsewhere.

    Raises:
        BadInput: it is a path, or empty.
    """
    if name is not None and (name in ("", ".", "..") or "/" in name or "\\" in name):
        raise BadInput(f"{option}: {quoted(name)} is not the name of a model; write it as {example}, without a folder")


def load(chosen: Chosen, task: str, metric: str, *, ensemble: bool = False) -> Trained:
    """Return the network with the weights of one seed, or of all seeds.

    Args:
        metric: of the task; where no seed is named, the best one by it on validation data is taken.
        ensemble: whether all seeds vote whose runs did not diverge.

    Raises:
        BadInput: its files are missing or do not match, or an ensemble has a single seed.
    """
    path, weights = (Path(file(chosen.group, chosen.name)) for file in (paths.card, paths.weights))
    for needed in (path, weights):
        if not needed.is_file():
            raise missing(needed, chosen, task)
    try:
        card = json.loads(path.read_bytes())
        if all("diverged" in metrics for metrics in card["seeds"].values()):
            raise BadInput(f"{path}: every run of {chosen.name} diverged, so it has no weights; choose another model")
        if ensemble:
            seeds = voters(card["seeds"], path)
        else:
            seeds = [best(card["seeds"], metric, path, chosen.stage) if chosen.seed is None else chosen.seed]
        network = Network(chosen.network, card["network"], tuple(card["shape"]), tuple(card["classes"]))
        stored = load_file(weights)
        members = [member(network, stored, seed) for seed in seeds]
        data = dict(card["data"])
        metrics = {seed: card["seeds"][str(seed)] for seed in seeds}
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError):
        raise BadInput(
            f"{weights}: does not fit {path}, or one of them is damaged or of another version; "
            f"`dvc checkout {weights} {path}`, or `dvc repro {chosen.stage}` makes both again"
        ) from None
    which = f"mean of {len(seeds)} seeds" if ensemble else f"seed {seeds[0]}"
    return Trained(
        name=f"{'recipe ' if chosen.group == RECIPES else ''}{chosen.name}, {which}",
        network=chosen.network,
        stage=chosen.stage,
        card=str(path),
        weights=str(weights),
        seeds=metrics,
        settings=card["network"],
        data=data,
        shape=network.shape,
        classes=network.classes,
        predictor=Ensemble(members) if ensemble else members[0],
    )


def member(network: Network, stored: Mapping[str, NDArray[Any]], seed: int) -> Predictor:
    """Return the network with the weights of a seed."""
    prefix = f"s{seed}."
    with tempfile.TemporaryDirectory() as folder:
        tensors = {key.removeprefix(prefix): value for key, value in stored.items() if key.startswith(prefix)}
        save_file(tensors, Path(folder) / WEIGHTS)
        network.save(Path(folder))
        return Predictor(Path(folder))


def voters(seeds: Mapping[str, Mapping[str, Any]], card: Path) -> list[int]:
    """Return the seeds whose runs did not diverge.

    Raises:
        BadInput: there is one alone.
    """
    ended = sorted(int(seed) for seed, metrics in seeds.items() if "diverged" not in metrics)
    if len(ended) < 2:
        raise BadInput(
            f"{card}: has the weights of seed {ended[0]} alone, and an ensemble needs two; leave --ensemble out"
        )
    return ended


def best(seeds: Mapping[str, Mapping[str, Any]], metric: str, card: Path, stage: str) -> int:
    """Return the seed with the best validation score, the least of equals; without validation data the least of all.

    Args:
        seeds: at least one of them ended.
        card, stage: for the message.

    Raises:
        BadInput: seeds have validation scores, and one lacks this metric.
    """
    ended = {int(seed): metrics for seed, metrics in seeds.items() if "diverged" not in metrics}
    scored = sorted(
        {name for metrics in ended.values() for name in metrics if name.startswith(("val/", "val_subset/"))}
    )
    if not scored:
        return min(ended)
    key = f"val/{metric}"
    if lacking := [seed for seed, metrics in sorted(ended.items()) if key not in metrics]:
        there = ", ".join(name for name in scored if name in ended[lacking[0]]) or "no validation score"
        raise BadInput(
            f"{card}: seed {lacking[0]} has no {key}, by which the best seed is chosen; it has {there}; change the "
            f"task's `metric` in params.yaml back, or `dvc repro {stage}` trains it again"
        )
    return min(ended, key=lambda seed: (-ended[seed][key], seed))


def missing(path: Path, chosen: Chosen, task: str) -> BadInput:
    """Return the error for a model that is missing; it lists those that are."""
    prefix = f"{task}-" if chosen.group == RECIPES else ""
    found = sorted(file.stem for file in Path(paths.weights(chosen.group, "x")).parent.glob(f"{prefix}*.safetensors"))
    if path.suffix == ".safetensors" and chosen.name in found:
        found = []
    there = hint(chosen.name.removeprefix(prefix), (name.removeprefix(prefix) for name in found))
    return BadInput(f"{path}: not found; `dvc pull {path}` or `dvc repro {chosen.stage}` restores it{there}")
