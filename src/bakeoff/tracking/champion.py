"""The winner of each task in the model registry, as a model that predicts."""

import shutil
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput
from safetensors.numpy import load_file, save_file

import bakeoff
from bakeoff.base import paths
from bakeoff.base.provenance import sources
from bakeoff.base.settings import BadInput
from bakeoff.data.examples import Examples
from bakeoff.tracking.owner import Owner
from bakeoff.tracking.predictor import WEIGHTS, Network
from bakeoff.tracking.runs import KEY, Entry, identified, text

ALIAS = "champion"
LIBRARIES = ["numpy", "pydantic", "ruamel.yaml", "safetensors", "torch"]  # that a prediction needs
LOADER = "bakeoff.tracking.predictor"


def crown(client: MlflowClient, experiment: str, entry: Entry, owner: Owner) -> None:
    """Give the alias `champion` of the model named by the task to this run's network; log it first if it is new.

    Raises:
        BadInput: its weights or its data are not there.
    """
    task = entry.record.task
    known = [found for found in versions(client, task) if found.tags.get(KEY) == entry.key]
    if known:
        newest = known[0]
    else:
        run = identified(client, experiment, entry, owner)
        source = log(client, experiment, entry, run)
        newest = client.create_model_version(
            task,
            source=f"models:/{source}",
            run_id=run,
            model_id=source,
            tags={KEY: entry.key},
            description=described(entry),
        )
    if client.get_registered_model(task).aliases.get(ALIAS) != newest.version:
        client.set_registered_model_alias(task, ALIAS, newest.version)


def versions(client: MlflowClient, task: str) -> list[Any]:
    """Return the versions of the model named by the task, the newest first; create the model if there is none."""
    found = client.search_registered_models(f"name = '{task}'")
    if not found:
        client.create_registered_model(task, description=f"The network that leads the comparison of {task}.")
    return list(client.search_model_versions(f"name = '{task}'"))


def log(client: MlflowClient, experiment: str, entry: Entry, run: str) -> str:
    """Log the run's model, without pickles: weights in safetensors, its network, the code; return its id."""
    parameters = {name: text(value) for name, value in entry.run.parameters.items()}
    with tempfile.TemporaryDirectory() as folder:
        examples = assemble(entry, Path(folder) / "data")
        save(Path(folder), examples)
        for killed in client.search_logged_models([experiment], f"name = '{entry.run.name}'"):
            if killed.status == "PENDING" and killed.source_run_id == run:
                client.delete_logged_model(killed.model_id)
        model = client.create_logged_model(experiment, entry.run.name, run, params=parameters, tags={KEY: entry.key})
        client.log_model_artifacts(model.model_id, str(Path(folder) / "model"))
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(run, [LoggedModelOutput(model.model_id, 0)])
    identifier: str = model.model_id
    return identifier


def save(folder: Path, examples: Examples) -> None:
    """Write folder/model from folder/data. Half a second of imports that only a new champion needs is in here."""
    with warnings.catch_warnings(action="ignore"):  # MLflow's, about its own type hints
        from mlflow import pyfunc
        from mlflow.models import ModelSignature
        from mlflow.types import Schema, TensorSpec

        x, y = examples.train.x, examples.train.y
        taken = TensorSpec(x.dtype, (-1, *x.shape[1:]))
        given = TensorSpec(np.dtype(np.float32), (-1, len(examples.classes), *y.shape[1:]))
        pyfunc.save_model(
            folder / "model",
            loader_module=LOADER,
            data_path=folder / "data",
            code_paths=[str(code(folder / "code"))],
            pip_requirements=[f"{name}=={version(name).partition('+')[0]}" for name in LIBRARIES],
            signature=ModelSignature(Schema([taken]), Schema([given])),
        )


def code(folder: Path) -> Path:
    """Copy the package into a folder, no more of it than a prediction needs; return the copy."""
    package = Path(bakeoff.__path__[0])
    root = package.parents[1]
    for file in sources(package.relative_to(root) / "tracking/predictor.py", root):
        copy = folder / file.relative_to("src")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, copy)
    for inner in (folder, *folder.rglob("*/")):
        (inner / "__init__.py").touch()
    return folder / package.name


def assemble(entry: Entry, folder: Path) -> Examples:
    """Write what the predictor reads; returns what the network was trained on."""
    named = entry.run.parameters
    model, seed = named["model"], named["seed"]
    weights = Path(paths.weights(entry.record.task, f"{model}-{named['optimizer']}"))
    data = Path(named["data"])
    for needed in (weights, data):
        if not needed.exists():
            raise BadInput(f"{needed}: not found; `dvc pull {needed}` or `dvc repro` brings it")
    examples = Examples.load(data)
    folder.mkdir()
    prefix = f"s{seed}."
    tensors = load_file(weights)
    save_file({key.removeprefix(prefix): tensors[key] for key in tensors if key.startswith(prefix)}, folder / WEIGHTS)
    settings = dict(entry.record.settings[f"networks.{model}"])
    Network(model, settings, tuple(examples.train.x.shape[1:]), examples.classes).save(folder)
    return examples


def described(entry: Entry) -> str:
    """Return `cnn under adam, seed 1: test/accuracy 0.981, ...; dvc repro train_images@cnn-adam`."""
    named = entry.run.parameters
    metrics = ", ".join(f"{name} {value:.4g}" for name, value in sorted(entry.run.metrics.items()))
    run = f"{named['model']} under {named['optimizer']}, seed {named['seed']}"
    return f"{run}: {metrics}; `dvc repro {entry.record.stage}`"
