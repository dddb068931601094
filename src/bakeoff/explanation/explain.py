"""The command `bakeoff explain`: writes a page and a JSON file on the predictions of a network on a split."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from bakeoff.base import files, paths, settings
from bakeoff.base.paths import Kind
from bakeoff.base.progress import Progress
from bakeoff.base.provenance import sha256
from bakeoff.base.quoting import quoted
from bakeoff.base.record import dump
from bakeoff.base.settings import BadInput, hint
from bakeoff.base.values import Metric
from bakeoff.data.examples import Examples, Split
from bakeoff.explanation import explanation, importance, page
from bakeoff.explanation.page import Subject
from bakeoff.explanation.pixel_size import PixelSize
from bakeoff.explanation.settings import ExplanationSettings
from bakeoff.inference import folders, masks, models, recorded, rows, views
from bakeoff.inference.models import Trained
from bakeoff.report import web_page

PAGE, NUMBERS = "explanation.html", "explanation.json"
SMALLEST, LARGEST = 1e-9, 1e9  # sides of a pixel, in millimetres
PREFIX: Mapping[str, str] = {"validation": "val/", "test": "test/"}  # of the names of metrics

SplitName = Literal["validation", "test"]


def explain(
    task: str,
    split: SplitName,
    to: str,
    *,
    cell: str | None = None,
    recipe: str | None = None,
    ensemble: bool = False,
    flips: int | None = None,
    border: str | None = None,
    spacing: tuple[float, float] | None = None,
) -> None:
    """Write the page and the JSON file into a folder.

    Args:
        cell, recipe, ensemble, flips: as `predict` takes them.
        border: of scans, the class of the pixels between cells, such as membrane.
        spacing: of scans, height and width of a pixel in millimetres; None for that of the volumes from which the data
            come. If it is not known, or where they differ, distances are in pixels.

    Raises:
        BadInput: there is no such network, its data are missing or not those of its training, or the folder cannot be
            written.
    """
    document = settings.load()
    found = settings.validate(document, "explanation", ExplanationSettings)
    data = models.check_task(document, task)
    kind: Kind = settings.validate(document, f"data.{data}.kind", Kind)  # type: ignore[arg-type]
    metric: Metric = settings.validate(document, f"tasks.{task}.metric", Metric)  # type: ignore[arg-type]
    folders.check("--to", to, holds="a page and its numbers", own=(PAGE, NUMBERS))
    masks.check_options(task, kind, {"--flips": flips, "--border": border, "--spacing": spacing})
    if spacing is not None and not all(SMALLEST <= side <= LARGEST for side in spacing):
        raise BadInput(
            f"--spacing: {spacing[0]:g} {spacing[1]:g} should be the height and the width of a pixel in millimetres, "
            f"both from {SMALLEST:g} to {LARGEST:g}"
        )
    model = models.load(models.choose(task, cell, recipe), task, metric, ensemble=ensemble)
    if border is not None and border not in model.classes:
        raise BadInput(f"--border: {quoted(border)} is not a class of {quoted(task)}{hint(border, model.classes)}")
    model = views.seen(model, flips=flips, window=None)
    check_held_out(model, split)
    whole = examples_of(model, Path(paths.examples(data, kind)), split)
    examples: Split = getattr(whole, split)
    encoder, note = rows.fitting(model, data) if kind == "table" else (None, None)
    columns = 0 if encoder is None else len(importance.groups(encoder))
    pixels = PixelSize.of(spacing, Path(paths.data_card(data))) if kind == "scans" else PixelSize(None)
    steps = len(examples.x) if kind == "scans" else found.repeats * columns
    with Progress(steps, task, sys.stderr) as shown:
        if kind == "scans":
            explained = explanation.of_scans(
                model, examples, found, border, whole.scored, pixels.measured, shown.advance
            )
        else:
            explained = explanation.of_classifier(model, examples, metric, found, encoder, shown.advance)
    wrong = examples.x[[mistake.example for mistake in explained.mistakes]]
    subject = Subject(
        task=task,
        model=model,
        metric=metric,
        split=split,
        examples=examples,
        rows=[] if encoder is None else page.decoded(wrong, encoder),
        recorded=of_split(model, split),
        repeats=found.repeats,
        seed=found.seed,
        flips=flips,
        pixels=pixels,
    )
    pictures = page.drawn(subject, explained)
    write(Path(to), PAGE, web_page.as_html(page.markdown(subject, explained), pictures))
    write(Path(to), NUMBERS, dump(page.document(subject, explained)))
    size = [f"distances are in {pixels.unit}: {pixels.description()}"] if kind == "scans" else []
    for line in (*([note] if note else []), *size, f"{Path(to) / PAGE}", f"{Path(to) / NUMBERS}"):
        print(line, file=sys.stderr)


def check_held_out(model: Trained, split: SplitName) -> None:
    """Refuse validation data on which the network was trained too.

    Raises:
        BadInput: the test data are to be named.
    """
    if split == "validation" and not any(of_split(model, split).values()):
        raise BadInput(
            f"{model.card}: {model.name} was trained on validation data too, or has no score on them, so its errors "
            "there say little about new data; name --split test"
        )


def of_split(model: Trained, split: SplitName) -> dict[int, dict[str, float]]:
    """Return the metrics of a split that the training recorded, by seed."""
    prefix = PREFIX[split]
    return {
        seed: {name.removeprefix(prefix): value for name, value in metrics.items() if name.startswith(prefix)}
        for seed, metrics in model.seeds.items()
    }


def examples_of(model: Trained, path: Path, split: SplitName) -> Examples:
    """Return the examples.

    Raises:
        BadInput: they are missing, not those of the training, or none are in the split.
    """
    if not path.is_file():
        raise BadInput(f"{path}: not found; `dvc pull {path}`, or `dvc repro {model.stage}` restores it")
    if model.data.get(str(path)) != sha256(path):
        raise recorded.anew(model, str(path))
    found = Examples.load(path)
    if not len(getattr(found, split).x):
        raise BadInput(f"{path}: no {split} examples found; name the other --split")
    return found


def write(folder: Path, name: str, text: str) -> None:
    """Write a file of the folder, which is made where it is missing."""
    folder.mkdir(exist_ok=True)
    files.replace(folder / name, lambda path: path.write_text(text, encoding="utf-8"))
