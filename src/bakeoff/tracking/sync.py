"""Imports the run records into MLflow. Trainings only write files, and never wait for MLflow."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bakeoff.base import paths, record, settings
from bakeoff.base.settings import BadInput
from bakeoff.data.images.settings import Bits, Colour, Resize
from bakeoff.data.limits import Limits
from bakeoff.data.scans.settings import ScansSettings
from bakeoff.inference.masks import label_values
from bakeoff.inference.registered import MaskSettings, PictureSettings
from bakeoff.results import record_names, step_costs
from bakeoff.results.model import Comparison, TaskKind, Winner
from bakeoff.results.record_names import Read
from bakeoff.results.step_costs import Costs
from bakeoff.tracking import champion, leaderboard, owner, presence, runs, views
from bakeoff.tracking.location import located
from bakeoff.tracking.run_table import runs_of
from bakeoff.tracking.runs import Entry
from bakeoff.tracking.store import experiment, opened

RECORDS = Path(paths.RECORDS)
COMPARISON = Path(paths.COMPARISON)
COSTS = Path(paths.COSTS)
FIGURES = Path(paths.FIGURES)


def refresh() -> dict[str, list[Entry]]:
    """Import the records that params.yaml lists, and the ranking; return the current entries.

    Raises:
        BadInput: MLflow does not answer, or the comparison cannot be read.
    """
    read = partial(settings.validate, settings.load())
    comparison = Comparison.read(COMPARISON) if COMPARISON.exists() else None
    costs = step_costs.read(COSTS) if COSTS.exists() else None
    return update_store(filter(Path.exists, listed(read)), record_names.metrics(read), comparison, costs)


def listed(read: Read) -> list[Path]:
    """Return the records that params.yaml lists; files of removed items may still exist."""
    return [Path(paths.record(group, name)) for group, name in record_names.records(read)]


def update_store(
    files: Iterable[Path],
    decisive: Mapping[str, str],
    comparison: Comparison | None = None,
    costs: Costs | None = None,
) -> dict[str, list[Entry]]:
    """Bring the store up to date with the records and the ranking; return the current entries by experiment.

    Args:
        decisive: the metric that ranks the results of each task.
        comparison: the content of the leaderboards; tasks whose records are newer have none.
        costs: the measured time of a step.
    """
    tasks: dict[str, list[Entry]] = defaultdict(list)
    for path in files:
        made = record.read(path)
        tasks[made.task] += runs.entries(made, path.stat().st_mtime_ns // 10**6)
    for task, cells in leaderboard.ranked(comparison, costs, tasks).items() if comparison else ():
        tasks[task] += cells
    store, whose = located(), owner.current()
    with opened(store) as client:
        places = {task: experiment(client, store, task) for task in tasks}
        table = runs_of(client, store.database)
        for task, entries in tasks.items():
            where = places[task]
            runs.store_entries(client, table, where, entries, whose)
            views.save(client, where, task, views.views(task, entries, decisive.get(task), whose), whose)
    return dict(tasks)


def register_winners(tasks: Mapping[str, Sequence[Entry]], comparison: Path, read: Read) -> dict[str, str]:
    """Register the winning run of each task, and return the names of the runs.

    Args:
        read: reads settings, for the preparation of the pictures of a task.

    Raises:
        BadInput: the comparison is older than the records, or weights or data of a winner are missing.
    """
    won: dict[str, str] = {}
    store, whose = located(), owner.current()
    with opened(store) as client:
        for task, compared in Comparison.read(comparison).tasks.items():
            winner = compared.winner
            if winner is None:
                continue
            won[task] = named(winner)
            entry = next((entry for entry in tasks.get(task, ()) if entry.run.name == won[task]), None)
            if entry is None or not leaderboard.fits(compared, tasks[task]):
                raise BadInput(f"{comparison}: does not match the records of {task}; `dvc repro compare` updates it")
            pictures = None if compared.kind == "table" else prepared(compared.data, read, compared.kind)
            champion.register(client, experiment(client, store, task), entry, whose, pictures)
    return won


def named(winner: Winner) -> str:
    """Return the name of the run of the leading cell's best seed."""
    return f"{winner.model}-{winner.optimizer}-s{winner.seed}"


def prepared(data: str, read: Read, kind: TaskKind) -> PictureSettings:
    """Return the settings for preparing the images or scans of a data set.

    Args:
        data: the file of its examples.
    """
    name = f"data.{paths.data_name(data)}"
    limits = read("limits", Limits)
    if kind == "scans":
        scans = read(name, ScansSettings)
        return MaskSettings(
            colour=scans.colour,
            resize=scans.resize,
            bits=scans.bits,
            limits=limits,
            volumes=scans.volumes,
            values=tuple(label_values(scans).tolist()),
        )
    return PictureSettings(
        colour=read(f"{name}.colour", Colour),
        resize=read(f"{name}.resize", Resize),
        bits=read(f"{name}.bits", Bits | None),
        limits=limits,
    )


def attach_figures(tasks: Mapping[str, Iterable[Entry]], figures: Path, compared: Comparison) -> None:
    """Attach figures of the report to the runs that they show, and replace earlier ones.

    These are the maps of word vectors, and the cases of the winning run of each task on scans.
    """
    store, whose = located(), owner.current()
    with opened(store) as client:
        for entry in tasks.get("embedding", ()):
            corpus = paths.data_name(entry.run.parameters["data"])
            made = runs.identified(client, experiment(client, store, "embedding"), entry, whose)
            for picture in sorted(figures.glob(f"words-{corpus}-{entry.run.parameters['model']}-*.png")):
                client.log_artifact(made, str(picture), "maps")
        for task, found in compared.tasks.items():
            picture, won = figures / f"cases-{task}.png", found.winner
            if won is None or not picture.exists():
                continue
            for entry in tasks.get(task, ()):
                if entry.run.name == named(won):
                    client.log_artifact(
                        runs.identified(client, experiment(client, store, task), entry, whose), str(picture), "cases"
                    )


def stamp(tasks: Iterable[str], listed: str) -> None:
    """Tag each task's experiment with the digest of the list of tracked runs: see `presence`."""
    store, whose = located(), owner.current()
    with opened(store) as client:
        for task in tasks:
            client.set_experiment_tag(
                experiment(client, store, task), presence.tag(whose), presence.digest(listed.encode())
            )


def summary(tasks: Mapping[str, Iterable[Entry]], won: Mapping[str, str]) -> dict[str, Any]:
    """Return the list of tracked runs, without ids and times, so that the same records give the same bytes."""
    experiments: dict[str, Any] = {}
    for task, entries in tasks.items():
        stages = experiments.setdefault(task, {})
        for entry in entries:
            stage = stages.setdefault(entry.record.stage, {"digest": entry.record.digest, "runs": []})
            stage["runs"].append(entry.run.name)
    return {"experiments": experiments, "champions": dict(won)}
