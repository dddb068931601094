"""Rules for the studies of the section `tuning`, as far as params.yaml alone decides them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, permutations, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bakeoff.base import paths
from bakeoff.base.budget import scaled
from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput, hint
from bakeoff.contest.settings import METRICS
from bakeoff.harness.graph_template import whole
from bakeoff.harness.params_rules import (
    Use,
    lone_rows,
    moved_rows,
    needs_background,
    pixel_losses,
    shown,
    too_small,
    windows,
)
from bakeoff.harness.recipe_files import read_recipe
from bakeoff.networks.registry import networks_for
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.tuning.candidate import Base, Candidate
from bakeoff.tuning.differentiable import differentiable, searchable
from bakeoff.tuning.dotted import EPOCHS, Unknown, found, whole_ends
from bakeoff.tuning.embedding_base import EmbeddingBase
from bakeoff.tuning.embedding_settings import AnyStudy
from bakeoff.tuning.evaluation import OfFolds
from bakeoff.tuning.halving import planned, rungs
from bakeoff.tuning.measures import PARAMETERS
from bakeoff.tuning.searchers.grid import grid
from bakeoff.tuning.settings import (
    OPTIMIZER,
    Choice,
    HalvingSettings,
    Range,
    StudySettings,
    WindowSettings,
    owner,
)
from bakeoff.tuning.space import Point, Space, condition, holds, same
from bakeoff.tuning.start import Start, of_recipe

if TYPE_CHECKING:
    from bakeoff.harness.params import BudgetSettings, Params

CHOOSING = ("grid", "random", "sobol", "bayes", "evolution", "nsga2")  # among optimizers with settings of their own
WINDOWED = ("grid", "random", "sobol", "bayes", "gp", "nsga2")  # that propose while earlier trials have no value yet
TRADING = ("grid", "random", "sobol", "bayes", "nsga2")  # that search for a front of two objectives
GRID = 10**6  # points that a grid may have: all of them are listed before the first is tried
# What folds at random would put on both sides; the examples do not say which of them belong together.
LEAKS = {
    "group": "rows of one group would be in several folds",
    "time": "a training would see rows from after those that are held out",
    "slabs": "neighbouring slices would be in several folds",
    "file": "slices of one file would be in several folds",
}
# Settings of networks that change no number of weights.
WITHOUT_WEIGHTS = {"activation", "dropout", "initialisation", "initial_sigma", "padding"}
CORNERS = 512  # of a space; of one with more the gate tries these, and each dimension alone


def studies(params: "Params", root: Path) -> Iterator[str]:
    """Yield what is wrong with the studies. The tasks are known to be right.

    Args:
        root: the folder in which recipes/ is.

    Raises:
        BadInput: a recipe that a study starts from is not as it should be.
    """
    for name, study in params.tuning.studies.items():
        if not isinstance(study, StudySettings):
            continue
        place = f"tuning.studies.{name}"
        faults = list(of_task(params, study)) or [*of_names(study), *of_optimizers(study), *of_window(study)]
        if faults:
            yield from (f"{place}.{fault}" for fault in faults)
            continue
        start = start_of(params, root, study)
        if isinstance(start, str):
            yield f"{place}.start is recipe, and {start}"
        if not isinstance(start, Start):
            continue
        try:
            base = Base.read(name, study, start.network, start.defaults, start.training)
        except BadInput as error:
            yield str(error).removeprefix("params.yaml: ")
            continue
        faults = [*of_halving(params, study), *of_evaluation(params, study), *of_space(base, study)]
        if faults:
            yield from (f"{place}.{fault}" for fault in faults)
            continue
        space = base.space(study)
        if fault := next(at_corners(params, base, study, space), None):
            yield fault
            continue
        if "grid" in study.methods:
            yield from of_grid(params, name, study, space)
        if "gradient" in study.methods:
            for fault in [*searchable(study), *differentiable(base.at({}))]:
                yield f"{place}.methods has gradient, and {fault}; take gradient off, or change that"
    for name in params.tuning.grid.levels:
        if name not in params.tuning.studies:
            known = hint(name, params.tuning.studies)
            yield f"tuning.grid.levels.{name} is not under tuning.studies{known}; remove the levels, or add the study"


def start_of(params: "Params", root: Path, study: StudySettings) -> Start | str | None:
    """Return the settings with which a study begins, or why it cannot begin with its recipe.

    None where a folder without the whole project lacks the recipe.

    Raises:
        BadInput: the recipe is not as it should be.
    """
    if study.start == "params":
        network, training = getattr(params.networks, study.model), params.tasks[study.task].training
        return Start(network, params.defaults(study.optimizers), training)
    place = paths.recipe(study.task, study.model)
    if not (root / place).exists():
        return f"{place} is missing; write it, or take start: params" if whole(root) else None
    written = read_recipe(root, study.task, study.model)
    if study.optimizers != (written.optimizer,):
        named = quoted(list(study.optimizers)) if len(study.optimizers) > 1 else study.optimizers[0]
        return (
            f"optimizer is {named}, where {place} has {written.optimizer}; take {written.optimizer}, or start: params"
        )
    return of_recipe(written, study)


def of_task(params: "Params", study: StudySettings) -> Iterator[str]:
    if study.task not in params.tasks:
        yield f"task is {quoted(study.task)}, which is not under tasks{hint(study.task, params.tasks)}"
        return
    kind = params.data[params.tasks[study.task].data].kind
    if study.model not in (fitting := networks_for(kind)):
        yield (f"model is '{study.model}', which does not take {shown(kind)}; should be one of {', '.join(fitting)}")
    measured = ("loss", *METRICS[kind])
    if wrong := [name for name in study.objectives if name not in (*measured, PARAMETERS)]:
        yield (
            f"objective is {quoted(wrong[0])}, and {shown(kind)} are measured by {', '.join(measured)}; take one "
            "of these"
        )
    elif study.objective == PARAMETERS:
        yield (
            f"objective is '{PARAMETERS}' alone, which no training changes; list it beside a measure of the data: "
            f"[{measured[1]}, {PARAMETERS}]"
        )
    elif len(study.objectives) > 1:
        yield from of_two(study)
    else:
        yield from of_target(study)


def of_two(study: StudySettings) -> Iterator[str]:
    """Yield what does not go with two objectives."""
    named = quoted(list(study.objectives))
    way_out = f"or take one objective, such as {study.objectives[0]}"
    if unable := [method for method in study.methods if method not in TRADING]:
        yield (
            f"methods has {', '.join(unable)}, and objective is {named}; take methods that trade two objectives off "
            f"({', '.join(TRADING)}), {way_out}"
        )
    if stops := [f"stop.{key}" for key, value in study.stop if value is not None]:
        yield (
            f"objective is {named}, which have no one best value for {', '.join(stops)} to compare; set "
            f"{'this' if len(stops) == 1 else 'these'} to null, {way_out}"
        )
    if PARAMETERS in study.objectives:
        of_network = [name for name in study.space if name.startswith("network.")]
        if all(name.split(".")[1] in WITHOUT_WEIGHTS for name in of_network):
            found = f"no more of the network than {', '.join(of_network)}" if of_network else "nothing of the network"
            yield (
                f"objective has {PARAMETERS}, and space has {found}, so that all trials have the same number; add a "
                f"setting such as network.NAME that changes the number of weights, {way_out}"
            )


def of_target(study: AnyStudy) -> Iterator[str]:
    """Yield what is wrong with stop.target."""
    target, highest = study.stop.target, math.inf if study.objective == "loss" else 1.0
    if target is not None and not 0 < target <= highest:
        rule = "above 0" if highest == math.inf else "above 0 and at most 1"
        yield f"stop.target is {target:g}, and the {study.objective} to reach is {rule}; take such a value, or null"


def of_window(study: AnyStudy) -> Iterator[str]:
    """Yield what does not go with a window."""
    if not isinstance(study.batch, WindowSettings):
        return
    named, way_out = f"batch is {{window: {study.batch.window}}}", f"batch: {study.batch.window}"
    if unable := [method for method in study.methods if method not in WINDOWED]:
        yield (
            f"methods has {', '.join(unable)}, which needs the values of all earlier trials, and {named}; take methods "
            f"that do not ({', '.join(WINDOWED)}), or {way_out}"
        )
    if study.stop.halving:
        yield f"stop.halving is on, which ranks a rung once all of it is trained, and {named}; take {way_out}"


def of_halving(params: "Params", study: AnyStudy) -> Iterator[str]:
    """Yield what is wrong with stop.halving."""
    halving = study.stop.halving
    if halving is None:
        return
    times = params.budgets[params.budget].epochs
    epochs = scaled(study.epochs, times)
    if len(rungs(halving, epochs)) == 1:
        made = f" ({study.epochs}, and budgets.{params.budget}.epochs is {times:g})" if times != 1 else ""
        yield (
            f"stop.halving leaves one rung: a training has {epochs} {'epoch' if epochs == 1 else 'epochs'}{made}, "
            f"1 / {halving.factor} of these, rounded down, is {epochs // halving.factor}, and first is "
            f"{halving.first}; take a smaller first or factor, more epochs, or halving: null"
        )
    elif not any(promotes(study, halving, table) for table in params.budgets.values()):
        points = study.points(params.budgets[params.budget].tuning.of(study).trials)
        yield (
            f"stop.halving would train all points for all epochs: one in {halving.factor} is promoted, and no budget "
            f"pays for two rungs (budgets.{params.budget}: {points} {'trial' if points == 1 else 'trials'}); take more "
            "trials, a smaller factor, or halving: null"
        )
    if "gradient" in study.methods:
        yield (
            "methods has gradient, whose steps need the value of a full training, and stop.halving is on; take one of "
            "them off"
        )


def promotes(study: AnyStudy, halving: HalvingSettings, budget: "BudgetSettings") -> bool:
    """Return whether halving has two rungs or more under a budget, or no trial at all, which another rule refuses."""
    points = study.points(budget.tuning.of(study).trials)
    brackets = planned(halving, scaled(study.epochs, budget.epochs), points).brackets if points else []
    return not points or any(len(bracket) > 1 for bracket in brackets)


def of_evaluation(params: "Params", study: StudySettings) -> Iterator[str]:
    """Yield what is wrong with the trainings of a trial: folds that would leak, or trials that no method can have."""
    evaluation, data = study.evaluation, params.tasks[study.task].data
    if evaluation.trainings == 1:
        return
    named, way_out = f"evaluation is {evaluation}", "take {seeds: 3}"
    split = getattr(getattr(params.data[data], "split", None), "by", "random")
    if isinstance(evaluation, OfFolds) and split != "random":
        yield (
            f"{named}, which are drawn at random, and data.{data}.split is by {split}: {LEAKS[split]}; {way_out}"
            f"{', or split at random' if params.data[data].kind == 'table' else ''}"
        )
    if "gradient" in study.methods:
        yield f"methods has gradient, which looks through one training, and {named}; take gradient off, or {{seeds: 1}}"
    yield from of_price(params, study)


def of_price(params: "Params", study: AnyStudy) -> Iterator[str]:
    """Yield that no trial fits into the budget, where a trial has several trainings."""
    evaluation, trainings = study.evaluation, params.budgets[params.budget].tuning.of(study).trials
    if study.points(trainings) == 0:
        key = f"budgets.{params.budget}.tuning.trials" if study.trials is None else "trials"
        made = f" ({study.trials:g} of the budget's)" if isinstance(study.trials, float) else ""
        yield (
            f"evaluation is {evaluation}, so that a trial costs {evaluation.cost} trainings, and {key} pays for "
            f"{trainings}{made}; take {evaluation.cost} or more, or fewer {str(evaluation).split()[1]}"
        )


def of_optimizers(study: StudySettings) -> Iterator[str]:
    """Yield what is wrong with a list of optimizers."""
    if len(study.optimizers) == 1:
        return
    named = quoted(list(study.optimizers))
    if unable := [method for method in study.methods if method not in CHOOSING]:
        yield (
            f"methods has {', '.join(unable)}, and optimizer is {named}; take one optimizer, or methods that choose "
            f"among several: {', '.join(CHOOSING)}"
        )
    for part in ("fixed", "space"):
        for name in getattr(study, part):
            rule, (section, _, rest) = owner(name), name.partition(".")
            if section == OPTIMIZER and (rule not in study.optimizers or "." not in rest):
                yield f"{part}.{name}: optimizer is {named}; name a setting of one as optimizer.NAME.SETTING"
    for name, dimension in study.space.items():
        rule, wanted = owner(name), condition(dimension).get(OPTIMIZER)
        if rule and wanted not in (None, rule):
            yield f"space.{name}.when.optimizer is {quoted(wanted)}, and this is a setting of {rule}; remove it"


def of_names(study: AnyStudy) -> Iterator[str]:
    """Yield what is set twice, or under another key."""
    for part in ("fixed", "space"):
        if EPOCHS in getattr(study, part):
            yield f"{part}.{EPOCHS}: a study has its epochs under `epochs`; remove it here"
    for name, other in permutations(study.fixed, 2):
        if name.startswith(f"{other}."):
            yield f"fixed.{name}: {other}, which contains it, is fixed, too; remove one of them"
    for name in study.space:
        for other in study.fixed:
            if name == other or name.startswith(f"{other}.") or other.startswith(f"{name}."):
                yield f"space.{name}: {other} is fixed, too; remove it under fixed or under space"
        for other in study.space:
            if name.startswith(f"{other}."):
                yield f"space.{name}: {other}, which contains it, is in the space, too; remove one of them"


def of_space(base: Base | EmbeddingBase, study: AnyStudy) -> Iterator[str]:
    """Yield the names that are not settings, ranges of whole numbers that are not whole, and conditions on nothing."""
    before = [name for name in study.searched if name not in study.space]
    sound = True  # each condition by itself
    for name, dimension in study.space.items():
        try:
            now = found(base.values, name)
        except Unknown as error:
            yield f"space: {error}"
            sound = False
            continue
        if isinstance(dimension, Range):
            if isinstance(now, bool | str | list | dict) and not (isinstance(now, str) and whole_ends(dimension)):
                yield f"space.{name} is a range, and the setting is {quoted(now)}; list its choices"
            elif isinstance(now, int) and not whole_ends(dimension):
                yield (
                    f"space.{name} goes from {dimension.low:g} to {dimension.high:g}, and the setting is a whole "
                    "number; take whole numbers for both ends"
                )
        faults = [
            f"space.{name}.when.{fault}"
            for other, wanted in condition(dimension).items()
            for fault in of_condition(study, before, other, wanted)
        ]
        yield from faults
        sound = sound and not faults
        before.append(name)
    if sound:
        for name in study.space:
            yield from of_conditions(study, name)


def of_condition(study: AnyStudy, before: list[str], other: str, wanted: Any) -> Iterator[str]:
    if other not in before:
        yield f"{other}: space has nothing of this name above it{hint(other, before)}; remove the condition"
        return
    named = study.searched[other]
    if not isinstance(named, Choice):
        yield f"{other} is a range, which has no value to wait for; make it a choice, or remove the condition"
    elif not any(same(choice, wanted) for choice in named.choices):
        yield f"{other} is {quoted(wanted)}, which is never chosen; should be one of {quoted(list(named.choices))}"


def of_conditions(study: AnyStudy, name: str) -> Iterator[str]:
    """Yield that conditions, with those of the dimensions that they name, never hold together.

    Each condition of the space names a dimension above it.
    """
    wanted: dict[str, Any] = {}
    waiting = list(condition(study.searched[name]).items())
    while waiting:
        other, value = waiting.pop(0)
        if other in wanted and not same(wanted[other], value):
            yield (
                f"space.{name}.when never holds: it needs {other} = {quoted(wanted[other])} and {other} = "
                f"{quoted(value)}; correct it, or remove {name}"
            )
            return
        wanted[other] = value
        waiting += condition(study.searched[other]).items()


def at_corners(params: "Params", base: Base, study: StudySettings, space: Space) -> Iterator[str]:
    """Yield what the classes of the settings, or other rules, refuse at the corners of the space."""
    task = params.tasks[study.task]
    data = params.data[task.data]
    label = base.place.removeprefix("params.yaml: ")
    epochs = scaled(study.epochs, params.budgets[params.budget].epochs)
    shortest = [{EPOCHS: rungs(study.stop.halving, epochs)[0]}] if study.stop.halving else []
    for point in [{}, *shortest, *corners(space)]:
        try:
            candidate = base.at(point)
        except (BadInput, Unknown) as error:
            yield f"{str(error).removeprefix('params.yaml: ')}; {at(point)}"
            continue
        use = Use(
            task.data, data.kind, (f"{label}: network", candidate.network), (f"{label}: training", candidate.training)
        )
        faults = [*moved_rows(use), *windows(use), *lone_rows(use, 1), *averages(label, candidate)]
        faults += pixel_losses(use, getattr(data, "labels", ()))
        faults += needs_background(use, getattr(data, "background", None))
        pixels = getattr(data, "resize", None)
        if isinstance(pixels, tuple):
            faults += too_small(use, pixels)
        yield from (f"{fault}; {at(point)}" for fault in faults)


def averages(label: str, candidate: Candidate) -> Iterator[str]:
    if candidate.training.ema and OPTIMIZERS[candidate.rule].averages:
        yield f"{label}: training.ema is on, and {candidate.rule} evaluates an average of its own; take one of them"


def at(point: Mapping[str, Any]) -> str:
    """Return where in the space a fault is."""
    if not point:
        return "change what is fixed"
    return (
        f"this is at the corner {', '.join(f'{name} = {quoted(value)}' for name, value in point.items())} of its space"
    )


def corners(space: Space) -> Iterator[Point]:
    """Yield points at which each dimension has an end of its range, or any of its choices."""
    extremes = [space.extremes(name) for name in space.dimensions]
    first = {name: values[0] for name, values in zip(space.dimensions, extremes, strict=True)}
    for name, values in zip(space.dimensions, extremes, strict=True):
        for value in values:
            yield active(space, list((first | needed(space, name) | {name: value}).values()))
    yield from (active(space, values) for values in islice(product(*extremes), CORNERS))


def needed(space: Space, name: str) -> Point:
    """Return the values of other dimensions with which the condition of a dimension holds."""
    wanted = dict(condition(space.dimensions[name]))
    for other in list(wanted):
        wanted = needed(space, other) | wanted
    return wanted


def active(space: Space, values: Sequence[Any]) -> Point:
    """Return the point of these values, without those of dimensions whose conditions do not hold."""
    point: Point = {}
    for (name, dimension), value in zip(space.dimensions.items(), values, strict=True):
        if holds(dimension, point):
            point[name] = value
    return point


def may_coincide(space: Space) -> bool:
    """Return whether points of a grid may be equal: by whole numbers, or where a condition leaves a dimension out."""
    return bool(space.integers) or any(condition(one) for one in space.dimensions.values())


def of_grid(params: "Params", name: str, study: AnyStudy, space: Space) -> Iterator[str]:
    """Yield what is wrong with the levels of a study's grid."""
    place = f"tuning.grid.levels.{name}"
    ranges = [key for key, dimension in space.dimensions.items() if isinstance(dimension, Range)]
    levels = params.tuning.grid.levels.get(name)
    if levels is None:
        yield f"{place} is missing, and tuning.studies.{name}.methods has grid; add the levels of {', '.join(ranges)}"
        return
    wrong = [f"{place}.{key} is missing" for key in ranges if key not in levels]
    wrong += [f"{place}.{key} is not a range of the space{hint(key, ranges)}" for key in levels if key not in ranges]
    if wrong:
        yield from wrong
        return
    counts = [levels[key] if key in levels else len(space.extremes(key)) for key in space.dimensions]
    for key in ranges:
        dimension = space.dimensions[key]
        most = int(dimension.high) - int(dimension.low) + 1 if isinstance(dimension, Range) else 0
        if key in space.integers and levels[key] > most:
            yield f"{place}.{key} is {levels[key]}, and its range has {most} whole numbers; take at most so many"
    made = f"{place} make {' x '.join(map(str, counts))} = {math.prod(counts)} points"
    chosen = params.budgets[params.budget]
    budget = f"budgets.{params.budget}.tuning.trials" if study.trials is None else f"tuning.studies.{name}.trials"
    trainings = chosen.tuning.of(study).trials
    wanted = study.points(trainings)
    too_few = f"and {budget} is {trainings}"
    if isinstance(share := study.trials, float):
        too_few = f"and {budget} is {share:g}, which is {trainings}"
    if wanted < trainings:
        too_few += f", {wanted} trials of {study.evaluation}"
    if halving := study.stop.halving:
        plan = planned(halving, scaled(study.epochs, chosen.epochs), wanted)
        wanted = max(bracket[0].points for bracket in plan.brackets)
        too_few = f"and tuning.studies.{name}.stop.halving begins with {wanted}"
    if math.prod(counts) < wanted:
        yield f"{made}, {too_few}; add levels, or take fewer trials"
    elif math.prod(counts) > GRID:
        yield f"{made}, and should make at most {GRID}; take fewer levels"
    elif not may_coincide(space):
        return
    elif (different := len(grid(space, counts))) < wanted:
        yield f"{made}, {different} of them different, {too_few}; add levels, or take fewer trials"
