"""Rules for settings of different sections, as far as params.yaml alone decides them."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bakeoff.base.paths import Kind
from bakeoff.base.quoting import quoted
from bakeoff.base.settings import hint
from bakeoff.base.values import LARGEST_SEED
from bakeoff.contest.settings import METRICS
from bakeoff.data.encoding.settings import misnamed
from bakeoff.data.names import addressed
from bakeoff.networks.registry import networks_for
from bakeoff.networks.settings import NetworkSettings
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.training.settings import NO_AUGMENTATION, PlanSettings, ScheduledSettings

if TYPE_CHECKING:
    from bakeoff.harness.params import Params, Recipe

# What DVC's run-cache leaves out of any section, at any depth (treeverse/dvc 10296): after a change below such a key it
# would bring the old output back and call it clean.
UNSEEN_BY_DVC = {"size", "nfiles"}


@dataclass(frozen=True)
class Use:
    """A network on a task, as the graph trains it or as a recipe has it.

    Attributes:
        data: name of the data set.
        network: where its settings stand, and what they are.
        training: where its training stands, and what it is.
    """

    data: str
    kind: Kind
    network: tuple[str, NetworkSettings]
    training: tuple[str, PlanSettings]


def misfits(params: "Params", recipes: Sequence["Recipe"]) -> Iterator[str]:
    """Yield what no run of these settings could do."""
    for use in uses(params, recipes):
        yield from moved_rows(use)
        yield from windows(use)
        yield from pixel_losses(use, getattr(params.data[use.data], "labels", ()))
        yield from needs_background(use, getattr(params.data[use.data], "background", None))
        yield from lone_rows(use, params.run.shards)
        size = getattr(params.data[use.data], "resize", None)
        if isinstance(size, tuple):  # of a share the network is checked once the data are there
            yield from too_small(use, size)
    yield from averaged_twice(params, recipes)
    yield from of_a_gpu(params)
    yield from of_seeds(params)
    yield from of_resamples(params)
    for name, table in params.data.items():
        if table.kind == "table":
            said = misnamed(table.encoding, table.numeric, table.categorical)
            yield from (addressed(line, "table", name) for line in said)


def unseen(value: Any, place: str = "") -> Iterator[str]:
    """Yield the keys of a document of which DVC would miss a change: names of columns, classes, data sets and tasks."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            dotted = f"{place}.{key}" if place else key
            if key in UNSEEN_BY_DVC:
                yield f"{dotted}: DVC does not see changes below a key of this name (treeverse/dvc 10296); rename it"
            yield from unseen(inner, dotted)
    elif isinstance(value, list):
        for inner in value:
            yield from unseen(inner, place)


def names(params: "Params") -> Iterator[str]:
    """Yield what names a data set or budget that is not there or is of the wrong kind, and what tasks can't do."""
    if params.budget not in params.budgets:
        yield f"budget is '{params.budget}', which is not under budgets{hint(params.budget, params.budgets)}"
    for budget, table in params.budgets.items():
        for model in dict.fromkeys(model for task in params.tasks.values() for model in task.models):
            if model not in table.contest.finals:
                yield f"budgets.{budget}.contest.finals.{model} is missing; add it, or take '{model}' off models"
    for task, settings in params.tasks.items():
        place = f"tasks.{task}"
        if settings.data not in params.data:
            yield f"{place}.data is '{settings.data}', which is not under data{hint(settings.data, params.data)}"
            continue
        kind = params.data[settings.data].kind
        if kind not in METRICS:
            yield (
                f"{place}.data is '{settings.data}', a {kind}, on which no network is trained; list it under "
                "embedding.corpora"
            )
            continue
        measured, fitting = METRICS[kind], networks_for(kind)
        if settings.metric not in measured:
            yield f"{place}.metric is '{settings.metric}', and {shown(kind)} are measured by {' and '.join(measured)}"
        for key in ("models", "recipes"):
            for number, model in enumerate(getattr(settings, key)):
                if model not in fitting:
                    yield (
                        f"{place}.{key}.{number} is '{model}', which does not take {shown(kind)}; should be one of "
                        f"{', '.join(fitting)}"
                    )
        if settings.baselines and kind != "table":
            yield f"{place}.baselines is {quoted(list(settings.baselines))}, which are for tables; write baselines: []"
    for place, listed, kind in (
        ("embedding.corpora", params.embedding.corpora, "corpus"),
        ("online.tables", params.online.tables, "table"),
    ):
        known = [name for name, data in params.data.items() if data.kind == kind]
        for name in listed:
            if name not in known:
                yield f"{place} has '{name}', which is not a data set of the kind {kind}{hint(name, known)}"


def shown(kind: Kind) -> str:
    return "tables" if kind == "table" else kind


def uses(params: "Params", recipes: Sequence["Recipe"]) -> Iterator[Use]:
    for task, settings in params.tasks.items():
        kind = params.data[settings.data].kind
        for model in settings.models:
            network = getattr(params.networks, model)
            training = f"tasks.{task}.training", settings.training
            yield Use(settings.data, kind, (f"networks.{model}", network), training)
    for recipe in recipes:
        data = params.tasks[recipe.task].data
        training = f"{recipe.place}: training", recipe.written.training
        network = f"{recipe.place}: network", recipe.network
        yield Use(data, params.data[data].kind, network, training)


def moved_rows(use: Use) -> Iterator[str]:
    place, training = use.training
    if use.kind != "table":
        return
    for name, value in training.augmentation.model_dump().items():
        if value:
            off = json.dumps(getattr(NO_AUGMENTATION, name))
            yield (
                f"{place}.augmentation.{name} is {quoted(value)}, which changes pixels, and a table has rows; "
                f"write {name}: {off}"
            )


def windows(use: Use) -> Iterator[str]:
    """Yield why training cannot see windows of the data, or the network cannot be trained on them."""
    place, training = use.training
    side = training.augmentation.window
    if not side or use.kind == "table":
        return
    if use.kind != "scans":
        yield (
            f"{place}.augmentation.window is {side}, which is for labelled pixels: a network for {shown(use.kind)} "
            "takes whole images; write window: 0"
        )
        return
    where, network = use.network
    said = f"windows of {place}.augmentation.window {side}"
    if fault := network.size_fault(side, side, said) or network.training_size_fault(side, side, said):
        yield f"{where}.{fault}"


def pixel_losses(use: Use, classes: Sequence[Any]) -> Iterator[str]:
    """Yield why the loss of labelled pixels does not fit the data."""
    place, training = use.training
    segmentation = training.segmentation
    if segmentation is None:
        return
    if use.kind != "scans":
        yield (
            f"{place}.segmentation is set, which is the loss of labelled pixels, and {shown(use.kind)} have none; "
            "write segmentation: null"
        )
    elif isinstance(segmentation.class_weights, tuple) and len(segmentation.class_weights) != len(classes):
        yield (
            f"{place}.segmentation.class_weights has {len(segmentation.class_weights)} numbers, and data.{use.data} "
            f"has {len(classes)} classes; give one for each"
        )


def needs_background(use: Use, background: str | None) -> Iterator[str]:
    """Yield what marks pixels of a background, where the data have none.

    Args:
        background: the class; None where no class of the scans is one.
    """
    place, training = use.training
    if use.kind != "scans" or background is not None:
        return
    said = f"data.{use.data}.background is null"
    if training.segmentation is not None and training.segmentation.border_weights is not None:
        yield (
            f"{place}.segmentation.border_weights are of background pixels, and {said}; write border_weights: null, "
            "or name the background"
        )
    if training.augmentation.crop:
        yield (
            f"{place}.augmentation.crop is {training.augmentation.crop}, which labels the black frame as background, "
            f"and {said}; write crop: 0, or name the background"
        )


def lone_rows(use: Use, shards: int) -> Iterator[str]:
    place, network = use.network
    where, training = use.training
    size = training.batch_size
    if size != "full" and size < network.smallest_batch * shards:
        yield (
            f"{where} has batch_size {size}, and run.shards is {shards}: {place} needs {network.smallest_batch} "
            "examples or more in each shard; take larger batches, or another network"
        )


def too_small(use: Use, size: tuple[int, int]) -> Iterator[str]:
    """Yield what does not fit pictures of a known height and width."""
    place, network = use.network
    where, training = use.training
    pixels = f"data.{use.data}.resize {list(size)}"
    if fault := network.size_fault(*size, pixels) or network.training_size_fault(*size, pixels):
        yield f"{place}.{fault}"
    for fault in training.augmentation.size_faults(*size, pixels):
        yield f"{where}.augmentation.{fault}"


def averaged_twice(params: "Params", recipes: Sequence["Recipe"]) -> Iterator[str]:
    """Yield the trainings whose optimizer and `ema` would each evaluate an average of its own."""
    notes = params.embedding.notes.training
    trainings: list[tuple[str, ScheduledSettings, Sequence[str]]]
    trainings = [("embedding.notes.training", notes, [notes.optimizer])]
    trainings += [(f"tasks.{name}.training", task.training, task.optimizers) for name, task in params.tasks.items()]
    trainings += [(f"{of.place}: training", of.written.training, [of.written.optimizer]) for of in recipes]
    for place, training, optimizers in trainings:
        for optimizer in optimizers:
            if training.ema and OPTIMIZERS[optimizer].averages:
                yield (
                    f"{place}.ema is {quoted(training.ema.model_dump())}, and {optimizer} evaluates an average of its "
                    f"own; write ema: null, or take another optimizer"
                )


def of_seeds(params: "Params") -> Iterator[str]:
    """Yield the seeds of searches that final runs have too, and those that are too large."""
    first = params.contest.search_seed
    for name, table in params.budgets.items():
        model, finals = max(table.contest.finals.items(), key=lambda one: one[1], default=("", 0))
        if first < finals:
            yield (
                f"contest.search_seed is {first}, and final runs have the seeds 0 to {finals - 1} by "
                f"budgets.{name}.contest.finals.{model}, so that a run could be chosen by the seed that measures it; "
                f"take {finals} or more"
            )
        seed, repeats = params.tuner_contest.seed, table.tuner_contest.repeats
        if params.tuner_contest.methods and seed + repeats - 1 > LARGEST_SEED:
            yield (
                f"tuner_contest.seed is {seed}, and the seeds of {repeats} searches (budgets.{name}.tuner_contest."
                f"repeats) should be at most {LARGEST_SEED}; take at most {LARGEST_SEED - repeats + 1}"
            )


def of_resamples(params: "Params") -> Iterator[str]:
    """Yield numbers of resamples of which none lies beyond an end of the interval."""
    confidence = params.comparison.confidence
    needed = math.ceil(round(2 / (1 - confidence), 6))
    counts = {"comparison.resamples": params.comparison.resamples}
    if params.tuner_contest.methods:
        counts["tuner_contest.resamples"] = params.tuner_contest.resamples
    for place, resamples in counts.items():
        if resamples < needed:
            yield (
                f"{place} is {resamples}, and comparison.confidence is {confidence:.15g}: the ends of an interval need "
                f"{needed} resamples; take so many, or a smaller confidence"
            )


def of_a_gpu(params: "Params") -> Iterator[str]:
    """Yield what only a GPU does, where the device is a CPU."""
    run = params.run
    if run.device != "cpu":
        return
    if run.precision != "float32":
        yield f"run.precision is '{run.precision}', which is for a GPU, and run.device is 'cpu'; write float32"
    if run.compile:
        yield "run.compile is true, which is for a GPU, and run.device is 'cpu'; write false"
