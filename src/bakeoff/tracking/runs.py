"""Run records as runs of MLflow: each once, whoever brings them in, and however often."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, ViewType
from mlflow.entities import Run as TrackedRun

from bakeoff.base.record import Record, Run, dump
from bakeoff.base.roles import SEARCHED, Role
from bakeoff.report.figures.palette import COLOURS, METHODS
from bakeoff.tracking.owner import Owner

BATCH = 800  # metrics a call: MLflow takes 1000 metrics and parameters together
DATA_DIGEST = 36  # characters that MLflow keeps of a data set's digest

KEY = "bakeoff.key"
DIGEST = "bakeoff.digest"
STAGE = "bakeoff.stage"
KIND = "bakeoff.kind"
CURRENT = "bakeoff.current"  # "true" for what the records on disk say now, "false" for what they said before
PARENT = "mlflow.parentRunId"
LIVE = "bakeoff.live"  # "true" while a training runs


@dataclass(frozen=True)
class Entry:
    """A run of a record, ready to be brought in.

    Attributes:
        key: sha256 of all that can be seen of the run, without the digest of its stage: a run that comes out the same
            under another digest (a comment in the code has changed) is the same run.
        parent: the entry of the study that a trial belongs to.
        moment: when the record was written, in milliseconds; the record itself knows no clock.
    """

    record: Record
    run: Run
    key: str
    parent: "Entry | None"
    moment: int

    @property
    def role(self) -> str:
        """The run's role: of a tuner's run the one that it has in the study, of any other the one in its record."""
        if self.record.task != "tuning":
            return str(self.run.parameters.get("role", Role.TRAINING))
        if self.parent is None:
            return Role.STUDY
        reseeded = self.run.parameters["seed"] != self.parent.run.parameters["seed"]
        return Role.CONFIRMATION if reseeded else Role.TRIAL


def entries(record: Record, moment: int) -> list[Entry]:
    """Return the runs of a record, studies before their trials."""
    made: dict[str, Entry] = {}
    for run in sorted(record.runs, key=lambda run: run.parent is not None):
        parent = made[run.parent] if run.parent else None
        seen = [record.stage, record.data, asdict(run), parent.key if parent else None]
        made[run.name] = Entry(record, run, hashlib.sha256(dump(seen).encode()).hexdigest(), parent, moment)
    return list(made.values())


def bring(client: MlflowClient, experiment: str, wanted: Sequence[Entry], owner: Owner) -> None:
    """Make the experiment hold each entry once for its owner.

    What is there already stays as it is; what was deleted is restored, so that it keeps its id. Runs that no entry
    stands for any more stay too, marked as not current. Runs that a tracking left half-written, because it was killed,
    go. Runs of others are left alone.
    """
    entry_of = {entry.key: entry for entry in wanted}
    there = surveyed(client, experiment, owner)
    ids = {key: same[0].info.run_id for key, same in there.items()}
    for key, (first, *others) in there.items():
        entry = entry_of.get(key)
        for other in filter(active, others):  # it was deleted, made again, and restored
            client.delete_run(other.info.run_id)
        if not active(first):
            if entry is None:
                continue
            client.restore_run(first.info.run_id)
        mark(
            client,
            first,
            owner.tags | ({CURRENT: "true", DIGEST: entry.record.digest} if entry else {CURRENT: "false"}),
        )
    for entry in wanted:
        if entry.key not in ids:
            ids[entry.key] = write(client, experiment, entry, ids, owner)
    nest(client, there, {entry.key: ids[entry.parent.key] for entry in wanted if entry.parent})


def surveyed(client: MlflowClient, experiment: str, owner: Owner) -> dict[str, list[TrackedRun]]:
    """Return the owner's complete runs by key, deleted ones last; delete those that a kill left incomplete."""
    found: dict[str, list[TrackedRun]] = defaultdict(list)
    for run in tracked(client, [experiment], deleted=True):
        tags = run.data.tags
        if KEY not in tags or LIVE in tags or not owner.owns(tags):
            continue  # the user's own, a training that still runs, or another owner's
        if run.info.status == "FINISHED":
            found[tags[KEY]].append(run)
        elif active(run):
            client.delete_run(run.info.run_id)
    return {key: sorted(same, key=lambda run: (not active(run), run.info.run_id)) for key, same in found.items()}


def nest(client: MlflowClient, there: Mapping[str, Sequence[TrackedRun]], parents: Mapping[str, str]) -> None:
    """Set the parent of every run that was in the store, whatever became of its former parent.

    A run of the past keeps its parent too: it is restored if it was deleted without its children.

    Args:
        parents: the id of the parent, by the key of a current run.
    """
    first = {run.info.run_id: same[0] for same in there.values() for run in same}
    for key, same in there.items():
        child, hangs = same[0], same[0].data.tags.get(PARENT)
        if key in parents:
            mark(client, child, {PARENT: parents[key]})
        elif active(child) and hangs in first:
            parent = first[hangs]
            if not active(parent) and client.get_run(parent.info.run_id).info.lifecycle_stage == "deleted":
                client.restore_run(parent.info.run_id)
                mark(client, parent, {CURRENT: "false"})
            mark(client, child, {PARENT: parent.info.run_id})


def mark(client: MlflowClient, run: TrackedRun, tags: Mapping[str, str]) -> None:
    """Set the tags that the run does not have yet."""
    for name, value in tags.items():
        if run.data.tags.get(name) != value:
            client.set_tag(run.info.run_id, name, value)


def active(run: TrackedRun) -> bool:
    """Whether the run was not deleted when it was read."""
    return bool(run.info.lifecycle_stage == "active")


def identified(client: MlflowClient, experiment: str, entry: Entry, owner: Owner) -> str:
    """Return the id of the owner's run that stands for an entry."""
    where = " and ".join([f"tags.`{KEY}` = '{entry.key}'", *owner.where])
    found: str = client.search_runs([experiment], where)[0].info.run_id
    return found


def tracked(
    client: MlflowClient, experiments: Sequence[str], where: str = "", deleted: bool = False
) -> Iterator[TrackedRun]:
    """Yield all runs of some experiments, deleted ones too if asked for."""
    kind = ViewType.ALL if deleted else ViewType.ACTIVE_ONLY
    token: str | None = ""
    while token is not None:
        page = client.search_runs(list(experiments), where, kind, max_results=1000, page_token=token or None)
        yield from page
        token = page.token


def write(client: MlflowClient, experiment: str, entry: Entry, ids: Mapping[str, str], owner: Owner) -> str:
    """Write one run and return its id. It is finished last, so that a run that is not finished is incomplete.

    What only served a choice is brought in without its curves and its data: there is much of it, and half the time goes
    into these. The record has the curves.
    """
    record, run = entry.record, entry.run
    tags = colour(run.parameters) | owner.tags
    tags |= {
        KEY: entry.key,
        DIGEST: record.digest,
        STAGE: record.stage,
        KIND: entry.role,
        CURRENT: "true",
        "mlflow.note.content": f"`dvc repro --force --single-item {record.stage}` makes this run again.",
    }
    if entry.parent:
        tags[PARENT] = ids[entry.parent.key]
    made: str = client.create_run(experiment, start_time=entry.moment, run_name=run.name, tags=tags).info.run_id
    counts = entry.role not in SEARCHED
    log(client, made, run.parameters, points(run, entry.moment, curves=counts))
    if counts:
        client.log_inputs(made, datasets=[dataset(path, digest) for path, digest in sorted(record.data.items())])
    # It ends when it starts, for the record knows no duration; without an end MLflow reads the whole run once more.
    client.set_terminated(made, "FINISHED", entry.moment)
    return made


def log(client: MlflowClient, run: str, parameters: Mapping[str, Any], metrics: Sequence[Metric]) -> None:
    client.log_batch(run, metrics[:BATCH], [Param(key, text(value)) for key, value in parameters.items()])
    for start in range(BATCH, len(metrics), BATCH):
        client.log_batch(run, metrics[start : start + BATCH])


def points(run: Run, moment: int, curves: bool) -> list[Metric]:
    """Return every metric at every epoch, and the final ones last: tables show the latest value."""
    rows = run.history if curves else []
    made = {(name, int(row["epoch"]), value): 0 for row in rows for name, value in measured(row).items()}
    last = int(run.history[-1]["epoch"]) if run.history else 0
    made |= {(name, last, value): 1 for name, value in run.metrics.items()}
    if run.diverged is not None:
        made |= {("diverged", run.diverged, 1.0): 1}
    return [Metric(acceptable(name), value, moment + late, epoch) for (name, epoch, value), late in made.items()]


def measured(row: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics of a row of a history, without its epoch and step."""
    return {name: value for name, value in row.items() if name not in ("epoch", "step")}


def acceptable(name: str) -> str:
    """Return the name as MLflow takes it, which refuses names such as `acc@5` and `loss(val)`."""
    return re.sub(r"[^\w\-. :/]", "_", name)


def text(value: Any) -> str:
    """Return a parameter as params.yaml has it: `adam`, `0.003`, `[16, 32]`, `true`."""
    return value if isinstance(value, str) else json.dumps(value)


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
