"""Names that a user gives to data sets and tasks: parts of names of stages, of paths and of MLflow's experiments."""

import re
from collections.abc import Mapping
from typing import Any

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput, hint

NAME = re.compile("[a-z][a-z0-9_]{0,39}")

# Names of folders beside those of the data sets, and of groups of records, models and stages beside those of the tasks.
DATA = {"raw"}
TASKS = {"baseline", "baselines", "embedding", "online", "recipe", "recipes", "tuning"}
STAGES = ("recipe_", "baseline_")  # with which names of other stages of a task begin, after `train_`


def data_name(name: str) -> str:
    """Return the name of a data set.

    Raises:
        ValueError: it is no lower-case identifier, or has another meaning.
    """
    return checked(name, DATA)


def task_name(name: str) -> str:
    """Return the name of a task.

    Raises:
        ValueError: it is no lower-case identifier, or has another meaning.
    """
    if name.startswith(STAGES):
        raise ValueError(f"{quoted(name)} should not begin with {name.partition('_')[0]}_; choose another name")
    return checked(name, TASKS)


def checked(name: str, reserved: set[str]) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{quoted(name)} is not a valid name; use a lower-case letter, then letters, digits or _, 40 at most"
        )
    if name in reserved:
        raise ValueError(f"{quoted(name)} is reserved; choose another name")
    return name


def addressed(message: str, kind: str, name: str) -> str:
    """Return a message about `data.<kind>.KEY` with the name of the data set in place of its kind.

    Readers of a kind of data name its settings like this; they do not know what a user calls the data set. A path with
    such a part, `data/raw/table/data.table.csv`, stays as it is.
    """
    return re.sub(rf"(?<![\w./\\-])data\.{kind}(?=\.[a-z]|[:, ]|$)", f"data.{name}", message)


def chosen(name: str | None, kind: str, data: Mapping[str, Any]) -> str:
    """Return the name of a data set of a kind: the one that is asked for, or the only one.

    Args:
        data: the section `data` of params.yaml.

    Raises:
        BadInput: there is none of that name and kind; or none is asked for, and there are several or none.
    """
    named = [key for key, section in data.items() if isinstance(section, Mapping) and section.get("kind") == kind]
    if name is not None:
        if name not in named:
            raise BadInput(f"params.yaml: data has no {kind} named {quoted(name)}{hint(name, named)}")
        return name
    if len(named) != 1:
        there = f"the data sets {', '.join(named)} of the kind {kind}" if named else f"no data set of the kind {kind}"
        raise BadInput(f"params.yaml: data has {there}; " + (f"choose one: --{kind} NAME" if named else "add one"))
    return named[0]
