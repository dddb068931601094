"""The command `bakeoff card`: writes a model card in the format of the Hugging Face hub from the record.

The head is YAML: https://huggingface.co/docs/hub/model-cards. Each number is one that the pipeline has recorded.
"""

import io
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bakeoff.base import paths, settings
from bakeoff.base.provenance import sha256
from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput
from bakeoff.data.card import Card, read_card
from bakeoff.data.sources.catalogue import SOURCES, Source
from bakeoff.inference import models, output
from bakeoff.inference.exporting import check_place
from bakeoff.inference.models import RECIPES, Chosen, Trained
from bakeoff.report.escaping import Markup, code, plain
from bakeoff.report.formatting import DASH, METRICS, estimate, number, percent, plural, table, taken
from bakeoff.results.model import CellResult, Comparison, RecipeResult, Summary, TaskComparison, rounded

# The hub's names of tasks.
PIPELINES = {"images": "image-classification", "table": "tabular-classification", "scans": "image-segmentation"}
HUB_METRICS = {"accuracy": "accuracy", "auc": "roc_auc", "dice": "dice"}
LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")  # an identifier of the hub: cc0-1.0, apache-2.0, unknown
UNSTATED = "unknown"


@dataclass(frozen=True)
class Known:
    """The records of a model.

    Attributes:
        written: the file beside the weights.
        data: the card of the data set.
        compared: the task in the comparison.
        result: of the model there.
        licence: of the weights, an identifier of the hub.
    """

    task: str
    model: Trained
    written: Mapping[str, Any]
    data: Card
    compared: TaskComparison
    result: CellResult | RecipeResult
    confidence: float
    licence: str

    @property
    def source(self) -> Source | None:
        """The catalogue's entry of the data; None for own data."""
        return SOURCES.get(self.data.source)


def card(task: str, to: str, licence: str | None, *, cell: str | None = None, recipe: str | None = None) -> None:
    """Write the card of a model.

    Args:
        licence: of the weights, an identifier of the hub; None if none is stated.
        cell, recipe: as `predict` takes them.

    Raises:
        BadInput: there is no such model, the comparison does not have it, or the file cannot be written.
    """
    if licence is not None and not LICENCE.fullmatch(licence):
        raise BadInput(
            f"--licence: {quoted(licence)} is not a licence identifier of the hub; write one as cc-by-4.0 or apache-2.0"
        )
    document = settings.load()
    data = models.check_task(document, task)
    chosen = models.choose(task, cell, recipe)
    check_place(to, paths.weights(chosen.group, chosen.name))
    model = models.load(chosen, task, settings.validate(document, f"tasks.{task}.metric", str))
    comparison = Comparison.read(Path(paths.COMPARISON))
    if task not in comparison.tasks:
        raise BadInput(f"{paths.COMPARISON}: has no task {quoted(task)}; `dvc repro compare` writes it again")
    compared = comparison.tasks[task]
    written = json.loads(Path(model.card).read_bytes())
    known = Known(
        task=task,
        model=model,
        written=written,
        data=read_card(Path(paths.data_card(data))),
        compared=compared,
        result=result(chosen, compared, written),
        confidence=comparison.confidence,
        licence=licence or UNSTATED,
    )
    output.write(to, markdown(known).encode())
    print(f"{task} by {model.name}: model card", file=sys.stderr)


def result(chosen: Chosen, compared: TaskComparison, written: Mapping[str, Any]) -> CellResult | RecipeResult:
    """Return the result of a model in the comparison.

    Raises:
        BadInput: it is missing, or is of another training.
    """
    found: CellResult | RecipeResult | None
    if chosen.group == RECIPES:
        found = next((one for one in compared.recipes if one.model == chosen.network), None)
    else:
        found = next((one for one in compared.cells if f"{one.model}-{one.optimizer}" == chosen.name), None)
    if found is None:
        raise BadInput(f"{paths.COMPARISON}: does not have {chosen.name}; `dvc repro compare` writes it again")
    key = f"test/{compared.metric}"
    recorded = [metrics.get(key) for _, metrics in sorted(written["seeds"].items(), key=lambda one: int(one[0]))]
    if found.test.values != tuple(None if value is None else rounded(value) for value in recorded):
        raise BadInput(
            f"{paths.COMPARISON}: has other scores of {chosen.name} than {paths.card(chosen.group, chosen.name)}; "
            "`dvc repro compare` updates it"
        )
    return found


def markdown(known: Known) -> str:
    """Return the card."""
    parts = [
        head(known),
        f"# {plain(str(known.written['title']))}",
        opening(known),
        "## Intended use",
        intended(known),
        "## Data",
        data(known),
        "## Results",
        results(known),
        "## Training",
        training(known),
        "## Not tested",
        untested(known),
    ]
    return "\n\n".join(parts) + "\n"


def head(known: Known) -> str:
    """Return the metadata in YAML, between two lines of dashes."""
    metric = known.compared.metric
    ((_, own),) = known.model.seeds.items()
    pipeline = PIPELINES[known.data.kind]
    measured = [
        {"type": HUB_METRICS[metric], "name": f"{split} {METRICS[metric]}", "value": rounded(own[f"{prefix}/{metric}"])}
        for split, prefix in (("Validation", "val"), ("Test", "test"))
        if f"{prefix}/{metric}" in own
    ]
    dataset = {"name": known.source.title if known.source else known.data.source, "type": known.data.source}
    stem = Path(known.model.weights).stem
    named = stem if isinstance(known.result, RecipeResult) else f"{known.task}-{stem}"
    metadata = {
        "license": known.licence,
        "library_name": "pytorch",
        "pipeline_tag": pipeline,
        "tags": ["bakeoff", pipeline, known.model.network, str(known.written["optimizer"]["name"])],
        "metrics": [HUB_METRICS[metric]],
        "model-index": [
            {"name": named, "results": [{"task": {"type": pipeline}, "dataset": dataset, "metrics": measured}]}
        ],
    }
    yaml, text = YAML(), io.StringIO()
    yaml.width = 1000
    yaml.dump(metadata, text)
    return f"---\n{text.getvalue()}---"


def opening(known: Known) -> str:
    weights, shape = known.model.weights, " x ".join(map(str, known.model.shape))
    return (
        f"A network of {plural(int(known.written['parameters']), 'weight')} ({plain(str(known.written['source']))}), "
        f"{plain(known.model.name)}. One example has the shape {shape}; the classes are "
        f"{', '.join(map(code, known.model.classes))}. The weights are in {code(weights)} (sha256 "
        f"{code(sha256(Path(weights)))})."
    )


def intended(known: Known) -> str:
    what = {
        "images": "Pictures of the kind on which it was trained, brought to the same size, colour and number of bits",
        "table": "Rows with the columns of the training table, encoded by the encoder that was fitted to it",
        "scans": "Pictures, stacks and volumes of the kind on which it was trained, one class for each pixel",
    }[known.data.kind]
    command = code(f"bakeoff predict {known.task} INPUT {option(known)} --to OUT")
    return (
        f"{what}: {command} prepares them so. It was trained to compare optimizers and networks under equal budgets, "
        "not for a decision about people or safety."
    )


def option(known: Known) -> str:
    name = Path(known.model.weights).stem
    if isinstance(known.result, RecipeResult):
        return f"--recipe {known.result.model}"
    return f"--model {name}"


def data(known: Known) -> str:
    """Return source, licence and citation of the data, and the size of each split."""
    found = known.source
    origin = (
        f"{plain(found.title)} ({code(known.data.source)}){plain(taken(known.data.taken))}. Licence of the data: "
        f"{plain(found.licence)}. Source: {plain(found.citation)}."
        if found
        else f"{code(known.data.source)}{plain(taken(known.data.taken))}, the user's own data; no licence is recorded."
    )
    rows = [
        [name, *(f"{part.labels[place]:,}" for part in known.data.parts.values())]
        for place, name in enumerate(known.data.classes)
    ]
    counted = "pixels of each class" if known.data.kind == "scans" else "examples of each class"
    trained = " and ".join(map(str, known.written["trained on"]))
    total = ["all examples", *(f"{part.examples:,}" for part in known.data.parts.values())]
    return (
        f"{origin} It was trained on {trained} data. The table has the {counted}.\n\n"
        f"{table(['class', *known.data.parts], [*rows, total])}"
    )


def results(known: Known) -> str:
    """Return the scores with their intervals, and the scores of references and baselines."""
    compared, found = known.compared, known.result
    metric = METRICS[compared.metric]
    seeds = len(found.test.values)
    ((seed, own),) = known.model.seeds.items()
    rows = [
        [f"this model, seed {seed}", *(number(own.get(f"{prefix}/{compared.metric}")) for prefix in ("val", "test"))],
        [
            f"mean over {plural(seeds, 'seed')}",
            summary(found.validation),
            summary(found.test),
        ],
        *([one.name, number(one.validation), number(one.test)] for one in compared.references),
        *([f"baseline {one.model}", number(one.validation), number(one.test)] for one in compared.baselines),
    ]
    level = percent(known.confidence)
    diverged = f" {plural(len(found.diverged), 'run')} diverged." if found.diverged else ""
    chosen = " The seed is the best one on validation data, so its score there is biased."
    if found.validation is None:
        chosen = " The seed is the first one, for no validation data were left to choose by."
    return (
        f"The metric is {metric}. Intervals are Student's over seeds, at {level}; they do not tell how the score "
        f"varies over other examples.{diverged}{chosen}\n\n{table(['', 'validation', 'test'], rows)}"
    )


def summary(found: Summary | None) -> str:
    return DASH if found is None else estimate(found)


def training(known: Known) -> str:
    """Return all hyperparameters, by their names in params.yaml."""
    sections = ("network", "optimizer", "training")
    rows = [
        [Markup(code(f"{section}.{name}")), Markup(code(json.dumps(value, ensure_ascii=False)))]
        for section in sections
        for name, value in sorted(known.written[section].items())
    ]
    return table(["setting", "value"], rows)


def untested(known: Known) -> str:
    """Return what the scores do not cover, as a list."""
    source = code(known.data.source)
    lines = [
        f"Data of any other source than {source}: the test examples come from there too.",
        "Groups inside the data: no score of a part of them was measured, beyond the classes.",
        "Examples of no known class: the probabilities always sum to 1 over the classes above.",
        f"Calibration: {code(f'bakeoff explain {known.task} {option(known)} --to FOLDER')} measures it.",
        "Inputs that were changed on purpose to mislead it, and noise beyond that of the data.",
    ]
    if known.data.kind != "table":
        lines.append("Pictures of other devices, resolutions or orientations than those of the data.")
    else:
        lines.append("Times after those of the data: how the columns and the classes belong together may change.")
    return "\n".join(f"- {line}" for line in lines)
