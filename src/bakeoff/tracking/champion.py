"""The winner of each task in the model registry, as a model that predicts."""

import base64
import io
import logging
import shutil
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput
from PIL import Image
from safetensors.numpy import load_file, save_file

import bakeoff
from bakeoff.base import paths
from bakeoff.base.provenance import sha256, sources
from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.examples import Examples
from bakeoff.inference.registered import ENCODER, KINDS, MASK, PICTURE, Origin, PictureSettings
from bakeoff.tracking.owner import Owner
from bakeoff.tracking.predictor import WEIGHTS, Network
from bakeoff.tracking.runs import KEY, Entry, identified, text

ALIAS = "champion"
LIBRARIES = [  # that a prediction needs
    "duckdb",
    "imagecodecs",
    "nibabel",
    "numpy",
    "pandas",
    "pillow",
    "psutil",
    "pyarrow",
    "pydantic",
    "ruamel.yaml",
    "safetensors",
    "simplejpeg",
    "tifffile",
    "torch",
]
LOADER = "bakeoff.inference.registered"
INPUT, RAW = "bakeoff.input", "raw"  # what a model takes; versions of before have no such tag, or `tensor`


def register(
    client: MlflowClient, experiment: str, entry: Entry, owner: Owner, pictures: PictureSettings | None = None
) -> None:
    """Give the alias `champion` of the task's model to the network of this run; log the network first if it is new.

    Args:
        pictures: the settings for preparing them, if the task is on images or scans.

    Raises:
        BadInput: its weights or its data are missing.
    """
    task = entry.record.task
    tags = {KEY: entry.key, INPUT: RAW}
    known = [found for found in versions(client, task) if tags.items() <= found.tags.items()]
    if known:
        newest = known[0]
    else:
        run = identified(client, experiment, entry, owner)
        source = log(client, experiment, entry, run, pictures)
        newest = client.create_model_version(
            task,
            source=f"models:/{source}",
            run_id=run,
            model_id=source,
            tags=tags,
            description=described(entry),
        )
    if client.get_registered_model(task).aliases.get(ALIAS) != newest.version:
        client.set_registered_model_alias(task, ALIAS, newest.version)


def versions(client: MlflowClient, task: str) -> list[Any]:
    """Return the versions of the task's model, the newest first; create the model if there is none."""
    found = client.search_registered_models(f"name = '{task}'")
    if not found:
        client.create_registered_model(task, description=f"The network that leads the comparison of {task}.")
    return list(client.search_model_versions(f"name = '{task}'"))


def log(client: MlflowClient, experiment: str, entry: Entry, run: str, pictures: PictureSettings | None) -> str:
    """Log the model of a run, without pickles: weights in safetensors, the network, the code; return its id."""
    parameters = {name: text(value) for name, value in entry.run.parameters.items()}
    with tempfile.TemporaryDirectory() as folder:
        examples = assemble(entry, Path(folder) / "data")
        save(Path(folder), examples, describe(entry, Path(folder) / "data", pictures))
        for killed in client.search_logged_models([experiment], f"name = '{entry.run.name}'"):
            if killed.status == "PENDING" and killed.source_run_id == run:
                client.delete_logged_model(killed.model_id)
        model = client.create_logged_model(experiment, entry.run.name, run, params=parameters, tags={KEY: entry.key})
        client.log_model_artifacts(model.model_id, str(Path(folder) / "model"))
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(run, [LoggedModelOutput(model.model_id, 0)])
    identifier: str = model.model_id
    return identifier


def describe(entry: Entry, folder: Path, pictures: PictureSettings | None) -> Origin:
    """Write the encoder or the settings for preparing pictures into a folder; return the origin of the model.

    Raises:
        BadInput: the encoder is missing.
    """
    named = entry.run.parameters
    data = paths.data_name(named["data"])
    kind = next(kind for kind in KINDS if Path(named["data"]).name == paths.EXAMPLES[kind])
    origin = Origin(
        task=entry.record.task,
        name=f"{named['model']}-{named['optimizer']}, seed {named['seed']}",
        stage=entry.record.stage,
        kind=kind,
        data=data,
        seeds={int(named["seed"]): dict(entry.run.metrics)},
        digests=dict(entry.record.data),
        pictures=None if kind == "table" else pictures,
    )
    origin.save(folder)
    if kind == "table":
        Encoder.load(Path(paths.encoder(data))).save(folder / ENCODER)
    return origin


def save(folder: Path, examples: Examples, origin: Origin) -> None:
    """Write folder/model from folder/data: a model of raw rows or pictures, with an input example.

    It contains the imports that only a new champion needs, which take half a second.
    """
    with warnings.catch_warnings(action="ignore"):  # MLflow's, about its own type hints
        from mlflow import pyfunc
        from mlflow.models import ModelSignature
        from mlflow.types import ColSpec, DataType, Schema
        from mlflow.types.schema import AnyType

        first = examples.train.x[:1]
        if origin.kind == "table":
            encoder = Encoder.load(folder / "data" / ENCODER)
            example = encoder.inverse_transform(np.array(first, np.float32))
            # A number of a file may be an integer, and a category a number: the encoder reads both.
            taken: list[Any] = [ColSpec(AnyType(), str(name)) for name in example]  # type: ignore[no-untyped-call]
        else:
            example = pd.DataFrame({PICTURE: [png(picture) for picture in first]})
            taken = [ColSpec(DataType.binary, PICTURE)]
        if origin.kind == "scans":
            given: list[Any] = [ColSpec(DataType.binary, MASK)]
        else:
            given = [ColSpec(DataType.string, "predicted")]
            given += [ColSpec(DataType.float, f"probability.{name}") for name in examples.classes]
        logging.getLogger("mlflow.pyfunc").setLevel(logging.WARNING)  # it logs that it validates the input example
        pyfunc.save_model(
            folder / "model",
            loader_module=LOADER,
            data_path=folder / "data",
            code_paths=[str(code(folder / "code", LOADER))],
            pip_requirements=[f"{name}=={version(name).partition('+')[0]}" for name in LIBRARIES],
            signature=ModelSignature(Schema(taken), Schema(given)),
            input_example=example,
        )


def png(picture: Any) -> str:
    """Return a picture (C, H, W) as PNG in base64."""
    content = io.BytesIO()
    Image.fromarray(picture[0] if len(picture) == 1 else np.moveaxis(picture, 0, -1)).save(content, format="PNG")
    return base64.b64encode(content.getvalue()).decode()


def code(folder: Path, module: str) -> Path:
    """Copy the files of the package that a module needs into a folder; return the copy."""
    package = Path(bakeoff.__path__[0])
    root = package.parents[1]
    script = package.relative_to(root).parent.joinpath(*module.split(".")).with_suffix(".py")
    for file in sources(script, root):
        copy = folder / file.relative_to("src")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, copy)
    for inner in (folder, *folder.rglob("*/")):
        (inner / "__init__.py").touch()
    return folder / package.name


def assemble(entry: Entry, folder: Path) -> Examples:
    """Write the files that the predictor reads; return the path of the training data.

    Raises:
        BadInput: the weights or the data are missing, or the data differ from those of the training.
    """
    named = entry.run.parameters
    model, seed = named["model"], named["seed"]
    weights = Path(paths.weights(entry.record.task, f"{model}-{named['optimizer']}"))
    data = Path(named["data"])
    for needed in (weights, data):
        if not needed.exists():
            raise BadInput(f"{needed}: not found; `dvc pull {needed}` or `dvc repro` restores it")
    if sha256(data) != entry.record.data[str(data)]:
        raise BadInput(
            f"{data}: has changed since {entry.run.name} was trained; `dvc repro {entry.record.stage}` trains it again"
        )
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
