"""Brings what the records say into MLflow. Trainings write files only, and never wait for it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bakeoff.base import paths, record, settings
from bakeoff.base.settings import BadInput
from bakeoff.tracking import champion, owner, runs, views
from bakeoff.tracking.runs import Entry
from bakeoff.tracking.store import experiment, located, opened

RECORDS = Path(paths.RECORDS)
COMPARISON = Path(paths.COMPARISON)
FIGURES = Path(paths.FIGURES)

Read = Callable[[str, Any], Any]  # a dotted key of params.yaml and the type of what stands there


def refresh() -> dict[str, list[Entry]]:
    """`bring` with the records that are there and the params.yaml of this folder."""
    read = partial(settings.validate, settings.load())
    return bring(filter(Path.exists, listed(read)), read("comparison.metric", dict[str, str]))


def listed(read: Read) -> list[Path]:
    """The records that params.yaml asks for. A removed model's record may still lie on disk: it is not among them."""
    names = [
        f"{task}/{model}-{optimizer}"
        for task in read("comparison.metric", dict[str, str])
        for model in read(f"{task}.models", list[str])
        for optimizer in read(f"{task}.optimizers", list[str])
    ]
    names += [f"embedding/{architecture}" for architecture in read("embedding.architectures", list[str])]
    names += [f"baselines/{method}" for method in read("baselines.methods", list[str])]
    names += [
        f"online/{optimizer}-{schedule}"
        for optimizer in read("online.optimizers", list[str])
        for schedule in read("online.schedules", list[str])
    ]
    names += [f"recipes/{task}-{model}" for task in ("images", "table") for model in read(f"recipes.{task}", list[str])]
    names += [f"tuning/{method}" for method in read("tuning.methods", list[str])]
    return [RECORDS / f"{name}.json" for name in names]


def bring(paths: Iterable[Path], decisive: Mapping[str, str]) -> dict[str, list[Entry]]:
    """Make the store say what the records say; returns what is current, by experiment.

    Args:
        decisive: the metric that decides each task's comparison.
    """
    tasks: dict[str, list[Entry]] = defaultdict(list)
    for path in paths:
        made = record.read(path)
        tasks[made.task] += runs.entries(made, path.stat().st_mtime_ns // 10**6)
    store, whose = located(), owner.current()
    with opened(store) as client:
        for task, entries in tasks.items():
            where = experiment(client, store, task)
            runs.bring(client, where, entries, whose)
            views.save(client, where, task, views.views(task, entries, decisive.get(task), whose), whose)
    return dict(tasks)


def crown(tasks: Mapping[str, Iterable[Entry]], comparison: Path) -> dict[str, str]:
    """Register the run that won each task's comparison; returns the runs' names.

    Raises:
        BadInput: the comparison is older than the records, or a winner's weights or data are not there.
    """
    won: dict[str, str] = {}
    store, whose = located(), owner.current()
    with opened(store) as client:
        for task, standing in record.parsed(comparison)["tasks"].items():
            if standing["winner"] is None:
                continue
            won[task] = "{model}-{optimizer}-s{seed}".format(**standing["winner"])
            entry = next((entry for entry in tasks.get(task, ()) if entry.run.name == won[task]), None)
            if entry is None or not agrees(standing, entry):
                raise BadInput(
                    f"{comparison}: does not fit the records of {task}; `dvc repro compare` brings it up to date"
                )
            champion.crown(client, experiment(client, store, task), entry, whose)
    return won


def illustrate(tasks: Mapping[str, Iterable[Entry]], figures: Path) -> None:
    """Lay the report's maps of word vectors beside the runs that made them, in place of earlier ones."""
    store, whose = located(), owner.current()
    with opened(store) as client:
        for entry in tasks.get("embedding", ()):
            made = runs.identified(client, experiment(client, store, "embedding"), entry, whose)
            for picture in sorted(figures.glob(f"words-{entry.run.parameters['model']}-*.png")):
                client.log_artifact(made, str(picture), "maps")


def agrees(standing: Mapping[str, Any], entry: Entry) -> bool:
    """Whether the comparison has seen the run that it names: it holds each run's metric, rounded."""
    winner, name = standing["winner"], f"val/{standing['metric']}"
    cell = next(c for c in standing["cells"] if (c["model"], c["optimizer"]) == (winner["model"], winner["optimizer"]))
    seen = cell["validation"]["values"][cell["seeds"].index(winner["seed"])]
    return name in entry.run.metrics and abs(entry.run.metrics[name] - seen) < 1e-6


def summary(tasks: Mapping[str, Iterable[Entry]], won: Mapping[str, str]) -> dict[str, Any]:
    """Return what is tracked, by names and digests: without ids and times, the same records give the same bytes."""
    experiments: dict[str, Any] = {}
    for task, entries in tasks.items():
        stages = experiments.setdefault(task, {})
        for entry in entries:
            stage = stages.setdefault(entry.record.stage, {"recipe": entry.record.recipe, "runs": []})
            stage["runs"].append(entry.run.name)
    return {"experiments": experiments, "champions": dict(won)}
