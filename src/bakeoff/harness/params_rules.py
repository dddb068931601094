"""Rules for settings of different sections, as far as params.yaml alone decides them."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import Settings
from bakeoff.data.encoding.settings import misnamed
from bakeoff.networks.settings import CnnSettings, MlpSettings, ResnetSettings, UnetSettings, WideResnetSettings
from bakeoff.training.settings import LoopSettings, TrainingSettings

if TYPE_CHECKING:
    from bakeoff.harness.params import Params

GRID = 10**6  # points that a grid may have: all of them are listed before the first is tried


@dataclass(frozen=True)
class Use:
    """A network on a task, as the graph trains it or as a recipe has it.

    Attributes:
        network: where its settings stand, and what they are.
        training: where its training stands, and what it is.
        runs: whether the graph trains it; a recipe may be written down and not listed.
    """

    task: str
    network: tuple[str, Settings]
    training: tuple[str, TrainingSettings]
    runs: bool


def misfits(params: "Params", recipe_networks: Mapping[tuple[str, str], Settings]) -> Iterator[str]:
    """Yield what no run of these settings could do.

    Args:
        recipe_networks: the settings of the network of each recipe, by task and model.
    """
    sizes = {"images": params.data.images.resize, "scans": params.data.scans.resize, "table": None}
    for use in uses(params, recipe_networks):
        yield from moved_rows(use)
        if use.runs:
            yield from lone_rows(use)
            if size := sizes[use.task]:
                yield from too_small(use, size)
    yield from of_a_gpu(params, recipe_networks)
    yield from search(params)
    yield from misnamed(params.data.encoding, params.data.table.numeric, params.data.table.categorical)
    if not params.recipes.images and not params.recipes.table:
        yield "recipes.images and recipes.table are both empty; list at least one recipe in either"


def uses(params: "Params", recipe_networks: Mapping[tuple[str, str], Settings]) -> Iterator[Use]:
    for task in ("images", "table", "scans"):
        section = getattr(params, task)
        for model in section.models:
            network = getattr(params.networks, model)
            yield Use(task, (f"networks.{model}", network), (f"{task}.training", section.training), runs=True)
    for (task, model), network in recipe_networks.items():
        place = f"recipes.book.{task}.{model}"
        training = getattr(params.recipes.book, task)[model].training
        listed = model in getattr(params.recipes, task)
        yield Use(task, (f"{place}.network", network), (f"{place}.training", training), runs=listed)


def moved_rows(use: Use) -> Iterator[str]:
    place, training = use.training
    if use.task != "table":
        return
    for name, value in training.augmentation:
        if value:
            off = "false" if isinstance(value, bool) else "0"
            yield (
                f"{place}.augmentation.{name} is {quoted(value)}, which moves pixels, and a table has rows; "
                f"write {name}: {off}"
            )


def lone_rows(use: Use) -> Iterator[str]:
    place, network = use.network
    where, training = use.training
    size = training.batch_size
    if not isinstance(network, MlpSettings) or network.normalisation != "batch" or isinstance(size, str):
        return
    if size < 2 * training.shards:
        yield (
            f"{place}.normalisation is 'batch', and {where} has batch_size {size} and shards {training.shards}: a "
            "single row has no variance; take larger batches, or normalisation: none"
        )


def too_small(use: Use, size: tuple[int, int]) -> Iterator[str]:
    """Yield what does not fit pictures of a known height and width."""
    place, network = use.network
    where, training = use.training
    pixels = f"data.{use.task}.resize {list(size)}"
    short = min(size)
    match network:
        case UnetSettings(depth=depth) if short >> depth == 0:
            yield f"{place}.depth is {depth}, and each level halves the picture: too many for {pixels}; take fewer"
        case CnnSettings(channels=channels) if short >> len(channels) == 0:
            yield (
                f"{place}.channels has {len(channels)} entries, and each halves the picture: too many for {pixels}; "
                "remove some"
            )
        case CnnSettings(kernel=kernel) if kernel > short:
            yield f"{place}.kernel is {kernel}, and does not fit {pixels}; take at most {short - 1 + short % 2}"
        case ResnetSettings(normalisation="batch") | WideResnetSettings(normalisation="batch") if max(size) <= 4:
            yield (
                f"{place}.normalisation is 'batch', and of {pixels} the last stage has one pixel, of which a batch of "
                "one example has no variance; take another normalisation, or larger images"
            )
    for name in ("shift", "crop", "cutout"):
        value = getattr(training.augmentation, name)
        if value >= short:
            yield (
                f"{where}.augmentation.{name} is {value}, which leaves nothing of {pixels} to see; take at most "
                f"{short - 1}"
            )


def of_a_gpu(params: "Params", recipe_networks: Mapping[tuple[str, str], Settings]) -> Iterator[str]:
    """Yield what only a GPU does, where the device is a CPU."""
    trainings: dict[str, LoopSettings] = {
        use.training[0]: use.training[1] for use in uses(params, recipe_networks) if use.runs
    }
    if params.embedding.sampler == "notes":
        trainings["embedding.notes.training"] = params.embedding.notes.training
    if params.device != "cpu":
        return
    for place, training in trainings.items():
        if training.precision != "float32":
            yield f"{place}.precision is '{training.precision}', which is for a GPU, and device is 'cpu'; write float32"
        if training.compile:
            yield f"{place}.compile is true, which is for a GPU, and device is 'cpu'; write false"


def search(params: "Params") -> Iterator[str]:
    """Yield what the searches of the section `tuning` could not do."""
    tuning, network = params.tuning, params.networks.mlp
    if "grid" in tuning.methods:
        levels = list(tuning.grid.levels.model_dump().values())
        made = f"tuning.grid.levels make {' x '.join(map(str, levels))} = {math.prod(levels)} points"
        if math.prod(levels) < tuning.study.trials:
            yield f"{made}, and tuning.study.trials is {tuning.study.trials}; add levels, or take fewer trials"
        if math.prod(levels) > GRID:
            yield f"{made}, and should make at most {GRID}; take fewer levels"
    if "gradient" in tuning.methods:
        asked: list[tuple[str, Any, Any, str]] = [
            ("normalisation", network.normalisation, "none", "batch norm depends on more than the weights"),
            ("dropout", network.dropout, 0.0, "dropout is drawn at random"),
        ]
        for name, value, needed, reason in asked:
            if value != needed:
                yield (
                    f"networks.mlp.{name} is {quoted(value)}, and the method gradient needs {needed}: {reason}; take "
                    "gradient off tuning.methods, or change the network"
                )
        if network.activation == "step":
            yield (
                "networks.mlp.activation is 'step', which has no second derivative for the method gradient; take "
                "gradient off tuning.methods, or another activation"
            )
