"""Exclusive access to the store of MLflow's runs."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from bakeoff.base.settings import BadInput
from bakeoff.tracking.failures import explained, masked
from bakeoff.tracking.location import WAIT, Store

PATIENCE = 300.0  # seconds to wait for another process that tracks

# Columns with absolute paths in MLflow's tables, which change if the project's folder is moved or copied.
PLACES = {
    "experiments": ["artifact_location"],
    "runs": ["artifact_uri"],
    "logged_models": ["artifact_location"],
    "model_versions": ["source", "storage_location"],
}
ROOT_TAG = "bakeoff.root"


@contextmanager
def opened(store: Store) -> Iterator[MlflowClient]:
    """Yield a client with exclusive access: other processes of this project wait for a lock, also to create a store.

    Raises:
        BadInput: the store does not answer, at the start or later.
    """
    database = store.database
    if database and not database.parent.is_dir():
        raise BadInput(
            f"MLFLOW_TRACKING_URI is {masked(store.uri)}: there is no folder {database.parent}; create it first"
        )
    lock = database.with_name(database.name + ".lock") if database else Path(".bakeoff/track.lock")
    if lock.is_dir():
        raise BadInput(f"{lock}: is a folder, and should be a file; remove it")
    try:
        lock.parent.mkdir(exist_ok=True)
        with lock.open("w") as held:
            queue(held, lock)
            if database and database.exists():
                whole(database)
                follow(database)
            with addressed(store.uri):
                yield MlflowClient(store.uri)
    except FileNotFoundError:  # not an error of the store: a record or a file of weights is missing
        raise
    except (MlflowException, sqlite3.Error, SQLAlchemyError, ModuleNotFoundError, OSError) as error:
        raise BadInput(explained(error, store.uri, database)) from error


def queue(held: IO[str], lock: Path) -> None:
    """Wait for the lock for a limited time: its holder may be stopped, or may wait for a server.

    Raises:
        BadInput: another process holds it for too long.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise BadInput(
                    f"{lock}: another process has been tracking for {PATIENCE / 60:.0f} minutes; `fuser -v {lock}` "
                    "names it; end it, then run `bakeoff track`"
                ) from None
            time.sleep(0.05)


@contextmanager
def addressed(uri: str) -> Iterator[None]:
    """Set MLflow's global address until the block ends; its own default fails in a folder with a space in its name.

    MLflow also sets the environment variable by which the user names a store, so that is restored.
    """
    before = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)  # type: ignore[arg-type]  # None: nothing named


def experiment(client: MlflowClient, store: Store, name: str) -> str:
    """Return the id of an experiment; create it if it is new, and restore it if it was deleted."""
    found = client.get_experiment_by_name(name)
    if found is None:
        # Without a kind, MLflow opens its pages for language models first.
        tags = {"mlflow.experimentKind": "custom_model_development"} | ({ROOT_TAG: store.root} if store.root else {})
        try:
            made: str = client.create_experiment(name, store.artifacts(name), tags)
            return made
        except MlflowException as error:
            # On a server, another clone may have been faster.
            if error.error_code != "RESOURCE_ALREADY_EXISTS" or (found := client.get_experiment_by_name(name)) is None:
                raise
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    identifier: str = found.experiment_id
    return identifier


def whole(database: Path) -> None:
    """Check that a database is complete.

    Raises:
        sqlite3.Error: the file is empty or truncated, for which MLflow would print a traceback.
    """
    with closing(sqlite3.connect(database)) as connection:
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise sqlite3.DatabaseError("it is empty")


def follow(database: Path) -> None:
    """Correct the paths of artifacts in the store, if the project's folder was moved or copied."""
    here = str(database.parent)
    with closing(sqlite3.connect(database, timeout=WAIT)) as connection, connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiment_tags'").fetchone():
            return
        rows = connection.execute("SELECT DISTINCT value FROM experiment_tags WHERE key = ?", (ROOT_TAG,)).fetchall()
        for (root,) in rows:
            if root == here:
                continue
            for table, columns in PLACES.items():
                for column in columns:
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                        (here, len(root) + 1, len(root) + 1, root + "/"),
                    )
            connection.execute("UPDATE experiment_tags SET value = ? WHERE key = ?", (here, ROOT_TAG))


@event.listens_for(Engine, "connect")
def _hurry(connection: Any, _: Any) -> None:
    """Do not wait for the disk after each small write: after a power cut, the records are imported again.

    A write-ahead log would be faster, but is unsafe on network file systems of clusters.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")
