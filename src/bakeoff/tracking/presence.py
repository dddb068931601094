"""Checks whether MLflow's store still contains the runs of the stage `track`, before an engine decides if it is stale.

DVC decides by files that are the same on every machine, so it cannot use the store. `track` therefore writes a list of
the runs, and the digest of the list into the store, for this clone and branch. The list is out of date if the digest is
not in the store: the store was deleted or replaced, another store is set, or another branch is checked out. If the list
is removed, DVC runs the stage.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from bakeoff.base import paths
from bakeoff.base.settings import BadInput
from bakeoff.tracking import owner
from bakeoff.tracking.location import WAIT, located
from bakeoff.tracking.owner import Owner

LISTED = Path(paths.TRACKED)


def tag(whose: Owner) -> str:
    """Return the name of the tag with the digest of the owner's tracked runs."""
    return f"bakeoff.tracked.{whose.digest}"


def digest(listed: bytes) -> str:
    return hashlib.sha256(listed).hexdigest()


def lost() -> bool:
    """Return whether the store lacks runs of the list of tracked runs. Servers are not checked."""
    database = located().database
    if database is None or not LISTED.exists():
        return False
    try:
        listed = LISTED.read_bytes()
        experiments = set(json.loads(listed)["experiments"])
    except FileNotFoundError:  # removed by another process meanwhile
        return False
    except (ValueError, KeyError, TypeError):  # another file; DVC detects that the stage did not write it
        return False
    return not database.exists() or not experiments <= holding(database, tag(owner.current()), digest(listed))


def holding(database: Path, name: str, value: str) -> set[str]:
    """Return the active experiments with a tag; none if the file is not a store.

    Raises:
        BadInput: another program keeps the store locked.
    """
    query = (
        "SELECT name FROM experiments JOIN experiment_tags USING (experiment_id) "
        "WHERE lifecycle_stage = 'active' AND key = ? AND value = ?"
    )
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=WAIT)) as connection:
            return {found for (found,) in connection.execute(query, (name, value))}
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise BadInput(f"{database}: is locked by another program; end it, or try again") from None
        return set()  # damaged, or not created yet: `track` reports it


def stale(outputs: Iterable[str]) -> bool:
    """Return whether a stage with these outputs must run because its runs are missing in the store."""
    return paths.TRACKED in outputs and lost()


def forget() -> str | None:
    """Remove the list if it is out of date; return a line that says so."""
    if not lost():
        return None
    LISTED.unlink(missing_ok=True)
    return f"note: {located().database} does not contain the runs of this clone and branch; `track` imports them"
