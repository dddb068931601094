"""The command `bakeoff export`: writes a trained network and its description for other programs."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.base import paths, settings
from bakeoff.base.provenance import sha256
from bakeoff.base.settings import BadInput
from bakeoff.data.images.settings import ImagesSettings
from bakeoff.data.scans.settings import ScansSettings
from bakeoff.inference import export_formats, models, output, recorded, rows
from bakeoff.inference.export_formats import FORMATS
from bakeoff.inference.models import Trained
from bakeoff.inference.predict import PICTURES, SCANS

TOLERANCE = 1e-5  # the largest difference of a probability that is taken for rounding
CHECKED = 5  # examples on which a file is checked; another number than those of the trace


def export(task: str, name: str, to: str, *, cell: str | None = None, recipe: str | None = None) -> None:
    """Write the network of a task to a file.

    Args:
        name: of the format.
        cell, recipe: as `predict` takes them.

    Raises:
        BadInput: there is no such network, a library is missing, or the file cannot be written.
    """
    export_formats.check_installed(name)
    document = settings.load()
    data = models.check_task(document, task)
    kind = settings.validate(document, f"data.{data}.kind", str)
    metric = settings.validate(document, f"tasks.{task}.metric", str)
    chosen = models.choose(task, cell, recipe)
    check_place(to, paths.weights(chosen.group, chosen.name))
    model = models.load(chosen, task, metric)
    described, note = description(model, task, data, kind, document, whole=FORMATS[name].read is not None)
    content = FORMATS[name].content(model, described)
    difference = checked(model, name, content)
    output.write(to, content)
    if note:
        print(note, file=sys.stderr)
    compared = "" if difference is None else f"; read back, its probabilities differ by at most {difference:.1g}"
    print(f"{task} by {model.name}: {name}, {len(content):,} bytes{compared}", file=sys.stderr)


def check_place(to: str, weights: str) -> None:
    """Refuse a file that cannot be written, or that the pipeline writes.

    Raises:
        BadInput: the path cannot be used; the message says what to name instead.
    """
    output.check(to, weights)
    folder = Path(weights).parents[1]
    if to != output.STREAM and Path(to).resolve().is_relative_to(folder.resolve()):
        raise BadInput(f"{to}: lies in {folder}/, where the pipeline keeps its own files; name a file elsewhere")


def checked(model: Trained, name: str, content: bytes) -> float | None:
    """Return the largest difference between the probabilities of a file and of the network; None for weights alone.

    Raises:
        BadInput: it is above the tolerance.
    """
    if (read := FORMATS[name].read) is None:
        return None
    x = export_formats.example(model, CHECKED)
    difference = float(np.abs(read(content)(x) - model.predictor.predict(x)).max())
    if not difference <= TOLERANCE:  # NaN too
        raise BadInput(
            f"{model.card}: the probabilities of the {name} file differ from those of {model.name} by "
            f"{difference:.2g}, and at most {TOLERANCE:g} is allowed, so it was not written; take another --format"
        )
    return difference


def description(
    model: Trained, task: str, data: str, kind: str, document: Mapping[str, Any], *, whole: bool
) -> tuple[dict[str, str], str | None]:
    """Return the description of the network, and a line on skipped checks.

    Args:
        whole: the file has the way from pixels to probabilities, and not the network alone.

    Raises:
        BadInput: params.yaml or the encoder are not those of the training.
    """
    (seed, metrics), *_ = model.seeds.items()
    taken, note = inputs(model, data, kind, document, whole=whole)
    result = {"name": export_formats.OUTPUT, "dtype": "float32", "shape": shown_output(model)}
    if not whole:
        result |= {"name": "logits", "meaning": "a softmax over the second axis gives the probabilities"}
    return {
        "task": task,
        "model": model.network,
        "seed": str(seed),
        "classes": as_json(model.classes),
        "network": as_json(model.settings),
        "metrics": as_json(metrics),
        "weights": model.weights,
        "weights_sha256": sha256(Path(model.weights)),
        "data_sha256": as_json(model.data),
        "output": as_json(result),
        **taken,
    }, note


def inputs(
    model: Trained, data: str, kind: str, document: Mapping[str, Any], *, whole: bool
) -> tuple[dict[str, str], str | None]:
    """Return the description of the input: its type, shape and meaning, and how it is prepared."""
    shape = ["N", *model.shape]
    if kind == "table":
        encoder, note = rows.fitting(model, data)
        meaning = "encoded rows: scaled numbers and one-hot columns, as `bakeoff encode` writes them"
        taken = {"name": export_formats.INPUT, "dtype": "float32", "shape": shape, "meaning": meaning}
        stored = json.loads(Path(paths.encoder(data)).read_text(encoding="utf-8"))
        return {"input": as_json(taken), "columns": as_json(encoder.columns), "encoder": as_json(stored)}, note
    names, section = (PICTURES, ImagesSettings) if kind == "images" else (SCANS, ScansSettings)
    keys = [f"data.{data}.{name}" for name in names]
    note = recorded.check_settings(
        model, paths.examples(data, "images" if kind == "images" else "scans"), document, keys
    )
    found = settings.validate(document, f"data.{data}", section)
    order = "in NCHW order (examples, channels, height, width)"
    if whole:
        dtype, meaning = "uint8", f"pixels, 0 to 255, {order}; the network divides them by 255"
    else:
        dtype, meaning = "float32", f"pixels divided by 255, 0 to 1, {order}"
    taken = {"name": export_formats.INPUT, "dtype": dtype, "shape": shape, "meaning": meaning}
    prepared = found.model_dump(mode="json", include=set(names))
    return {"input": as_json(taken), "preparation": as_json(prepared)}, note


def shown_output(model: Trained) -> list[object]:
    """Return (N, K) of a classifier, or (N, K, H, W) of a network that labels pixels."""
    import torch

    probabilities = export_formats.whole(model)(torch.from_numpy(export_formats.example(model, 1)))
    return ["N", *probabilities.shape[1:]]


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=isinstance(value, dict))
