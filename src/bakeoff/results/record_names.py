"""The tasks of params.yaml, and the names of the records of each group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from pydantic import ConfigDict

from bakeoff.base.settings import Settings
from bakeoff.base.values import Metric
from bakeoff.results.model import TaskKind

Read = Callable[[str, Any], Any]  # returns the value under a dotted key of params.yaml, validated as a type


class Declared(Settings):
    """The settings of a task that determine the names of its records; its training is not needed."""

    model_config = ConfigDict(extra="allow", strict=False)

    data: str
    metric: Metric
    models: tuple[str, ...]
    optimizers: tuple[str, ...]
    recipes: tuple[str, ...]
    baselines: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """A contest.

    Attributes:
        data: the name of its data set.
        metric: decides it.
        cells: model and optimizer of each.
    """

    data: str
    kind: TaskKind
    metric: Metric
    cells: Sequence[tuple[str, str]]


def declared(read: Read) -> dict[str, Declared]:
    """Return the section `tasks` of params.yaml."""
    return dict(read("tasks", dict[str, Declared]))


def metrics(read: Read) -> dict[str, Metric]:
    """Return the metric that decides each task's contest."""
    return {name: task.metric for name, task in declared(read).items()}


def tasks(read: Read) -> dict[str, Task]:
    """Return the contests by name; the record of a cell is named `<model>-<optimizer>` in the group of its task."""
    return {
        name: Task(
            task.data,
            read(f"data.{task.data}.kind", TaskKind),
            task.metric,
            list(product(task.models, task.optimizers)),
        )
        for name, task in declared(read).items()
    }


def baselines(read: Read) -> list[str]:
    """Return the names of the records of the baselines."""
    return [f"{name}-{method}" for name, task in declared(read).items() for method in task.baselines]


def recipes(read: Read) -> list[str]:
    """Return the names of the records of the recipes."""
    return [f"{name}-{model}" for name, task in declared(read).items() for model in task.recipes]


def embeddings(read: Read) -> dict[str, dict[str, str]]:
    """Return the names of the records of word vectors, by the name of the corpus and by architecture."""
    architectures = read("embedding.architectures", list[str])
    return {
        corpus: {name: f"{corpus}-{name}" for name in architectures} for corpus in read("embedding.corpora", list[str])
    }


def streams(read: Read) -> dict[str, dict[str, str]]:
    """Return the names of the records of trainings on a stream, by the name of the table and by rule."""
    rules = list(map("-".join, product(read("online.optimizers", list[str]), read("online.schedules", list[str]))))
    return {table: {rule: f"{table}-{rule}" for rule in rules} for table in read("online.tables", list[str])}


class DeclaredStudy(Settings):
    """The settings of a study that determine the names of its records."""

    model_config = ConfigDict(extra="allow", strict=False)

    methods: tuple[str, ...]


def studies(read: Read) -> dict[str, dict[str, str]]:
    """Return the names of the records of searches, by study and by method; a study without methods has none."""
    return {
        name: {method: f"{name}-{method}" for method in study.methods}
        for name, study in read("tuning.studies", dict[str, DeclaredStudy]).items()
        if study.methods
    }


def records(read: Read) -> list[tuple[str, str]]:
    """Return group and name of every record."""
    found = [(name, "-".join(cell)) for name, task in tasks(read).items() for cell in task.cells]
    found += [("embedding", name) for names in embeddings(read).values() for name in names.values()]
    found += [("baselines", name) for name in baselines(read)]
    found += [("online", name) for names in streams(read).values() for name in names.values()]
    found += [("recipes", name) for name in recipes(read)]
    return found + [("tuning", name) for names in studies(read).values() for name in names.values()]
