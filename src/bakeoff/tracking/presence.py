"""Whether MLflow's store still holds what the stage `track` brought in, asked before an engine judges that stage.

DVC judges by files that come out the same on every machine: those of the store are not among them. So `track` writes a
list of what it brought in, and the same list's digest into the store, for this clone on this branch. The list is no
longer true where the store lacks the digest: it was deleted or put back, another one is named, or another branch is
checked out. Without the list, DVC runs the stage.
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
    """Return the name of the experiments' tag with the digest of what their owner has brought in."""
    return f"bakeoff.tracked.{whose.digest}"


def digest(listed: bytes) -> str:
    return hashlib.sha256(listed).hexdigest()


def lost() -> bool:
    """Return whether the store lacks runs that the list of tracked runs names. A server is not asked."""
    database = located().database
    if database is None or not LISTED.exists():
        return False
    try:
        listed = LISTED.read_bytes()
        experiments = set(json.loads(listed)["experiments"])
    except FileNotFoundError:  # removed by another process meanwhile
        return False
    except (ValueError, KeyError, TypeError):  # another file; DVC sees that it is not what the stage wrote
        return False
    return not database.exists() or not experiments <= holding(database, tag(owner.current()), digest(listed))


def holding(database: Path, name: str, value: str) -> set[str]:
    """Return the experiments that have a tag, without those that are deleted; none where the file is no store.

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
        return set()  # damaged, or not yet made: `track` says what to do


def stale(outputs: Iterable[str]) -> bool:
    """Return whether a stage with these outputs has to run, because the store lost its runs."""
    return paths.TRACKED in outputs and lost()


def forget() -> str | None:
    """Remove the list if it is no longer true; return a line that says so."""
    if not lost():
        return None
    LISTED.unlink(missing_ok=True)
    return f"note: {located().database} does not hold the runs of this clone and branch; `track` brings them in"
