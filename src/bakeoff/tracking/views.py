"""Saved views of an experiment in MLflow.

MLflow has no API for them. They are tags of the experiment, which its web pages write and read, in an internal format
(that of MLflow 3.17; a browser test opens one).
"""

import base64
import json
import math
import re
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import quantiles
from typing import Any

from mlflow import MlflowClient

from bakeoff.base.record import SUBSET, Run
from bakeoff.base.roles import Role
from bakeoff.report.escaping import plain
from bakeoff.tracking import leaderboard
from bakeoff.tracking.owner import Owner
from bakeoff.tracking.runs import CURRENT, KIND, LOG_RATE, RATE, Entry, acceptable, measured, text

TAG = "mlflow.sharedViewState."
NOTE = "mlflow.note.content"
OURS = "bakeoff.views"  # whose they are, their names and addresses; an owner's digest follows
MARK = "bakeoff-"  # begins the keys of our views; an owner's digest follows
MOST = 200  # runs that a chart takes
IDENTITY = ["model", "optimizer", "seed", RATE]
SPLITS = ["val", SUBSET, "test", "train"]
# Pixels of columns. The first two are always there; the second has the date, and its sign alone is seen.
NARROW = {"attributes.`Run Name`": 140, "runDateAndNestInfo": 40}
NUMBER = 74  # of 0.123456
SMALL = 86  # of 0.00123456
IS_CURRENT = f"tags.`{CURRENT}` = 'true'"

SECTION = {
    "uuid": "charts",
    "name": "Charts",
    "display": True,
    "isReordered": True,
    "deleted": False,
    "isGenerated": False,
}


@dataclass(frozen=True)
class View:
    """A table of runs, or charts of them.

    Attributes:
        name: the text of its link.
        where: the filter for runs.
        wide: whether a chart has the full width.
        folded: whether the list of runs beside the charts is hidden.
        columns, order, group: in MLflow's syntax, such as metrics.`val/loss`.
    """

    name: str
    where: Sequence[str]
    columns: Sequence[str]
    order: str
    ascending: bool = False
    group: str | None = None
    charts: Sequence[dict[str, Any]] = ()
    wide: bool = False
    folded: bool = False

    def key(self, owner: Owner) -> str:
        """The name in its address: `bakeoff-1f3c9a02-curves-of-cnn`."""
        return f"{MARK}{owner.digest}-{self.name.lower().replace(' ', '-')}"

    def state(self) -> dict[str, Any]:
        table = {
            "searchFilter": " and ".join(self.where),
            "orderByKey": self.order,
            "orderByAsc": self.ascending,
            "startTime": "ALL",
            "lifecycleFilter": "Active",
            "datasetsFilter": [],
            "modelVersionFilter": "All Runs",
            "selectedColumns": list(self.columns),
            "columnOrder": [*NARROW, *self.columns, "duration"],  # which records don't know
            "columnWidths": NARROW | {column: width(column) for column in self.columns},
            "runsHiddenMode": "SHOWALL",
            "viewMaximized": False,
            "runListHidden": self.folded,
            "isAccordionReordered": False,
            "useGroupedValuesInCharts": True,
            "hideEmptyCharts": True,
            "groupBy": self.group and {"aggregateFunction": "average", "groupByKeys": [grouping(self.group)]},
            "groupsExpanded": {},
            "globalLineChartConfig": {"xAxisKey": "step", "lineSmoothness": 0, "selectedXAxisMetricKey": ""},
        }
        section = SECTION | {"columns": 1 if self.wide else 2, "cardHeight": 400}
        return table | {"compareRunCharts": list(self.charts), "compareRunSections": [section] if self.charts else []}

    def address(self, experiment: str, owner: Owner) -> str:
        """The address of the view, in any MLflow with this experiment."""
        mode = "CHART" if self.charts else "TABLE"
        shown = f"viewStateShareKey={self.key(owner)}&compareRunsMode={mode}"
        return f"#/experiments/{experiment}/runs?workflowType=machine_learning&{shown}"


def width(column: str) -> int:
    """Return the width of a column in pixels."""
    kind, name, _ = column.split("`")
    if name == leaderboard.DEVIATION:
        return SMALL
    return max(14 + 7 * len(name), NUMBER if kind == "metrics." else 0)


def param(name: str) -> str:
    return f"params.`{name}`"


def tag(name: str) -> str:
    return f"tags.`{name}`"


def metric(name: str) -> str:
    return f"metrics.`{acceptable(name)}`"


def is_of(kind: str) -> str:
    return f"tags.`{KIND}` = '{kind}'"


def grouping(name: str) -> dict[str, str]:
    return {"mode": "param", "groupByData": name}


def chart(kind: str, name: str, key: str, **more: Any) -> dict[str, Any]:
    common = {"runsCountToCompare": MOST, "metricSectionId": SECTION["uuid"], "deleted": False, "isGenerated": False}
    return {"type": kind, "uuid": key, "displayName": name} | common | more


def curve(name: str, runs: Sequence[Run]) -> dict[str, Any]:
    """Return a chart of a metric by step: a line for each run, or for each group its mean and the range of its runs.

    Args:
        runs: the runs in the chart, which determine the range of its axis.
    """
    axis = {"xAxisKey": "step", "selectedXAxisMetricKey": "", "xAxisScaleType": "linear", "yAxisKey": "metric"}
    loss = name.endswith("loss")
    values = [row[name] for run in runs for row in run.history if name in row]
    look: dict[str, Any] = {
        "scaleType": "log" if loss else "linear",
        "range": display_range(values, lower=loss, log=loss),
        "lineSmoothness": 0,
        "ignoreOutliers": False,
        "yAxisExpressions": [],
    }
    shared = {"useGlobalXaxisKey": True, "useGlobalLineSmoothing": True}
    name = acceptable(name)
    return chart("LINE", name, f"line-{name}", metricKey=name, selectedMetricKeys=[name], **axis, **look, **shared)


def display_range(values: Sequence[float], *, lower: bool, log: bool) -> dict[str, float]:
    """Return the range of the better three quarters of some values, enlarged by 5 %.

    The other quarter, which has the starts of curves and failed runs, would take most of the chart.

    Args:
        lower: whether a low value is the better one.
        log: return logarithms to base 10, as MLflow stores ranges of a logarithmic axis.

    Returns:
        an empty range if all values are equal; MLflow then shows all values.
    """
    shown = sorted(math.log10(value) if log else value for value in values if value > 0 or not log)
    if len(shown) < 2:
        return {}
    quarter = quantiles(shown, n=4, method="inclusive")
    low, high = (shown[0], quarter[2]) if lower else (quarter[0], shown[-1])
    margin = 0.05 * (high - low)
    return {"yMin": low - margin, "yMax": high + margin} if margin > 0 else {}


def parallel(parameters: Sequence[str], metrics: Sequence[str]) -> dict[str, Any]:
    name = "hyperparameters"
    chosen = {"selectedParams": logarithmic(parameters), "selectedMetrics": [acceptable(name) for name in metrics]}
    return chart("PARALLEL", name, "parallel", **chosen, showAllRuns=True)


def scatter(parameter: str, name: str) -> dict[str, Any]:
    """Return a scatter plot of a metric against a parameter, with a point for each run."""
    name = acceptable(name)
    axes = {"xaxis": {"key": parameter, "type": "PARAM"}, "yaxis": {"key": name, "type": "METRIC"}}
    return chart("SCATTER", f"{name} by {parameter}", f"scatter-{parameter}", **axes)


def logarithmic(parameters: Sequence[str]) -> list[str]:
    """Return parameters with the logarithm of the learning rate instead of the rate, because the axes are linear."""
    return [LOG_RATE if name == RATE else name for name in parameters]


def views(task: str, entries: Sequence[Entry], decisive: str | None, owner: Owner) -> list[View]:
    """Return the views of a task's experiment, which show only the owner's runs.

    Args:
        entries: the current entries.
        decisive: the metric that ranks the results of the task, without its split; None if nothing is compared.
    """
    return [replace(view, where=[*view.where, *owner.where]) for view in of_task(task, entries, decisive)]


def of_task(task: str, entries: Sequence[Entry], decisive: str | None) -> list[View]:
    if task == "tuning":
        return studies(entries)
    runs = [entry.run for entry in entries]
    if task == "online":
        return streams(runs)
    if any(entry.role == Role.FINAL for entry in entries):
        return contest(entries, decisive)
    return trainings(runs, Role.TRAINING)


def contest(entries: Sequence[Entry], decisive: str | None) -> list[View]:
    """Return the views of models under optimizers: the ranking, curves, searches and the runs behind them.

    Args:
        entries: the current entries; with cells, if the comparison matches the records.
    """
    of_role = {
        role: [entry.run for entry in entries if entry.role == role]
        for role in (leaderboard.CELL, Role.FINAL, Role.DEFAULT, Role.SEARCH, Role.TRIAL)
    }

    def table(role: Role, name: str, *parameters: str) -> View:
        runs = of_role[role]
        shown = dict.fromkeys([*IDENTITY, *parameters, *varied(runs)])
        columns = [*map(metric, ranked(runs, decisive)), *map(param, shown)]
        return View(name, [IS_CURRENT, is_of(role)], columns, metric(f"val/{decisive}"))

    cells, finals = of_role[leaderboard.CELL], table(Role.FINAL, "Final runs")
    top = [ranking(cells, decisive)] if cells else [finals]
    return [
        *top,
        *curves(top[0], cells or of_role[Role.FINAL], decisive),
        *searches(table(Role.TRIAL, "Trials"), of_role[Role.TRIAL], decisive),
        *([finals] if cells else []),
        table(Role.DEFAULT, "Default settings"),
        table(Role.SEARCH, "Searches", "point", "edge"),
        history(finals.columns, is_of(Role.FINAL)),
    ]


def ranking(cells: Sequence[Run], decisive: str | None) -> View:
    """Return the view of the contest's ranking, with a row for each cell.

    It is sorted by rank: by the mean on validation data, with cells that have diverged runs at the end.
    """
    first = [f"val/{decisive}", leaderboard.DEVIATION, leaderboard.LOW, leaderboard.HIGH]
    last = [leaderboard.DIVERGED, leaderboard.SECONDS, leaderboard.RANK, f"test/{decisive}"]
    picked = dict.fromkeys(name for run in cells for name in run.parameters if name.startswith("optimizer."))
    columns = [
        *map(metric, first),
        tag(leaderboard.STANDING),
        *map(metric, last),
        *map(param, ["model", "optimizer", "seeds", *picked]),
    ]
    where = [IS_CURRENT, is_of(leaderboard.CELL)]
    return View("Leaderboard", where, columns, metric(leaderboard.RANK), ascending=True)


def curves(table: View, runs: Sequence[Run], decisive: str | None) -> list[View]:
    """Return a view of the curves of each model: a line for each run of the table, in the colour of its optimizer."""
    followed_by = {model: [run for run in runs if run.parameters["model"] == model] for model in models(runs)}
    return [
        replace(
            table,
            name=f"Curves of {model}",
            where=[*table.where, f"params.`model` = '{model}'"],
            charts=[curve(name, of_model) for name in followed(of_model, decisive)],
            folded=True,
        )
        for model, of_model in followed_by.items()
    ]


def searches(table: View, trials: Sequence[Run], decisive: str | None) -> list[View]:
    """Return a view of the trials of each model by their learning rate and as parallel coordinates."""
    score = f"val/{decisive}"
    charts = [scatter(LOG_RATE, score), parallel(["optimizer", RATE], [score])]
    return [
        replace(
            table,
            name=f"Search of {model}",
            where=[*table.where, f"params.`model` = '{model}'"],
            charts=charts,
            wide=True,
            folded=True,
        )
        for model in models(trials)
    ]


def models(runs: Sequence[Run]) -> list[str]:
    return list(dict.fromkeys(run.parameters["model"] for run in runs))


def trainings(runs: Sequence[Run], role: Role) -> list[View]:
    """Return the views of runs that are not compared: a table by validation loss, curves, every version."""
    parameters, metrics = list(dict.fromkeys([*IDENTITY, *varied(runs)])), ranked(runs, None)
    columns = [*map(metric, metrics), *map(param, parameters)]
    # Test data rank nothing; recipes that are trained on validation data too have no score on these.
    order = metric("val/loss") if "val/loss" in metrics else param("model")
    table = View("Leaderboard", [IS_CURRENT, is_of(role)], columns, order, ascending=True)
    return [table, *curves(table, runs, None), history(columns, is_of(role))]


def studies(entries: Sequence[Entry]) -> list[View]:
    """Return the views of studies, with the scores of their best trials on fresh seeds, and of trials."""
    of_role = {role: [entry.run for entry in entries if entry.role == role] for role in (Role.STUDY, Role.TRIAL)}

    def table(role: Role, name: str) -> View:
        columns = [*map(metric, ranked(of_role[role], None)), *map(param, varied(of_role[role]))]
        return View(name, [IS_CURRENT, is_of(role)], columns, metric("val/loss"), ascending=True)

    confirmed, trials = table(Role.STUDY, "Studies"), table(Role.TRIAL, "Trials")
    found = [curve(name, of_role[Role.STUDY]) for name in followed(of_role[Role.STUDY], None)]
    space = parallel(varied(of_role[Role.TRIAL]), ["val/loss"])
    return [
        confirmed,
        replace(confirmed, name="Best so far", charts=found),
        trials,
        replace(trials, name="Search space", charts=[space], wide=True, folded=True),
        history(trials.columns),
    ]


def streams(runs: Sequence[Run]) -> list[View]:
    """Return the views of online learning: scores over the whole stream, and curves in each drift scenario."""
    final = [run for run in runs if "drift" in run.parameters]
    columns = [*map(metric, ranked(final, None)), *map(param, varied(final))]
    table = View("Leaderboard", [IS_CURRENT, "params.`drift` = 'none'"], columns, metric("stream/loss"), True)
    courses = []
    for drift in dict.fromkeys(run.parameters["drift"] for run in final):
        of_drift = [run for run in final if run.parameters["drift"] == drift]
        windows = [name for name in followed(of_drift, None) if name.startswith("window/")]
        courses.append(
            replace(
                table,
                name=f"Drift of {drift}" if drift != "none" else "No drift",
                where=[IS_CURRENT, f"params.`drift` = '{drift}'"],
                group="rule",
                charts=[curve(name, of_drift) for name in windows],
            )
        )
    return [table, *courses, history(columns)]


def history(columns: Sequence[str], *where: str) -> View:
    """Return the view of every version of every run, the newest first."""
    return View(
        "History", [f"tags.`{CURRENT}` != ''", *where], [f"tags.`{CURRENT}`", *columns], "attributes.start_time"
    )


def varied(runs: Sequence[Run]) -> list[str]:
    """Return the parameters that every run has with different values."""
    common = [name for name in (runs[0].parameters if runs else ()) if all(name in run.parameters for run in runs)]
    return [name for name in common if len({text(run.parameters[name]) for run in runs}) > 1]


def ranked(runs: Sequence[Run], decisive: str | None) -> list[str]:
    """Return the final metrics in the order of their importance, without those on the validation subset."""
    names = rank({name for run in runs for name in run.metrics if not name.startswith(SUBSET)}, decisive)
    return [*names, "diverged"] if any(run.diverged for run in runs) else names


def rank(names: Iterable[str], decisive: str | None) -> list[str]:
    """Return the sort key of a metric: the decisive one first, test before validation before training."""

    def place(name: str) -> tuple[bool, int, str]:
        split, _, measure = name.partition("/")
        return measure != decisive, SPLITS.index(split) if split in SPLITS else len(SPLITS), name

    return sorted(names, key=place)


def followed(runs: Sequence[Run], decisive: str | None) -> list[str]:
    """Return the metrics that have a curve, ranked: measured more than once, or as often as the run was."""
    counts = [(Counter(name for row in run.history for name in measured(row)), len(run.history)) for run in runs]
    return rank({name for found, rows in counts for name, count in found.items() if count >= min(2, rows)}, decisive)


def save(client: MlflowClient, where: str, task: str, shown: Sequence[View], owner: Owner) -> None:
    """Write the owner's views and a note with links to the views of all owners; remove outdated views.

    Views that a user saved, and those of other owners, are not changed.
    """
    tags = client.get_experiment(where).tags
    links = {view.name: view.address(where, owner) for view in shown}
    wanted = {f"{OURS}.{owner.digest}": json.dumps({"owner": str(owner), "links": links})}
    listed = {name: json.loads(value) for name, value in (tags | wanted).items() if name.startswith(f"{OURS}.")}
    wanted[NOTE] = note(task, sorted(listed.values(), key=lambda one: str(one["owner"])))
    for view in shown:
        name = TAG + view.key(owner)
        # Several owners have views of the same name: these say whose they are.
        called = view.name if len(listed) == 1 else f"{view.name} ({owner})"
        old = json.loads(tags.get(name, "{}"))
        state = packed(view.state())
        if (old.get("name"), old.get("state")) != (called, state):
            now = int(time.time() * 1000)
            made = {"name": called, "createdAt": old.get("createdAt", now), "updatedAt": now, "state": state}
            wanted[name] = json.dumps(made)
    for name, value in wanted.items():
        if tags.get(name) != value:
            client.set_experiment_tag(where, name, value)
    for name in tags:
        if abandoned(name, owner) and name not in {TAG + view.key(owner) for view in shown}:
            client.delete_experiment_tag(where, name)


def note(task: str, listed: Sequence[dict[str, Any]]) -> str:
    """Return links to the views, with a line for each owner."""
    lines = [" · ".join(f"[{plain(name)}]({address})" for name, address in one["links"].items()) for one in listed]
    if len(listed) == 1:
        return f"**{plain(task)}**: {lines[0]}"
    named = (f"- {plain(one['owner'])}: {line}" for one, line in zip(listed, lines, strict=True))
    return f"**{plain(task)}**\n\n" + "\n".join(named)


def abandoned(tag: str, owner: Owner) -> bool:
    """Return whether a tag is an outdated view of the owner, or a view of a version without owners."""
    key = tag.removeprefix(TAG)
    earlier = not re.match(MARK + "[0-9a-f]{8}-", key)
    return tag == OURS or (tag.startswith(TAG + MARK) and (earlier or key.startswith(f"{MARK}{owner.digest}-")))


def addresses(client: MlflowClient, owner: Owner) -> dict[str, dict[str, str]]:
    """Return the addresses of the owner's saved views, by experiment and by name."""
    tag = f"{OURS}.{owner.digest}"
    found = {experiment.name: experiment.tags for experiment in client.search_experiments()}
    return {name: json.loads(tags[tag])["links"] for name, tags in sorted(found.items()) if tag in tags}


def packed(state: dict[str, Any]) -> str:
    return "deflate;" + base64.b64encode(zlib.compress(json.dumps(state).encode(), 9)).decode()
