"""The command `bakeoff predict`: applies a model of a task to an input."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff.base import paths, settings
from bakeoff.base.paths import Kind
from bakeoff.base.progress import Progress
from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.images.settings import ImagesSettings
from bakeoff.data.limits import Limits
from bakeoff.data.names import addressed
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans.settings import ScansSettings
from bakeoff.inference import (
    folders,
    masks,
    models,
    output,
    overlays,
    pictures,
    recorded,
    registered,
    rows,
    segmentation,
    sources,
    views,
)
from bakeoff.inference.masks import Segmenter
from bakeoff.inference.models import Chosen, Trained
from bakeoff.inference.output import STREAM
from bakeoff.inference.overlays import Overlaying
from bakeoff.inference.pictures import Preparation
from bakeoff.inference.refusals import Refusals

PICTURES = ("bits", "colour", "resize")
SCANS = (*PICTURES, "labels", "volumes")


@dataclass(frozen=True)
class Asked:
    """The arguments of the command line.

    Attributes:
        document: params.yaml.
        data, kind: of the data set of the task.
        path: of the input.
        shown: the input, as messages call it.
        chosen: a network, or the folder of a registered one.
        to: where the predictions go.
        overlay: the folder where masks drawn over their pictures go.
        flips, window: how masks are predicted.
    """

    document: Mapping[str, Any]
    task: str
    data: str
    kind: str
    chosen: Chosen | Path
    ensemble: bool
    path: Path
    shown: str
    to: str
    overlay: str | None
    flips: int | None
    window: int | None

    def model(self) -> Trained:
        """Return the network, loaded."""
        if isinstance(self.chosen, Path):
            return registered.stored(self.chosen)
        metric = settings.validate(self.document, f"tasks.{self.task}.metric", str)
        return models.load(self.chosen, self.task, metric, ensemble=self.ensemble)

    def check_settings(self, model: Trained, kind: Kind, names: Sequence[str]) -> str | None:
        """Refuse settings of the data set that differ from those of the training; return a line on skipped checks.

        Args:
            names: of settings that say how files are prepared, and what their predictions mean.

        Raises:
            BadInput: names the setting, its value now and that of the training.
        """
        keys = [f"data.{self.data}.{name}" for name in names]
        return recorded.check_settings(model, paths.examples(self.data, kind), self.document, keys)

    @property
    def limits(self) -> Limits:
        return settings.validate(self.document, "limits", Limits)


def predict(
    task: str,
    source: str,
    to: str,
    *,
    cell: str | None = None,
    recipe: str | None = None,
    ensemble: bool = False,
    overlay: str | None = None,
    flips: int | None = None,
    window: int | None = None,
) -> int:
    """Predict rows, pictures or masks; returns the number of files that were refused.

    Args:
        source, to: paths, or `-` for standard input and output.
        cell: a model under an optimizer, `cnn-adam`.
        recipe: a model that was trained by its recipe.
        ensemble: whether all seeds of the model vote.
        overlay: a folder where masks are drawn over their pictures; None for no overlays.
        flips: number of views of a picture, flipped and turned, whose mean masks are; None for the picture alone.
        window: the side of windows in which larger pictures are seen, in pixels; None for whole pictures.

    Raises:
        BadInput: there is no such task or model, the input is missing, or the output cannot be written.
    """
    document = settings.load()
    data = models.check_task(document, task)
    kind = settings.validate(document, f"data.{data}.kind", str)
    chosen = models.choose(task, cell, recipe)
    return by(
        document,
        task,
        data,
        kind,
        chosen,
        source,
        to,
        ensemble=ensemble,
        overlay=overlay,
        flips=flips,
        window=window,
    )


def predict_registered(task: str, source: str, to: str, uri: str) -> int:
    """Predict rows or pictures by a model that MLflow has registered; returns the number of files that were refused.

    Args:
        source, to: as `predict` takes them.
        uri: `models:/images@champion`.

    Raises:
        BadInput: as `predict` says; or MLflow has no such model, or it is of another task.
    """
    from bakeoff.tracking.fetched import fetch  # seconds, for which the other models need not wait

    document = settings.load()
    data = models.check_task(document, task)
    with tempfile.TemporaryDirectory() as folder:
        weights = fetch(uri, Path(folder))
        origin = registered.Origin.load(weights)
        if origin.task != task:
            raise BadInput(
                f"--mlflow: the model {quoted(uri)} is for the task {quoted(origin.task)}; name this task in place of "
                f"{task}"
            )
        return by(document, task, data, origin.kind, weights, source, to, ensemble=False, overlay=None)


def by(
    document: Mapping[str, Any],
    task: str,
    data: str,
    kind: str,
    chosen: Chosen | Path,
    source: str,
    to: str,
    *,
    ensemble: bool,
    overlay: str | None,
    flips: int | None = None,
    window: int | None = None,
) -> int:
    """Predict by a network; returns the number of files that were refused."""
    masks.check_options(task, kind, {"--overlay": overlay, "--flips": flips, "--window": window})
    with sources.local(source) as (path, shown):
        if overlay is not None:
            overlays.check_folder(overlay, to, path)
        asked = Asked(document, task, data, kind, chosen, ensemble, path, shown, to, overlay, flips, window)
        if kind == "scans" and sources.several(path):
            folders.check("--to", to, holds="masks", source=path)
        else:
            output.check(to, source)
        if kind == "table":
            return table(asked)
        return images(asked) if kind == "images" else scans(asked)


def table(asked: Asked) -> int:
    """Predict the rows of a table; if a row is refused, the whole table is."""
    model = asked.model()
    if isinstance(asked.chosen, Path):
        encoder, note = Encoder.load(asked.chosen / registered.ENCODER), None
    else:
        encoder, note = rows.fitting(model, asked.data)
    try:
        content, count = rows.predicted(model, encoder, asked.data, asked.path)
    except BadInput as error:
        message = str(error).replace(str(asked.path), asked.shown)
        raise BadInput(addressed(message, "table", asked.data)) from error
    output.write(asked.to, content)
    say(asked, model, count, "row", note)
    return 0


def images(asked: Asked) -> int:
    """Predict the classes of pictures, and return the number of refused ones."""
    refusals, remarks = Refusals("images", asked.data), Remarks()
    model = asked.model()
    if isinstance(asked.chosen, Path):
        preparation, note = registered.preparing(registered.Origin.load(asked.chosen), remarks), None
    else:
        found = settings.validate(asked.document, f"data.{asked.data}", ImagesSettings)
        preparation = prepared(asked.data, found, remarks)
        note = asked.check_settings(model, "images", PICTURES)
        preparation.check(model)
    places = sources.input_files(asked.path, asked.shown, asked.limits, refusals)
    with progress(asked, len(places)) as advance:
        content, count = pictures.predicted(model, preparation, places, refusals, advance)
    if content is not None:
        output.write(asked.to, content)
    say(asked, model, count, "picture", note, remarks=remarks)
    return refusals.count


def scans(asked: Asked) -> int:
    """Predict masks, and return the number of refused files."""
    refusals, remarks = Refusals("scans", asked.data), Remarks()
    model = views.seen(asked.model(), flips=asked.flips, window=asked.window)
    if isinstance(asked.chosen, Path):
        segmenter, note = registered.segmenting(registered.Origin.load(asked.chosen), model, remarks), None
    else:
        note = asked.check_settings(model, "scans", SCANS)
        segmenter = segmenting(asked, model, remarks)
    several = sources.several(asked.path)
    places = sources.input_files(asked.path, asked.shown, asked.limits, refusals)
    if asked.overlay is not None:
        names = {str(place): name for name, place in places}
        found = settings.validate(asked.document, f"data.{asked.data}", ScansSettings)
        segmenter = Overlaying(
            **vars(segmenter), background=found.background is not None, folder=Path(asked.overlay), names=names
        )
    if not several and asked.to != STREAM:
        masks.check_suffix(asked.to, places[0][1])
    if several:
        with progress(asked, len(places)) as advance:
            count = segmentation.several(segmenter, places, asked.to, refusals, advance)
    else:
        count = segmentation.one(segmenter, places[0][1], asked.to, refusals)
    say(asked, model, count, "mask", note, legend=legend(segmenter), remarks=remarks)
    return refusals.count


@contextmanager
def progress(asked: Asked, total: int) -> Iterator[Callable[[int], object]]:
    """Show the number of finished files, unless there is one file, or predictions go to standard output."""
    if total < 2 or asked.to == STREAM:
        yield lambda _: None
        return
    with Progress(total, asked.task, sys.stderr) as shown:
        yield shown.advance


def say(
    asked: Asked,
    model: Trained,
    count: int,
    what: str,
    note: str | None,
    *,
    legend: str | None = None,
    remarks: Remarks | None = None,
) -> None:
    """Print on standard error the assumptions, the network and the number of predictions, if there are any.

    Args:
        count, what: the number of predictions, and of which kind they are.
        note: what was not checked.
        legend: of the values.
    """
    if not count:
        return
    for line in (*([note] if note else []), *(remarks.lines() if remarks else ())):
        print(line, file=sys.stderr)
    print(f"{asked.task} by {model.name}: {counted(count, what)}{f'; {legend}' if legend else ''}", file=sys.stderr)


def prepared(data: str, found: ImagesSettings | ScansSettings, remarks: Remarks) -> Preparation:
    return Preparation(data, found.colour, found.resize, found.bits, remarks)


def segmenting(asked: Asked, model: Trained, remarks: Remarks) -> Segmenter:
    """Return the segmenter for files.

    Raises:
        BadInput: params.yaml has other classes or channels than the model, or windows would be whole pictures.
    """
    data = asked.data
    found = settings.validate(asked.document, f"data.{data}", ScansSettings)
    if found.classes != model.classes:
        raise BadInput(
            f"params.yaml: data.{data}.labels has the classes {', '.join(found.classes)}, and {model.name} was trained "
            f"on {', '.join(model.classes)}; `dvc repro {model.stage}` trains it again, or change that back"
        )
    preparation = prepared(data, found, remarks)
    preparation.check(model)
    if asked.window and isinstance(found.resize, tuple) and asked.window >= max(found.resize):
        raise BadInput(
            f"--window: {asked.window} is not below data.{data}.resize {list(found.resize)}, the size to which "
            "pictures are brought first; take smaller windows, or leave --window out"
        )
    return Segmenter(model, preparation, found.volumes, masks.label_values(found), asked.window)


def legend(segmenter: Segmenter) -> str:
    """Return `background 0, grey 1, white 2`."""
    pairs = zip(segmenter.model.classes, segmenter.values.tolist(), strict=True)
    return ", ".join(f"{name} {value}" for name, value in pairs)


def counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
