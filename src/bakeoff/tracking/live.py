"""Running trainings as MLflow runs, whose curves are updated until the record is written."""

import hashlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric

from bakeoff.base import paths
from bakeoff.base.roles import Role
from bakeoff.base.settings import BadInput
from bakeoff.tracking import owner, sync
from bakeoff.tracking.location import located
from bakeoff.tracking.owner import CLONE, Owner
from bakeoff.tracking.run_table import log, tracked
from bakeoff.tracking.runs import CURRENT, KEY, KIND, LIVE, STAGE, acceptable, colour, logged, measured, step
from bakeoff.tracking.store import experiment, opened

FOLDER = Path(paths.LIVE)
PAUSE = 3.0  # seconds between two looks

Fed = Mapping[str, int]  # how many rows of each training MLflow has, by key


@dataclass(frozen=True)
class Live:
    """The live history of a running training.

    Attributes:
        key: changes if the training starts again with other parameters.
    """

    stage: str
    name: str
    key: str
    parameters: Mapping[str, Any]
    rows: Sequence[Mapping[str, float]]

    @property
    def experiment(self) -> str:
        return "tuning" if "method" in self.parameters else str(self.parameters["task"])


def watch() -> None:
    """Look for new records and rows every few seconds, until the process is interrupted.

    Errors that a user can fix meanwhile (a server that is down, an error in params.yaml) are printed once.
    """
    records: Mapping[Path, int] = {}
    fed: Fed | None = None
    said = ""
    try:
        while True:
            try:
                now = {path: path.stat().st_mtime_ns for path in sync.RECORDS.rglob("*.json")}
                if now != records:
                    sync.refresh()
                records, fed, said = now, feed(fed), ""
            except FileNotFoundError:
                pass  # a stage has just ended, or started: the next look sees it
            except BadInput as error:
                if str(error) != said:
                    said = str(error)
                    print(f"waiting: {said}", file=sys.stderr, flush=True)
            time.sleep(PAUSE)
    finally:
        update_running([], {})


def feed(fed: Fed | None = None) -> Fed:
    """Import the rows that running trainings have written since `fed`, and delete the runs of those that ended."""
    running = [live for path in sorted(FOLDER.glob("*/*.jsonl")) if (live := read(path))]
    written = {live.key: len(live.rows) for live in running}
    if written != fed:
        update_running(running, fed or {})
    return written


def read(path: Path) -> Live | None:
    """Return the training of a live history; None before its first line is complete."""
    first, *rows = path.read_text(encoding="utf-8").split("\n")[:-1] or [""]
    if not first:
        return None
    stage, name = path.parent.name, path.stem
    key = hashlib.sha256(f"{stage} {name} {first}".encode()).hexdigest()
    return Live(stage, name, key, json.loads(first)["parameters"], [json.loads(row) for row in rows])


def update_running(running: Sequence[Live], fed: Fed) -> None:
    """Update the list of this clone's running trainings in the store, on any branch."""
    store, whose = located(), owner.current()
    with opened(store) as client:
        experiments = [found.experiment_id for found in client.search_experiments()]
        where = f"tags.`{LIVE}` = 'true' and tags.`{CLONE}` = '{whose.clone}'"
        known = {run.data.tags[KEY]: run.info.run_id for run in tracked(client, experiments, where)}
        for key in known.keys() - {live.key for live in running}:
            client.delete_run(known[key])
        for live in running:
            if live.key in known:
                log(client, known[live.key], {}, points(live.rows[fed.get(live.key, 0) :]))
            else:
                started = start(client, experiment(client, store, live.experiment), live, whose)
                log(client, started, logged(live.parameters), points(live.rows))


def start(client: MlflowClient, where: str, live: Live, whose: Owner) -> str:
    kind = Role.STUDY if live.experiment == "tuning" else live.parameters.get("role", Role.TRAINING)
    tags = {KEY: live.key, STAGE: live.stage, KIND: kind, CURRENT: "true", LIVE: "true"} | whose.tags
    made: str = client.create_run(where, run_name=live.name, tags=tags | colour(live.parameters)).info.run_id
    return made


def points(rows: Sequence[Mapping[str, float]]) -> list[Metric]:
    """Return the metrics of some rows. Their time is the step, so that imports by two processes are stored once."""
    return [
        Metric(acceptable(name), value, step(row), step(row)) for row in rows for name, value in measured(row).items()
    ]
