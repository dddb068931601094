"""Saved views: what a reader sees of an experiment at the first click.

MLflow has no interface for them. They are tags of the experiment that its pages write and read, in a format of their
own (seen in MLflow 3.17; a browser test opens one).
"""

import base64
import json
import re
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlflow import MlflowClient

from bakeoff.base.record import Run
from bakeoff.base.roles import Role
from bakeoff.report.escaping import plain
from bakeoff.tracking.owner import Owner
from bakeoff.tracking.runs import CURRENT, KIND, Entry, acceptable, measured, text

TAG = "mlflow.sharedViewState."
NOTE = "mlflow.note.content"
OURS = "bakeoff.views"  # whose they are, their names and addresses; an owner's digest follows
MARK = "bakeoff-"  # begins the keys of our views; an owner's digest follows
MOST = 200  # runs that a chart takes
IDENTITY = ["model", "optimizer", "seed", "optimizer.learning_rate"]
SPLITS = ["test", "val", "train"]
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
        name: what the reader clicks on.
        where: conditions on the runs.
        wide: the charts take the whole page; the list of runs is folded away.
        columns, order, group: in MLflow's words, such as metrics.`val/loss`.
    """

    name: str
    where: Sequence[str]
    columns: Sequence[str]
    order: str
    ascending: bool = False
    group: str | None = None
    charts: Sequence[dict[str, Any]] = ()
    wide: bool = False

    def key(self, owner: Owner) -> str:
        """In its address: `bakeoff-1f3c9a02-curves-of-cnn`."""
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
            "columnOrder": [*self.columns, "duration"],  # which records don't know
            "columnWidths": {column: 40 + 8 * len(column.split("`")[1]) for column in self.columns},
            "runsHiddenMode": "SHOWALL",
            "viewMaximized": False,
            "runListHidden": self.wide,
            "isAccordionReordered": False,
            "useGroupedValuesInCharts": True,
            "hideEmptyCharts": True,
            "groupBy": self.group and {"aggregateFunction": "average", "groupByKeys": [grouping(self.group)]},
            "groupsExpanded": {},
            "globalLineChartConfig": {"xAxisKey": "step", "lineSmoothness": 0, "selectedXAxisMetricKey": ""},
        }
        section = SECTION | {"columns": 1 if self.wide else 2, "cardHeight": 560 if self.wide else 400}
        return table | {"compareRunCharts": list(self.charts), "compareRunSections": [section] if self.charts else []}

    def address(self, experiment: str, owner: Owner) -> str:
        """The address of the view, in any MLflow that holds the experiment."""
        mode = "CHART" if self.charts else "TABLE"
        shown = f"viewStateShareKey={self.key(owner)}&compareRunsMode={mode}"
        return f"#/experiments/{experiment}/runs?workflowType=machine_learning&{shown}"


def param(name: str) -> str:
    return f"params.`{name}`"


def metric(name: str) -> str:
    return f"metrics.`{acceptable(name)}`"


def is_of(kind: str) -> str:
    return f"tags.`{KIND}` = '{kind}'"


def grouping(name: str) -> dict[str, str]:
    return {"mode": "param", "groupByData": name}


def chart(kind: str, name: str, key: str, **more: Any) -> dict[str, Any]:
    common = {"runsCountToCompare": MOST, "metricSectionId": SECTION["uuid"], "deleted": False, "isGenerated": False}
    return {"type": kind, "uuid": key, "displayName": name} | common | more


def curve(name: str) -> dict[str, Any]:
    """Return a chart of a metric by epoch: a line for each run, or the mean of each group in the band of its runs."""
    axis = {"xAxisKey": "step", "selectedXAxisMetricKey": "", "xAxisScaleType": "linear", "yAxisKey": "metric"}
    scale = "log" if name.endswith("loss") else "linear"
    look = {"scaleType": scale, "lineSmoothness": 0, "range": {}, "ignoreOutliers": False, "yAxisExpressions": []}
    shared = {"useGlobalXaxisKey": True, "useGlobalLineSmoothing": True}
    name = acceptable(name)
    return chart("LINE", name, f"line-{name}", metricKey=name, selectedMetricKeys=[name], **axis, **look, **shared)


def parallel(parameters: Sequence[str], metrics: Sequence[str]) -> dict[str, Any]:
    name = "hyperparameters"
    chosen = {"selectedParams": list(parameters), "selectedMetrics": [acceptable(name) for name in metrics]}
    return chart("PARALLEL", name, "parallel", **chosen, showAllRuns=True)


def views(task: str, entries: Sequence[Entry], decisive: str | None, owner: Owner) -> list[View]:
    """Return the views of a task's experiment, each of the owner's runs alone.

    Args:
        entries: the current ones.
        decisive: the metric that decides the task's comparison, without its split; None where nothing is compared.
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
    return trainings(runs, decisive, Role.TRAINING)


def contest(entries: Sequence[Entry], decisive: str | None) -> list[View]:
    """Return the views of models under optimizers: the final runs, and the searches behind them."""
    of_role = {
        role: [entry.run for entry in entries if entry.role == role]
        for role in (Role.FINAL, Role.DEFAULT, Role.SEARCH, Role.TRIAL)
    }
    order = metric(f"val/{decisive}")

    def table(role: Role, name: str, *parameters: str) -> View:
        runs = of_role[role]
        shown = dict.fromkeys([*IDENTITY, *parameters, *varied(runs)])
        columns = [*map(param, shown), *map(metric, ranked(runs, decisive))]
        return View(name, [IS_CURRENT, is_of(role)], columns, order)

    axes = ["model", "optimizer", "optimizer.learning_rate"]
    space = parallel(axes, [f"val/{decisive}"])
    *counted, last = trainings(of_role[Role.FINAL], decisive, Role.FINAL)
    return [
        *counted,
        table(Role.DEFAULT, "Default settings"),
        table(Role.SEARCH, "Searches", "point", "edge"),
        replace(table(Role.TRIAL, "Parallel coordinates", "point"), charts=[space], wide=True),
        last,
    ]


def trainings(runs: Sequence[Run], decisive: str | None, role: Role) -> list[View]:
    """Return the views of the runs of one role: ranking, curves, every version."""
    parameters, metrics = list(dict.fromkeys([*IDENTITY, *varied(runs)])), ranked(runs, decisive)
    order = metric(f"test/{decisive}" if decisive else "test/loss" if "test/loss" in metrics else "val/loss")
    columns = [*map(param, parameters), *map(metric, metrics)]
    leaderboard = View("Leaderboard", [IS_CURRENT, is_of(role)], columns, order, ascending=decisive is None)
    by_model = [
        replace(
            leaderboard,
            name=f"Curves of {model}",
            where=[*leaderboard.where, f"params.`model` = '{model}'"],
            group="optimizer",
            charts=[curve(name) for name in followed(runs, decisive)],
        )
        for model in dict.fromkeys(run.parameters["model"] for run in runs)
    ]
    return [leaderboard, *by_model, history(columns, is_of(role))]


def studies(entries: Sequence[Entry]) -> list[View]:
    """Return the views of studies, with the scores of their best trials on fresh seeds, and of trials."""
    of_role = {role: [entry.run for entry in entries if entry.role == role] for role in (Role.STUDY, Role.TRIAL)}

    def table(role: Role, name: str) -> View:
        columns = [*map(param, varied(of_role[role])), *map(metric, ranked(of_role[role], None))]
        return View(name, [IS_CURRENT, is_of(role)], columns, metric("val/loss"), ascending=True)

    confirmed, trials = table(Role.STUDY, "Studies"), table(Role.TRIAL, "Trials")
    found = [curve(name) for name in followed(of_role[Role.STUDY], None)]
    space = parallel(varied(of_role[Role.TRIAL]), ["val/loss"])
    return [
        confirmed,
        replace(confirmed, name="Best so far", charts=found),
        trials,
        replace(trials, name="Search space", charts=[space], wide=True),
        history(trials.columns),
    ]


def streams(runs: Sequence[Run]) -> list[View]:
    """Return the views of rules of online learning: scores over the whole stream, and curves in each drift."""
    final = [run for run in runs if "drift" in run.parameters]
    columns = [*map(param, varied(final)), *map(metric, ranked(final, None))]
    leaderboard = View("Leaderboard", [IS_CURRENT, "params.`drift` = 'none'"], columns, metric("stream/loss"), True)
    courses = [
        replace(
            leaderboard,
            name=f"Drift of {drift}" if drift != "none" else "No drift",
            where=[IS_CURRENT, f"params.`drift` = '{drift}'"],
            group="rule",
            charts=[curve(name) for name in followed(final, None) if name.startswith("window/")],
        )
        for drift in dict.fromkeys(run.parameters["drift"] for run in final)
    ]
    return [leaderboard, *courses, history(columns)]


def history(columns: Sequence[str], *where: str) -> View:
    """Return the view of every version of every run, the newest first."""
    return View(
        "History", [f"tags.`{CURRENT}` != ''", *where], [f"tags.`{CURRENT}`", *columns], "attributes.start_time"
    )


def varied(runs: Sequence[Run]) -> list[str]:
    """Parameters that every run has, and that are not the same in all."""
    common = [name for name in (runs[0].parameters if runs else ()) if all(name in run.parameters for run in runs)]
    return [name for name in common if len({text(run.parameters[name]) for run in runs}) > 1]


def ranked(runs: Sequence[Run], decisive: str | None) -> list[str]:
    """Final metrics, ranked."""
    names = rank({name for run in runs for name in run.metrics}, decisive)
    return [*names, "diverged"] if any(run.diverged for run in runs) else names


def rank(names: Iterable[str], decisive: str | None) -> list[str]:
    """The decisive metric before others, test before validation before training."""

    def place(name: str) -> tuple[bool, int, str]:
        split, _, measure = name.partition("/")
        return measure != decisive, SPLITS.index(split) if split in SPLITS else len(SPLITS), name

    return sorted(names, key=place)


def followed(runs: Sequence[Run], decisive: str | None) -> list[str]:
    """Metrics that have a history, ranked."""
    return rank({name for run in runs for row in run.history for name in measured(row)}, decisive)


def save(client: MlflowClient, where: str, task: str, shown: Sequence[View], owner: Owner) -> None:
    """Write the owner's views and a note with links to those of all owners, and remove what is no more.

    What stands there already is left alone: views that a user saved, and those of other owners.
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
    """Links to the views, a line for each owner."""
    lines = [" · ".join(f"[{plain(name)}]({address})" for name, address in one["links"].items()) for one in listed]
    if len(listed) == 1:
        return f"**{plain(task)}**: {lines[0]}"
    named = (f"- {plain(one['owner'])}: {line}" for one, line in zip(listed, lines, strict=True))
    return f"**{plain(task)}**\n\n" + "\n".join(named)


def abandoned(tag: str, owner: Owner) -> bool:
    """Whether a tag may be a view that the owner no longer has, or one of an earlier version, which knew no owners."""
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
