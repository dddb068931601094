"""Lets DVC replace one stage's lines in dvc.lock, instead of writing the whole file after every stage.

The result has the bytes that DVC writes. If this is not certain, DVC's own function is used: if there is no lock yet,
or if it has comments, anchors or another layout than DVC's.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dvc.dvcfile import Lockfile
from dvc.dvcfile import logger as dvc_logger
from dvc.stage import serialize
from dvc.utils.serialize import _common, _yaml, dumps_yaml

from bakeoff.harness import lock_parser, lockfile

HEAD = "schema: '2.0'\nstages:\n"
ENTRY = re.compile(r"^  [^\s?].*:\n(?:    .*\n|\n)*", re.MULTILINE)  # the stage's name, and all deeper lines

# sha256 of the last dvc.lock that was found to have the layout that DVC gives it.
CHECKED = Path(".bakeoff/checked_lock")

in_dvc = Lockfile.dump_stages


def dump_stages(self: Any, stages: Iterable[Any], **options: Any) -> None:
    """Record stages in dvc.lock, as `dvc.dvcfile.Lockfile.dump_stages` does."""
    stages = list(stages)  # an iterator could not be given to DVC's function as well
    path = Path(self.path)
    checked = Path(self.repo.root_dir) / CHECKED
    try:
        old = path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        old = ""  # DVC's function begins the one, and refuses the other
    entries = [serialize.to_lockfile(stage, **options) for stage in stages]
    new = replaced(old, entries) if entries and laid_out(old, self.path, checked) else None
    if new is None:
        in_dvc(self, stages, **options)
        return
    if modified := changed(old, entries):
        dvc_logger.info("Updating lock file '%s'", self.relpath)
    _common._dump_data(self.path, new, lambda text, file: file.write(text), fs=self.repo.fs)
    note(checked, new)
    if modified:
        self.repo.scm_context.track_file(self.relpath)


def replaced(text: str, entries: Iterable[dict[str, Any]]) -> str | None:
    """Return the text of dvc.lock with these entries instead of the old ones, or at the end.

    Returns:
        None for an entry that cannot be written separately.
    """
    for entry in entries:
        lines = block(entry)
        if lines is None:
            return None
        old = find(text, lines)
        text = text + lines if old is None else text[: old.start()] + lines + text[old.end() :]
    return text


def block(entry: dict[str, Any]) -> str | None:
    """Return the lines of an entry; None if they depend on the rest of the file, or would be parsed differently."""
    text: str = dumps_yaml({"stages": entry})
    head, _, lines = text.partition("\n")
    if head != "stages:" or ENTRY.fullmatch(lines) is None or not stable(text):
        return None
    return lines


def stable(text: str, path: str = "dvc.lock") -> bool:
    """Return whether DVC, which reads the file before it changes an entry, would write all others unchanged."""
    return lock_parser.KEPT_IN_PYTHON.isdisjoint(text) and dumps_yaml(lock_parser.parse(text, path)) == text


def find(text: str, lines: str) -> re.Match[str] | None:
    """Return the position of the entry of the same stage."""
    head = lines[: lines.index("\n") + 1]
    return next((match for match in ENTRY.finditer(text, len(HEAD)) if match[0].startswith(head)), None)


def changed(text: str, entries: Iterable[dict[str, Any]]) -> bool:
    """Return whether DVC considers any entry modified; equal values may have different spellings."""
    for entry in entries:
        old = find(text, block(entry) or "\n")
        before = _yaml.parse_yaml_for_update(old[0], "dvc.lock") if old else {}
        if before != entry:
            return True
    return False


def laid_out(text: str, path: str, checked: Path) -> bool:
    """Return whether a dvc.lock is as DVC would write it. This takes as long as writing it, so the result is cached."""
    if not text.startswith(HEAD) or "".join(ENTRY.findall(text, len(HEAD))) != text[len(HEAD) :]:
        return False
    if checked.is_file() and checked.read_text(encoding="utf-8") == digest(text):
        return True
    if not stable(text, path):
        return False
    note(checked, text)
    return True


def note(checked: Path, text: str) -> None:
    checked.parent.mkdir(exist_ok=True)
    lockfile.replace(checked, digest(text))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def install() -> None:
    """Replace DVC's function by `dump_stages`; DVC looks it up at each call."""
    Lockfile.dump_stages = dump_stages
