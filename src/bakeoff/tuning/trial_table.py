"""The trials of a search as CSV: one row for each, in the order of asking."""

import csv
import json
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from bakeoff.tuning.executor import Trial


def trial_table(trials: Sequence[Trial], names: Iterable[str], objective: str) -> str:
    """Return the text of the table.

    Columns: the number of the trial, trainings spent until then, a column for each searched setting, the objective on
    validation data, and the step at which the trial diverged. A cell is empty where there is no value; a list, true and
    false are JSON.

    Args:
        names: of the searched settings.
    """
    columns = list(dict.fromkeys([*names, *(name for trial in trials for name in trial.point)]))
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["number", "spent", *columns, objective, "diverged"])
    for trial in trials:
        point = [written(trial.point[name]) if name in trial.point else "" for name in columns]
        value = trial.trained.metrics.get(f"val/{objective}", "")
        writer.writerow([trial.number, written(trial.spent), *point, value, trial.trained.diverged or ""])
    return text.getvalue()


def written(value: Any) -> str:
    """Return a value as a cell; a float has all of its digits."""
    return value if isinstance(value, str) else json.dumps(value)
