"""Writes the best point of a study as a recipe."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bakeoff.base import files, paths
from bakeoff.base.budget import budgeted
from bakeoff.base.record import Run, read
from bakeoff.base.settings import BadInput, hint, validate
from bakeoff.contest.recipe_settings import RecipeSettings
from bakeoff.harness.params import Params
from bakeoff.training.settings import PlanSettings
from bakeoff.tuning.candidate import Base, Candidate
from bakeoff.tuning.settings import StudySettings


def use(name: str, params: Params, *, force: bool) -> list[str]:
    """Write the recipe of a study's best point, and return what to do next, line by line.

    The best point is that of the method whose confirming trainings have the best mean of the objective.

    Raises:
        BadInput: there is no such study or no record of it, its settings have changed since, a recipe cannot have them,
            or a recipe is there already.
    """
    if name not in params.tuning.studies:
        raise BadInput(f"params.yaml: tuning.studies has no {name}{hint(name, params.tuning.studies)}")
    study = params.tuning.studies[name]
    target = Path(paths.recipe(study.task, study.model))
    if target.exists() and not force:
        raise BadInput(f"{target}: exists; add --force to write over it")
    best = best_of(name, params)
    candidate = at(name, params, best)
    recipe = recipe_of(candidate, study)
    validate(recipe, "", RecipeSettings, target).checked(
        type(candidate.network), type(candidate.optimizer), str(target)
    )
    comment = f"# The best point of {best.name}, by {study.objective} on validation data."
    target.parent.mkdir(parents=True, exist_ok=True)
    files.replace(target, lambda path: path.write_text(written(recipe, comment), encoding="utf-8"))
    lines = [
        f"{target}: the best point of {best.name}",
        f"the study's trainings saw {study.examples:g} of the training examples; the recipe's see all",
    ]
    listed = params.tasks[study.task].recipes
    if study.model not in listed:
        lines.append(f"params.yaml, tasks.{study.task}: recipes: [{', '.join([*listed, study.model])}]")
    return [*lines, "then run: make deps"]


def best_of(name: str, params: Params) -> Run:
    """Return the head of the best record of a study.

    Raises:
        BadInput: a method has no record, the study has changed since, or all diverged.
    """
    study = params.tuning.studies[name]
    again = f"run dvc repro tune_{name}, then this again"
    heads = []
    for method in study.methods:
        path = Path(paths.record("tuning", f"{name}-{method}"))
        if not path.exists():
            raise BadInput(f"study {name}: has no record of {method}; {again}")
        record = read(path)
        trained = validate(record.settings.get(f"tuning.studies.{name}", {}), "", StudySettings, path)
        for key in StudySettings.model_fields:
            if getattr(trained, key) != getattr(study, key):
                raise BadInput(f"study {name}: {key} in params.yaml differs from the record of {method}; {again}")
        heads.append(next(run for run in record.runs if run.parent is None))
    ended = [head for head in heads if head.diverged is None]
    if not ended:
        raise BadInput(f"study {name}: every best point diverged in its confirming trainings; change its space")
    objective = f"val/{study.objective}"
    sign = 1 if study.objective == "loss" else -1
    return min(ended, key=lambda head: sign * head.metrics[objective])


def at(name: str, params: Params, best: Run) -> Candidate:
    """Return the settings of the best point, as params.yaml and the record have them.

    Raises:
        BadInput: they differ in a setting, or a recipe cannot have them.
    """
    study = params.tuning.studies[name]

    def of_params(key: str, _: Any) -> Any:
        value: Any = params
        for part in key.split("."):
            value = value[part] if isinstance(value, dict) else getattr(value, part)
        return value

    network, defaults = getattr(params.networks, study.model), params.defaults(study.optimizers)
    training = params.tasks[study.task].training
    base = Base.read(name, budgeted(of_params, study), network, defaults, training)
    point = {setting: best.parameters[setting] for setting in study.searched if setting in best.parameters}
    candidate = base.at(point)
    for key, value in base.named(candidate).items():
        if key not in best.parameters or json.dumps(best.parameters[key]) != json.dumps(value):
            raise BadInput(
                f"study {name}: {key} is {value} in params.yaml, but its record has another value; run dvc repro "
                f"tune_{name}, then this again"
            )
    if candidate.penalty.weight_decay:
        raise BadInput(
            f"study {name}: its best point has penalty.weight_decay, which a recipe does not have; search "
            "training.regularisation.l2 in its place"
        )
    return candidate


def recipe_of(candidate: Candidate, study: StudySettings) -> dict[str, Any]:
    """Return the document of the recipe, with the keys in the order of their classes."""
    document = candidate.document()
    training = document["training"] | {"epochs": study.epochs}
    return {
        "network": document["network"],
        "optimizer": candidate.rule,
        "hyperparameters": document["optimizer"],
        "training": {key: training[key] for key in PlanSettings.model_fields},
        "refit": False,
    }


def written(recipe: Mapping[str, Any], comment: str) -> str:
    """Return the text of the recipe: a line for each key, and for each key of the training."""
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
