"""How addresses and the words of servers stand in messages and records: without secrets, on one line, cut."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bakeoff.base.quoting import cut, one_line

HIDDEN = "***"
LONGEST = 120  # characters of a server's message

# In a text, after a scheme: a name and a password, then host and path, then a query and a fragment. The scheme itself
# is not matched: to look for one from each letter on takes the square of the length of a text without blanks.
ADDRESS = re.compile(r"(?<=[A-Za-z0-9+.-]://)[^\s'\"<>]*")


def redacted(text: str) -> str:
    """Return a text in which names, passwords and the values of queries of all addresses are replaced by ***."""
    return ADDRESS.sub(lambda found: hide(found[0]), text)


def hide(address: str) -> str:
    """Return an address without its scheme as `redacted` shows it; a fragment is left out, for no server sees it.

    A path may hold another address, as a proxy's or an archive's does.
    """
    before, mark, query = address.partition("#")[0].partition("?")
    host, slash, path = before.partition("/")
    _, at, host = host.rpartition("@")
    shown = (f"{HIDDEN}@" if at else "") + host + slash + redacted(path)
    names = [part.partition("=") for part in query.split("&")] if mark else []
    return shown + mark + "&".join(f"{name}={HIDDEN}" if equals else HIDDEN for name, equals, _ in names)


def redacted_values(value: Any) -> Any:
    """Return settings as they are recorded, with every text in them redacted."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {key: redacted_values(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [redacted_values(one) for one in value]
    return value


def said(words: object) -> str:
    """Return what a server, a library or a user says, as a message may quote it: without secrets, and cut."""
    return cut(one_line(" ".join(redacted(str(words)).split())), LONGEST)
