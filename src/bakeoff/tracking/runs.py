"""Run records as MLflow runs, each stored once, even if it is imported several times."""

import hashlib
import json
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric

from bakeoff.base.record import Record, Run
from bakeoff.base.roles import SEARCHED, Role
from bakeoff.report.figures.palette import COLOURS, METHODS
from bakeoff.tracking.owner import Owner
from bakeoff.tracking.run_table import FoundRun, NewRun, Runs

DATA_DIGEST = 36  # characters that MLflow keeps of a data set's digest

KEY = "bakeoff.key"
DIGEST = "bakeoff.digest"
STAGE = "bakeoff.stage"
KIND = "bakeoff.kind"
CURRENT = "bakeoff.current"  # "true" for runs of the current records, "false" for earlier ones
PARENT = "mlflow.parentRunId"
LIVE = "bakeoff.live"  # "true" while a training runs

RATE = "optimizer.learning_rate"
LOG_RATE = "log10 learning rate"


@dataclass(frozen=True)
class Entry:
    """A run of a record, ready to be imported.

    Attributes:
        key: sha256 of the content of the run, without the digest of its stage. A run with the same content and another
            digest (after a change of a comment in the code) is the same run.
        parent: the entry of the study that a trial belongs to.
        moment: when the record was written, in milliseconds; records contain no timestamps.
        tags: further tags, which do not affect the key.
    """

    record: Record
    run: Run
    key: str
    parent: "Entry | None"
    moment: int
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def role(self) -> str:
        """The run's role: in a study that of its part of the search, otherwise that in its record."""
        if self.record.task != "tuning":
            return str(self.run.parameters.get("role", Role.TRAINING))
        if self.parent is None:
            return Role.STUDY
        reseeded = self.run.parameters["seed"] != self.parent.run.parameters["seed"]
        return Role.CONFIRMATION if reseeded else Role.TRIAL


def entries(record: Record, moment: int, tags: Mapping[str, str] | None = None) -> list[Entry]:
    """Return the runs of a record, studies before their trials.

    Args:
        tags: further tags of each run.
    """
    made: dict[str, Entry] = {}
    for run in sorted(record.runs, key=lambda run: run.parent is not None):
        parent = made[run.parent] if run.parent else None
        seen = json.dumps([record.stage, record.data, vars(run), parent.key if parent else None], sort_keys=True)
        made[run.name] = Entry(record, run, hashlib.sha256(seen.encode()).hexdigest(), parent, moment, tags or {})
    return list(made.values())


def store_entries(client: MlflowClient, runs: Runs, experiment: str, wanted: Sequence[Entry], owner: Owner) -> None:
    """Store each entry once in the experiment, for its owner.

    Existing runs are not changed. Deleted runs are restored with their id. Runs without an entry are kept and marked as
    not current. Incomplete runs, which a killed process left, are deleted. Runs of other owners are not changed.
    """
    entry_of = {entry.key: entry for entry in wanted}
    there = surveyed(client, runs, experiment, owner)
    ids = {key: same[0].id for key, same in there.items()}
    tags: dict[str, dict[str, str]] = defaultdict(dict)
    for key, (first, *others) in there.items():
        entry = entry_of.get(key)
        for other in others:
            if other.active:  # it was deleted, made again, and restored
                client.delete_run(other.id)
        if not first.active:
            if entry is None:
                continue
            client.restore_run(first.id)
        mark(tags, first, owner.tags | (current(entry) if entry else {CURRENT: "false"}))
    new = [entry for key, entry in entry_of.items() if key not in ids]
    for generation in ([entry for entry in new if not entry.parent], [entry for entry in new if entry.parent]):
        made = runs.create(experiment, [composed(entry, ids, owner) for entry in generation])
        ids |= zip((entry.key for entry in generation), made, strict=True)
    nest(client, tags, there, {entry.key: ids[entry.parent.key] for entry in wanted if entry.parent})
    runs.tag(tags)


def surveyed(client: MlflowClient, runs: Runs, experiment: str, owner: Owner) -> dict[str, list[FoundRun]]:
    """Return the owner's complete runs by key, deleted ones last; delete incomplete ones."""
    found: dict[str, list[FoundRun]] = defaultdict(list)
    for run in runs.read(experiment):
        tags = run.tags
        if KEY not in tags or LIVE in tags or not owner.owns(tags):
            continue  # the user's own, a training that still runs, or another owner's
        if run.status == "FINISHED":
            found[tags[KEY]].append(run)
        elif run.active:
            client.delete_run(run.id)
    return {key: sorted(same, key=lambda run: (not run.active, run.id)) for key, same in found.items()}


def nest(
    client: MlflowClient,
    tags: dict[str, dict[str, str]],
    there: Mapping[str, Sequence[FoundRun]],
    parents: Mapping[str, str],
) -> None:
    """Set the parent of every run that was in the store, even if its earlier parent was deleted.

    A run that is not current keeps its parent, which is restored if it was deleted without its children.

    Args:
        tags: the tags to set; more are added.
        parents: the id of the parent, by the key of a current run.
    """
    first = {run.id: same[0] for same in there.values() for run in same}
    for key, same in there.items():
        child, hangs = same[0], same[0].tags.get(PARENT)
        if key in parents:
            mark(tags, child, {PARENT: parents[key]})
        elif child.active and hangs in first:
            parent = first[hangs]
            if not parent.active and client.get_run(parent.id).info.lifecycle_stage == "deleted":
                client.restore_run(parent.id)
                mark(tags, parent, {CURRENT: "false"})
            mark(tags, child, {PARENT: parent.id})


def mark(tags: dict[str, dict[str, str]], run: FoundRun, wanted: Mapping[str, str]) -> None:
    """Add the tags that the run does not have yet to the tags to set."""
    for name, value in wanted.items():
        if run.tags.get(name) != value:
            tags[run.id][name] = value


def identified(client: MlflowClient, experiment: str, entry: Entry, owner: Owner) -> str:
    """Return the id of the owner's run of an entry."""
    where = " and ".join([f"tags.`{KEY}` = '{entry.key}'", *owner.where])
    found: str = client.search_runs([experiment], where)[0].info.run_id
    return found


def composed(entry: Entry, ids: Mapping[str, str], owner: Owner) -> NewRun:
    """Return a run as it is written.

    Runs that are only used for a choice (trials, reruns) are stored without curves and data sets. They are many, and
    these would take half of the time. The record has the curves.

    Args:
        ids: the ids of parents, by key.
    """
    record, run = entry.record, entry.run
    tags = (
        colour(run.parameters) | owner.tags | {KEY: entry.key, STAGE: record.stage, KIND: entry.role} | current(entry)
    )
    tags |= {"mlflow.note.content": f"`dvc repro --force --single-item {record.stage}` makes this run again."}
    if entry.parent:
        tags[PARENT] = ids[entry.parent.key]
    counts = entry.role not in SEARCHED
    return NewRun(
        run.name,
        entry.moment,  # it ends when it starts, for the record knows no duration
        tags,
        logged(run.parameters),
        points(run, entry.moment, curves=counts),
        [dataset(path, digest) for path, digest in sorted(record.data.items())] if counts else [],
    )


def current(entry: Entry) -> dict[str, str]:
    """Return the tags that may change without making another run."""
    return {CURRENT: "true", DIGEST: entry.record.digest, **entry.tags}


def points(run: Run, moment: int, curves: bool) -> list[Metric]:
    """Return every metric at every measured step, the final ones last, because tables show the latest value."""
    rows = run.history if curves else []
    made = {(name, step(row), value): 0 for row in rows for name, value in measured(row).items()}
    last = step(run.history[-1]) if run.history else 0
    made |= {(name, last, value): 1 for name, value in run.metrics.items()}
    if run.diverged is not None:
        made |= {("diverged", run.diverged, 1.0): 1}
    return [Metric(acceptable(name), value, moment + late, at) for (name, at, value), late in made.items()]


def step(row: Mapping[str, float]) -> int:
    """Return the position of a row on the axis of steps: for word2vec the epoch, for a search the trainings spent."""
    return int(row["step"] if "step" in row else row["epoch"])


def measured(row: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics of a row of a history, without its epoch and step."""
    return {name: value for name, value in row.items() if name not in ("epoch", "step")}


def acceptable(name: str) -> str:
    """Return the name in a form that MLflow accepts; it refuses `acc@5` and `loss(val)`."""
    return re.sub(r"[^\w\-. :/]", "_", name)


def text(value: Any) -> str:
    """Return a parameter in the form of params.yaml: `adam`, `0.003`, `[16, 32]`, `true`."""
    return value if isinstance(value, str) else json.dumps(value)


def logged(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters for MLflow, with the logarithm of the learning rate, because its charts have linear axes."""
    made = {name: text(value) for name, value in parameters.items()}
    rate = parameters.get(RATE)
    if isinstance(rate, float | int) and rate > 0:
        made[LOG_RATE] = f"{math.log10(rate):.4f}"
    return made


def colour(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the tag with a run's colour: that of its search method or its optimizer, as in the report's figures."""
    found = METHODS.get(parameters.get("method", "")) or COLOURS.get(parameters.get("optimizer", ""))
    return {"mlflow.runColor": found} if found else {}


def dataset(path: str, digest: str) -> DatasetInput:
    source = json.dumps({"path": path, "sha256": digest}, sort_keys=True)
    name = path.removeprefix("data/")
    return DatasetInput(
        Dataset(name, digest[:DATA_DIGEST], "local", source), [InputTag("mlflow.data.context", "training")]
    )
