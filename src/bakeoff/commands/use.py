"""Writes the best point of a study, or a point of its Pareto front, as a recipe; for word vectors, as lines to copy."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bakeoff.base import files, paths
from bakeoff.base.budget import budgeted
from bakeoff.base.record import Record, Run, read
from bakeoff.base.settings import BadInput, hint, load, validate
from bakeoff.commands.recipe_text import rewritten
from bakeoff.contest.recipe_settings import RecipeSettings
from bakeoff.harness.params import Params
from bakeoff.harness.recipe_files import read_recipe
from bakeoff.results.study_runs import StudyRuns
from bakeoff.training.settings import PlanSettings
from bakeoff.tuning.candidate import Base, Candidate
from bakeoff.tuning.embedding_base import OWN, EmbeddingBase
from bakeoff.tuning.embedding_settings import AnyStudy, EmbeddingStudySettings
from bakeoff.tuning.measures import metric, pair, sign
from bakeoff.tuning.pareto import front
from bakeoff.tuning.settings import StudySettings
from bakeoff.tuning.start import started

FROM_STUDY = re.compile("# (The best point|Trial [a-z0-9-]+) of ")  # the first line of what a study has written


def use(name: str, params: Params, *, trial: str | None = None, force: bool) -> list[str]:
    """Write the recipe of a point of a study, and return lines on what to do next. Word vectors have no recipe.

    With one objective it is the best point: that of the method whose confirming trainings have the best mean. With two
    objectives it is the point of a trial on the front.

    Args:
        trial: its method and its name, `bayes-t007`, in a study of two objectives; None with one.

    Raises:
        BadInput: the study, its record or the trial does not exist, its settings have changed since, a recipe cannot
            have them, or the recipe exists already.
    """
    if name not in params.tuning.studies:
        raise BadInput(f"params.yaml: tuning.studies has no {name}{hint(name, params.tuning.studies)}")
    study = params.tuning.studies[name]
    if isinstance(study, EmbeddingStudySettings):
        return settings_lines(name, study, best_of(name, params, trial), params)
    target = Path(paths.recipe(study.task, study.model))
    if target.exists() and not force:
        raise BadInput(f"{target}: exists; add --force to overwrite it")
    found = on_front(name, params, trial) if len(study.objectives) > 1 else best_of(name, params, trial)
    candidate = at(name, study, params, found.run)
    before = read_recipe(Path(), study.task, study.model) if study.start == "recipe" else None
    recipe = recipe_of(candidate, study, before)
    validate(recipe, "", RecipeSettings, target).checked(
        type(candidate.network), type(candidate.optimizer), str(target)
    )
    comment = f"# {found.words[0].upper()}{found.words[1:]}, by {' and '.join(study.objectives)} on validation data."
    text = improved(target.read_text(encoding="utf-8"), recipe, comment) if before else written(recipe, comment)
    target.parent.mkdir(parents=True, exist_ok=True)
    files.replace(target, lambda path: path.write_text(text, encoding="utf-8"))
    lines = [
        f"{target}: {found.words}",
        *found.notes,
        f"the study's trainings saw {study.examples:g} of the training examples; the recipe's see all",
    ]
    if before and before.training.epochs != study.epochs:
        lines.append(f"epochs: the study's trainings had {study.epochs}, and the recipe keeps {before.training.epochs}")
    listed = params.tasks[study.task].recipes
    if study.model not in listed:
        lines.append(f"params.yaml, tasks.{study.task}: recipes: [{', '.join([*listed, study.model])}]")
    return [*lines, "then run: make deps"]


@dataclass(frozen=True)
class Found:
    """A point of a study.

    Attributes:
        run: with its settings.
        words: its description.
        notes: further lines of text.
    """

    run: Run
    words: str
    notes: Sequence[str] = ()


def best_of(name: str, params: Params, trial: str | None = None) -> Found:
    """Return the best point of a study of one objective: the first run of its best record.

    Raises:
        BadInput: a method has no record, the study has changed since, all diverged, or a trial is named.
    """
    study = params.tuning.studies[name]
    if trial is not None:
        raise BadInput(f"study {name}: has one objective, and its best point is taken; leave out --trial")
    heads = [StudyRuns.of(record).head for record in records_of(name, params).values()]
    ended = [run for run in heads if run.diverged is None]
    if not ended:
        raise BadInput(f"study {name}: every best point diverged in its confirming trainings; change its space")
    (objective,) = study.objectives
    best = min(ended, key=lambda run: sign(objective) * run.metrics[metric(objective)])
    return Found(best, f"the best point of {best.name}")


def on_front(name: str, params: Params, trial: str | None) -> Found:
    """Return a trial of a study of two objectives that no trial of any of its methods dominates.

    Raises:
        BadInput: a method has no record, the study has changed since, all diverged, or the trial is not on the front.
    """
    objectives: tuple[str, ...] = params.tuning.studies[name].objectives
    first, second = objectives
    trials: dict[str, Run] = {}
    again: set[str] = set()  # those that are confirmed
    for method, record in records_of(name, params).items():
        runs = StudyRuns.of(record)
        again |= {f"{method}-{run.parameters['study.trial']}" for run in runs.confirmed}
        trials |= {f"{method}-{runs.short(run)}": run for run in runs.trials if run.diverged is None}
    if not trials:
        raise BadInput(f"study {name}: every trial diverged; change its space")
    names = list(trials)
    best = [names[place] for place in front([pair((first, second), run.metrics) for run in trials.values()])]
    if trial not in best:
        why = "has two objectives, and no one best point" if trial is None else f"its front has no trial {trial}"
        raise BadInput(f"study {name}: {why}; take one of its front with --trial: {', '.join(best)}")
    notes = [] if trial in again else ["it was not trained again from a new seed: its values are those of the search"]
    return Found(trials[trial], f"trial {trial} of the front of {name}", notes)


def records_of(name: str, params: Params) -> dict[str, Record]:
    """Return the record of each method of a study.

    Raises:
        BadInput: a method has no record, or the study has changed since.
    """
    study = params.tuning.studies[name]
    again = f"run dvc repro tune_{name}, then run this command again"
    records: dict[str, Record] = {}
    for method in study.methods:
        path = Path(paths.record("tuning", f"{name}-{method}"))
        if not path.exists():
            raise BadInput(f"study {name}: has no record of {method}; {again}")
        record = read(path)
        trained = validate(record.settings.get(f"tuning.studies.{name}", {}), "", type(study), path)
        for key in type(study).model_fields:
            if getattr(trained, key) != getattr(study, key):
                raise BadInput(f"study {name}: {key} in params.yaml differs from the record of {method}; {again}")
        records[method] = record
    return records


def at(name: str, study: StudySettings, params: Params, best: Run) -> Candidate:
    """Return the settings of the best point, from params.yaml and the record.

    Raises:
        BadInput: they differ in a setting, or a recipe cannot have them.
    """
    place = paths.recipe(study.task, study.model) if study.start == "recipe" else "params.yaml"
    read = partial(of_params, params)
    start = started(read, lambda path, kind: validate(load(Path(path)), "", kind, Path(path)), study)
    base = Base.read(name, budgeted(read, study), start.network, start.defaults, start.training)
    candidate = base.at(point := point_of(study, best))
    refuse_changed(name, place, base.named_at(point), best)
    if candidate.penalty.weight_decay:
        raise BadInput(
            f"study {name}: the point has penalty.weight_decay, which a recipe does not have; search "
            "training.regularisation.l2 in its place"
        )
    return candidate


def settings_lines(name: str, study: EmbeddingStudySettings, found: Found, params: Params) -> list[str]:
    """Return the best settings of word vectors as lines for params.yaml: word vectors have no recipe.

    Raises:
        BadInput: params.yaml and the record differ in a setting that is not searched.
    """
    word2vec = params.embedding.word2vec
    base = EmbeddingBase.read(name, budgeted(partial(of_params, params), study), word2vec)
    point = point_of(study, found.run)
    refuse_changed(name, "params.yaml", base.named_at(point), found.run)
    now = word2vec.model_dump(mode="json")
    best = base.at(point).settings.model_dump(mode="json", exclude=set(OWN))
    changed = [f"    {key}: {flow(value)}" for key, value in best.items() if value != now[key]]
    amount = "all words" if study.examples is None else f"{study.examples:g} of the words"
    seen = (
        f"the study's trainings saw {amount} for {study.epochs} epochs; embedding.word2vec.epochs is {word2vec.epochs}"
    )
    if not changed:
        return [f"{found.words}: params.yaml has it already under embedding.word2vec", seen]
    return [
        f"{found.words}, by {study.objective} on validation data",
        seen,
        "in params.yaml, under embedding.word2vec, which all texts and architectures share:",
        *changed,
        "then run: make repro",
    ]


def of_params(params: Params, key: str, _: Any) -> Any:
    """Return the value under a dotted key."""
    value: Any = params
    for part in key.split("."):
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    return value


def point_of(study: AnyStudy, best: Run) -> dict[str, Any]:
    """Return the values of the searched settings of a run."""
    return {setting: best.parameters[setting] for setting in study.searched if setting in best.parameters}


def refuse_changed(name: str, place: str, settings: Mapping[str, Any], best: Run) -> None:
    """Refuse a study whose settings have changed since its record was written.

    Args:
            place: the file that contains the settings.

        Raises:
            BadInput: a setting of a training has another value in its record.
    """
    for key, value in settings.items():
        if key not in best.parameters or json.dumps(best.parameters[key]) != json.dumps(value):
            raise BadInput(
                f"study {name}: {key} is {value} in {place}, but its record has another value; run dvc repro "
                f"tune_{name}, then this again"
            )


def recipe_of(candidate: Candidate, study: StudySettings, before: RecipeSettings | None) -> dict[str, Any]:
    """Return the document of the recipe, with the keys in the order of their classes.

    Args:
        before: the recipe that the study started from, whose epochs and `refit` stay.
    """
    document = candidate.document()
    training = document["training"] | {"epochs": before.training.epochs if before else study.epochs}
    return {
        "network": document["network"],
        "optimizer": candidate.rule,
        "hyperparameters": document["optimizer"],
        "training": {key: training[key] for key in PlanSettings.model_fields},
        "refit": before.refit if before else False,
    }


def improved(text: str, recipe: Mapping[str, Any], comment: str) -> str:
    """Return the text of a recipe with the values of another one, and with a new comment about the study."""
    first, rest = rewritten(text, recipe).split("\n", 1)
    return "\n".join([comment if FROM_STUDY.match(first) else first, rest])


def written(recipe: Mapping[str, Any], comment: str) -> str:
    """Return the text of the recipe, with a line for each key and each key of its training."""
    lines = [comment]
    for key, value in recipe.items():
        if key == "training":
            lines += ["training:", *(f"  {name}: {flow(inner)}" for name, inner in value.items())]
        else:
            lines.append(f"{key}: {flow(value)}")
    return "\n".join([*lines, ""])


def flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)
