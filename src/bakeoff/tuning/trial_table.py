"""The trials of a search as CSV: one row for each, in the order of asking."""

import csv
import json
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from bakeoff.tuning.evaluation import DEVIATION
from bakeoff.tuning.goal import Goal
from bakeoff.tuning.measures import metric
from bakeoff.tuning.trial import Trial


def trial_table(trials: Sequence[Trial], names: Iterable[str], goal: Goal) -> str:
    """Return the text of the table.

    Columns: the number of the trial, trainings spent until then, a column for each searched setting and each objective,
    its standard deviation over the trainings of a trial where there are several, with two objectives whether the trial
    is on their front (1 or 0), and the step at which the trial diverged. A cell is empty where there is no value; a
    list, true and false are JSON.

    Args:
        names: of the searched settings.
    """
    columns = list(dict.fromkeys([*names, *(name for trial in trials for name in trial.point)]))
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    marks = goal.marks(trials)
    marked = list(dict.fromkeys(name for found in marks.values() for name in found))
    spread = [one for one in goal.objectives if any(DEVIATION + metric(one) in t.trained.metrics for t in trials)]
    deviations = [f"{one}_sd" for one in spread]
    writer.writerow(["number", "spent", *columns, *goal.objectives, *deviations, *marked, "diverged"])
    for trial in trials:
        point = [written(trial.point[name]) if name in trial.point else "" for name in columns]
        values = [trial.trained.metrics.get(metric(name), "") for name in goal.objectives]
        values += [trial.trained.metrics.get(DEVIATION + metric(name), "") for name in spread]
        values += [marks[trial.number].get(name, "") for name in marked]
        writer.writerow([trial.number, written(trial.spent), *point, *values, trial.trained.diverged or ""])
    return text.getvalue()


def written(value: Any) -> str:
    """Return a value as a cell; a float has all of its digits."""
    return value if isinstance(value, str) else json.dumps(value)
