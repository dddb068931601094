"""The runs of a store: read and written through MLflow's API, or as rows of a SQLite database.

MLflow's API takes 40 ms per run, and a contest has more than a thousand runs. `SqliteRuns` writes the same rows, table
by table, in one transaction. It supports the schema of one release; with another schema, MLflow's API is used.
"""

import sqlite3
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from mlflow import MlflowClient
from mlflow.entities import DatasetInput, Metric, Param, RunTag, ViewType
from mlflow.entities import Run as TrackedRun
from mlflow.utils.validation import _validate_batch_log_data, _validate_tag

from bakeoff.tracking.location import WAIT

SCHEMA = "dc11669786a5"  # of MLflow 3.17: the last step of its alembic migrations
BATCH = 800  # metrics a call: MLflow takes 1000 metrics and parameters together
FILES = "artifacts"  # the folder of a run's files, in a folder named by its id

Tags = Mapping[str, Mapping[str, str]]  # by run and name


@dataclass(frozen=True)
class NewRun:
    """A finished run that is not in the store yet.

    Attributes:
        moment: its start and end time, in milliseconds.
        metrics: distinct points.
    """

    name: str
    moment: int
    tags: Mapping[str, str]
    parameters: Mapping[str, str]
    metrics: Sequence[Metric]
    datasets: Sequence[DatasetInput]


@dataclass(frozen=True)
class FoundRun:
    """A run that is in the store.

    Attributes:
        active: whether it is not deleted.
    """

    id: str
    status: str
    active: bool
    tags: Mapping[str, str]


class Runs(Protocol):
    def read(self, experiment: str) -> list[FoundRun]:
        """Return all runs of an experiment, including deleted ones."""

    def create(self, experiment: str, runs: Sequence[NewRun]) -> list[str]:
        """Write runs; return their ids."""

    def tag(self, tags: Tags) -> None:
        """Set tags of existing runs."""


@dataclass(frozen=True)
class ClientRuns:
    """Reads and writes through MLflow's API, run by run."""

    client: MlflowClient

    def read(self, experiment: str) -> list[FoundRun]:
        return [
            FoundRun(run.info.run_id, run.info.status, run.info.lifecycle_stage == "active", run.data.tags)
            for run in tracked(self.client, [experiment], deleted=True)
        ]

    def create(self, experiment: str, runs: Sequence[NewRun]) -> list[str]:
        return [self._create(experiment, run) for run in runs]

    def _create(self, experiment: str, run: NewRun) -> str:
        """Write one run. It is marked as finished last, so that an unfinished run is known to be incomplete."""
        client = self.client
        made: str = client.create_run(experiment, run.moment, dict(run.tags), run.name).info.run_id
        log(client, made, run.parameters, run.metrics)
        if run.datasets:
            client.log_inputs(made, datasets=list(run.datasets))
        client.set_terminated(made, "FINISHED", run.moment)
        return made

    def tag(self, tags: Tags) -> None:
        for run, values in tags.items():
            for name, value in values.items():
                self.client.set_tag(run, name, value)


@dataclass(frozen=True)
class SqliteRuns:
    """Reads and writes rows of a database. Each call is one transaction, so that a kill leaves all rows or none."""

    database: Path

    def read(self, experiment: str) -> list[FoundRun]:
        with closing(connected(self.database)) as connection:
            where = "FROM runs WHERE experiment_id = ?"
            runs = connection.execute(f"SELECT run_uuid, status, lifecycle_stage {where}", (experiment,)).fetchall()
            tags: dict[str, dict[str, str]] = {run: {} for run, _, _ in runs}
            named = f"SELECT run_uuid, key, value FROM tags WHERE run_uuid IN (SELECT run_uuid {where})"
            for run, name, value in connection.execute(named, (experiment,)):
                tags[run][name] = value
        return [FoundRun(run, status, stage == "active", tags[run]) for run, status, stage in runs]

    def create(self, experiment: str, runs: Sequence[NewRun]) -> list[str]:
        """Raises:
        MlflowException: a name or a value that MLflow's calls refuse.
        """
        new = {uuid.uuid4().hex: run for run in accepted(runs)}
        with closing(connected(self.database)) as connection, connection:
            where = "SELECT artifact_location FROM experiments WHERE experiment_id = ?"
            (artifacts,) = connection.execute(where, (experiment,)).fetchone()
            for table, rows in self._rows(connection, int(experiment), str(artifacts), new).items():
                insert(connection, table, rows)
        return list(new)

    def _rows(
        self, connection: sqlite3.Connection, experiment: int, artifacts: str, new: Mapping[str, NewRun]
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of each table, in the order of the references between tables."""
        known = connection.execute(
            "SELECT name, digest, dataset_uuid FROM datasets WHERE experiment_id = ?", (experiment,)
        )
        datasets = {(name, digest): str(found) for name, digest, found in known}
        rows: dict[str, list[dict[str, Any]]] = {
            name: []
            for name in ("runs", "tags", "params", "metrics", "latest_metrics", "datasets", "inputs", "input_tags")
        }
        for key, run in new.items():
            rows["runs"].append(run_row(key, run, experiment, artifacts))
            tags = {**run.tags, "mlflow.runName": run.name}
            rows["tags"] += [{"key": name, "value": value, "run_uuid": key} for name, value in tags.items()]
            rows["params"] += [{"key": name, "value": value, "run_uuid": key} for name, value in run.parameters.items()]
            points = [metric_row(key, metric) for metric in run.metrics]
            rows["metrics"] += points
            rows["latest_metrics"] += latest(points)
            for given in run.datasets:
                data, made = given.dataset, uuid.uuid4().hex
                identity = (data.name, data.digest)
                if identity not in datasets:
                    datasets[identity] = uuid.uuid4().hex
                    rows["datasets"].append(
                        {
                            "dataset_uuid": datasets[identity],
                            "experiment_id": experiment,
                            "name": data.name,
                            "digest": data.digest,
                            "dataset_source_type": data.source_type,
                            "dataset_source": data.source,
                        }
                    )
                rows["inputs"].append(
                    {
                        "input_uuid": made,
                        "source_type": "DATASET",
                        "source_id": datasets[identity],
                        "destination_type": "RUN",
                        "destination_id": key,
                    }
                )
                rows["input_tags"] += [{"input_uuid": made, "name": tag.key, "value": tag.value} for tag in given.tags]
        return rows

    def tag(self, tags: Tags) -> None:
        """Raises:
        MlflowException: a name or a value that MLflow's calls refuse.
        """
        rows = [
            (name, _validate_tag(name, value).value, run)  # type: ignore[no-untyped-call]
            for run, values in tags.items()
            for name, value in values.items()
        ]
        with closing(connected(self.database)) as connection, connection:
            connection.executemany(
                "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?) "
                "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value",
                rows,
            )


def tracked(
    client: MlflowClient, experiments: Sequence[str], where: str = "", deleted: bool = False
) -> Iterator[TrackedRun]:
    """Yield all runs of some experiments, optionally with deleted ones."""
    kind = ViewType.ALL if deleted else ViewType.ACTIVE_ONLY
    token: str | None = ""
    while token is not None:
        page = client.search_runs(list(experiments), where, kind, max_results=1000, page_token=token or None)
        yield from page
        token = page.token


def log(client: MlflowClient, run: str, parameters: Mapping[str, str], metrics: Sequence[Metric]) -> None:
    client.log_batch(run, metrics[:BATCH], [Param(name, value) for name, value in parameters.items()])
    for start in range(BATCH, len(metrics), BATCH):
        client.log_batch(run, metrics[start : start + BATCH])


def accepted(runs: Sequence[NewRun]) -> list[NewRun]:
    """Return runs as MLflow's API accepts them: it truncates long values, depending on its settings.

    Each parameter, tag and name of a metric is validated only once, because most runs have the same.

    Raises:
        MlflowException: a name or a value that MLflow's calls refuse.
    """
    pairs = list({pair: None for run in runs for pair in run.parameters.items()})
    tags = {pair: None for run in runs for pair in run.tags.items()}
    metrics = list({metric.key: metric for run in runs for metric in run.metrics}.values())
    given = (metrics, [Param(*pair) for pair in pairs], [RunTag(*pair) for pair in tags])
    _, kept, kept_tags = _validate_batch_log_data(*given)  # type: ignore[no-untyped-call]
    value = {pair: parameter.value for pair, parameter in zip(pairs, kept, strict=True)}
    of_tag = {pair: tag.value for pair, tag in zip(tags, kept_tags, strict=True)}
    return [
        replace(
            run,
            parameters={pair[0]: value[pair] for pair in run.parameters.items()},
            tags={pair[0]: of_tag[pair] for pair in run.tags.items()},
        )
        for run in runs
    ]


def run_row(key: str, run: NewRun, experiment: int, artifacts: str) -> dict[str, Any]:
    return {
        "run_uuid": key,
        "name": run.name,
        "source_type": "UNKNOWN",
        "source_name": "",
        "entry_point_name": "",
        "user_id": "unknown",
        "status": "FINISHED",
        "start_time": run.moment,
        "end_time": run.moment,
        "source_version": "",
        "lifecycle_stage": "active",
        "artifact_uri": f"{artifacts}/{key}/{FILES}",
        "experiment_id": experiment,
    }


def metric_row(key: str, metric: Metric) -> dict[str, Any]:
    """Return the row of one point; values in records are finite."""
    return {
        "key": metric.key,
        "value": metric.value,
        "timestamp": metric.timestamp,
        "run_uuid": key,
        "step": metric.step,
        "is_nan": 0,
    }


def latest(points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the latest point of each metric: that with the last step, then the last time, then the highest value."""
    ordered = sorted(points, key=lambda row: (row["step"], row["timestamp"], row["value"]))
    return list({row["key"]: row for row in ordered}.values())


def insert(connection: sqlite3.Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows with the same columns; other columns get the defaults of the table."""
    if rows:
        columns = list(rows[0])
        named, places = ", ".join(columns), ", ".join("?" * len(columns))
        values = [tuple(row[column] for column in columns) for row in rows]
        connection.executemany(f"INSERT INTO {table} ({named}) VALUES ({places})", values)


def connected(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(database, timeout=WAIT)
    connection.execute("PRAGMA synchronous = OFF")  # as the connections of MLflow: see `store`
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def runs_of(client: MlflowClient, database: Path | None) -> Runs:
    """Return the fastest access to the runs of a store; print a note if its schema is not supported.

    Args:
        database: the file of a SQLite store that exists; None for a server.
    """
    if database is None or not database.exists():
        return ClientRuns(client)
    with closing(connected(database)) as connection:
        found = [version for (version,) in connection.execute("SELECT version_num FROM alembic_version")]
    if found == [SCHEMA]:
        return SqliteRuns(database)
    print(
        f"note: {database}: its schema is {', '.join(found)}, and only {SCHEMA} (MLflow 3.17) is written in bulk; "
        "the runs are written with MLflow's API, which is slower",
        file=sys.stderr,
        flush=True,
    )
    return ClientRuns(client)
