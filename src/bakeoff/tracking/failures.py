"""Errors of a store as one line with the remedy, from the errors of SQLite, a server or MLflow."""

import re
from collections.abc import Mapping
from pathlib import Path

import mlflow
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from mlflow.store.db.utils import _get_alembic_config

from bakeoff.report.escaping import visible

REASON = 200  # characters quoted
AGAIN = "then run `bakeoff track`: it imports what is missing, because the records contain everything"
ANOTHER = "set another store in MLFLOW_TRACKING_URI"

# Messages of SQLite, and their meaning.
DATABASE: Mapping[str, str] = {
    r"disk is full|No space left|quota exceeded": f"its disk is full; free some space, {AGAIN}",
    r"is locked": f"another program is writing to it; wait for it or end it (`fuser -v FILE` names it), {AGAIN}",
    r"not a database|malformed|disk image": (
        "this is not a SQLite database, or it is damaged; put back a copy of yours, or move it away: `bakeoff track` "
        "makes a new one from the records, without runs and notes of your own"
    ),
    r"readonly|read-only|Permission denied|unable to open": (
        f"it can't be opened for writing; make it a file that you may write, in such a folder, or {ANOTHER}"
    ),
    r"I/O error": f"its disk fails to read or write; check the disk, {AGAIN}",
}
SCHEMA = r"database schema \(found version (\w+)"

# Messages of a server or of the network.
SERVER: Mapping[str, str] = {
    r"error code 40[13]": (
        "the server refuses the request; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
        "MLFLOW_TRACKING_TOKEN, to those of an account that may write"
    ),
    r"valid JSON|error code 404|error code 405": "what answers there is not an MLflow server; check the address",
    r"timed out|Timeout": "the server does not answer in time; start it again, or unset the variable",
    r"refused|resol|unreachable|Max retries|Connection": (
        "the server can't be reached; start that server, or unset the variable"
    ),
    r"SSL|certificate": "its certificate is not trusted here; set REQUESTS_CA_BUNDLE to that of its authority",
    r"maintenance mode": "MLflow keeps no new runs in plain files; use sqlite:///PATH.db, or unset the variable",
    r"unsupported URI|scheme": "MLflow knows no such kind of store; use sqlite:///PATH.db or a server's http address",
}


def explained(error: BaseException, uri: str, database: Path | None) -> str:
    """Return one line with the store, the error and the remedy.

    Args:
        database: the file of a SQLite store; None for another store.
    """
    said = " ".join(masked(str(error)).split())
    name = str(database) if database else f"MLFLOW_TRACKING_URI is {masked(uri)}"
    if isinstance(error, ModuleNotFoundError):
        return f"{name}: this kind of store needs the Python package '{error.name}'; install it, or unset the variable"
    if found := re.search(SCHEMA, said):
        return f"{name}: {schema(found[1], masked(uri))}"
    known = DATABASE if database else SERVER
    meaning = next((told for pattern, told in known.items() if re.search(pattern, said, re.IGNORECASE)), None)
    if meaning is None:
        return f"{name}: MLflow can't work with it: {visible(said, REASON)}"
    return f"{name}: {meaning.replace('FILE', str(database))} ({visible(said, REASON)})"


def schema(version: str, uri: str) -> str:
    """Return the error of a database of an older or a newer MLflow than the installed one, with the remedy."""
    try:
        ScriptDirectory.from_config(_get_alembic_config("")).get_revision(version)  # type: ignore[no-untyped-call]
    except CommandError:
        return (
            f"a newer MLflow than {mlflow.__version__} has written it (schema {version}, unknown here); use that "
            f"version of MLflow, or {ANOTHER}"
        )
    return f"an older MLflow has written it (schema {version}); make a copy of it, then run `mlflow db upgrade {uri}`"


def masked(text: str) -> str:
    """Return the text without user names and passwords in addresses."""
    return re.sub(r"://[^/@\s'\"]*@", "://***@", text)
