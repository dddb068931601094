"""Keeps a complete copy of dvc.lock, and restores it if DVC was killed while it wrote the file.

DVC truncates and rewrites dvc.lock after every stage, which takes seconds for a large graph. A kill during that time
leaves a truncated file, often of 0 bytes, and DVC then refuses every command. The copy lacks at most the entries of the
last stages. DVC's run cache restores these: a stage whose outputs are in DVC's cache does not run again.
"""

import fcntl
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bakeoff.base import files

LOCK = Path("dvc.lock")
COPY = Path(".bakeoff/dvc.lock")
DVC_LOCK = Path(".dvc/tmp/lock")  # held with flock by DVC while it reads and writes dvc.lock
RWLOCK = Path(".dvc/tmp/rwlock")  # which DVC process reads and writes which files

ENGINES = ("dvc", "snakemake", "bakeoff.harness.engine")  # words of their command lines

STAGE = re.compile(r"^  [^\s#-].*:\n", re.MULTILINE)  # the line that begins an entry
ITEM = re.compile(r"^    - path: ", re.MULTILINE)
CONFLICT = re.compile(r"^(<<<<<<<|=======|>>>>>>>)", re.MULTILINE)


def whole(text: str) -> bool:
    """Return whether the text is complete. DVC writes it from beginning to end, so it is enough to check the end.

    The end is the last output of the last entry. An output ends with its size, or for a folder the number of files.
    """
    if not text.endswith("\n") or not text.startswith("schema:"):
        return False
    last = text[[match.start() for match in STAGE.finditer(text)][-1] :] if STAGE.search(text) else ""
    outputs = last.partition("    outs:\n")[2]
    item = outputs[[match.start() for match in ITEM.finditer(outputs)][-1] :] if ITEM.search(outputs) else ""
    ends = r"^      nfiles: \d+$" if re.search(r"^      md5: \w+\.dir$", item, re.MULTILINE) else r"^      size: \d+$"
    return re.search(ends, item, re.MULTILINE) is not None


def entries(text: str) -> int:
    """Return the number of stages in the text."""
    return len(STAGE.findall(text))


def cut(text: str, fewest: int = 0) -> bool:
    """Return whether the text is truncated. A file with conflict markers of a merge is left to the user.

    Args:
        fewest: the number of entries before, if known.
    """
    if CONFLICT.search(text):
        return False
    return not whole(text) or entries(text) < fewest


def version() -> tuple[int, int]:
    """Return the modification time and the size of dvc.lock."""
    try:
        status = LOCK.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


def keep(fewest: int = 0) -> int:
    """Copy dvc.lock if it is complete and has no fewer entries than before. Return the copy's number of entries."""
    text = _read(LOCK)
    if cut(text, fewest):
        return fewest
    if _read(COPY) != text:
        COPY.parent.mkdir(parents=True, exist_ok=True)
        replace(COPY, text)
    return entries(text)


def heal(fewest: int = 0) -> Iterator[str]:
    """Repair the files of a killed DVC: a truncated dvc.lock, and a list of readers and writers that have ended.

    Args:
        fewest: the number of entries of dvc.lock before, if known.

    Yields:
        one line for each file that was repaired.
    """
    if LOCK.exists() and cut(_read(LOCK), fewest):
        with _held(DVC_LOCK):  # a living DVC may be writing: wait until it is done
            if cut(_read(LOCK), fewest):
                yield _restore()
    if RWLOCK.exists() and not _in_use(RWLOCK.read_bytes()):
        with _held(RWLOCK.with_name("rwlock.lock")):
            if RWLOCK.exists() and not _in_use(RWLOCK.read_bytes()):
                RWLOCK.unlink()


def fault() -> str | None:
    """Return the error in dvc.lock or in DVC's list of readers and writers, with the remedy.

    DVC writes both in place. A file that seems to be truncated is therefore read again under DVC's own lock.
    """
    text = _read(LOCK)
    if found := CONFLICT.search(text):
        line = text.count("\n", 0, found.start()) + 1
        return (
            f"{LOCK}: line {line} is a conflict marker of a merge; take one side, and run the stages that "
            f"it lacks: git checkout --theirs {LOCK} && make repro"
        )
    if _is_cut(LOCK, DVC_LOCK):
        return f"{LOCK}: is truncated or was not written by DVC; `bakeoff tidy` repairs it, or: git checkout {LOCK}"
    if _is_cut(RWLOCK, RWLOCK.with_name("rwlock.lock")):
        return f"{RWLOCK}: is truncated, because DVC was killed; `bakeoff tidy` repairs it, or: rm {RWLOCK}"
    return None


def _is_cut(path: Path, lock: Path) -> bool:
    """Return whether one of DVC's files is truncated, although no process writes it."""

    def looks_cut() -> bool:
        return path.exists() and (cut(_read(path)) if path == LOCK else _listed(_read(path).encode()) is None)

    if not looks_cut():
        return False
    with _held(lock):
        return looks_cut()


def replace(path: Path, text: str) -> None:
    files.replace(path, lambda written: written.write_text(text, encoding="utf-8"))


def _restore() -> str:
    """Restore the copy; without a copy, the committed file; without that, remove the lock."""
    committed = subprocess.run(["git", "show", f"HEAD:./{LOCK}"], capture_output=True)
    sources = {
        "restored as it was before the last stage": _read(COPY),
        "put back as committed": committed.stdout.decode(errors="replace") if committed.returncode == 0 else "",
    }
    for what, text in sources.items():
        if text and not cut(text):
            replace(LOCK, text)
            return f"{LOCK}: was truncated, because DVC was killed while it wrote it; {what}"
    LOCK.unlink()
    return f"{LOCK}: was truncated, because DVC was killed while it wrote it; removed, and the next run writes it again"


def _read(path: Path) -> str:
    """Return the text of a file; an empty one if it is missing, or contains bytes that DVC never writes."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Acquire one of DVC's locks like DVC."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _in_use(rwlock: bytes) -> bool:
    """Return whether a process in DVC's list is a running engine. A truncated list has none."""
    return any(_runs_engine(pid) for pid in _listed(rwlock) or ())


def _listed(rwlock: bytes) -> set[int] | None:
    """Return the processes in DVC's list of readers and writers; None if the list is truncated or not DVC's."""
    try:
        listed: dict[str, Any] = json.loads(rwlock)
        readers = [info for infos in listed.get("read", {}).values() for info in infos]
        return {int(info["pid"]) for info in (*readers, *listed.get("write", {}).values())}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _runs_engine(pid: int) -> bool:
    try:
        return is_engine(psutil.Process(pid))
    except psutil.Error:
        return False


def is_engine(process: psutil.Process) -> bool:
    """Return whether a process is a running DVC or Snakemake."""
    try:
        words = process.cmdline()[:3]
    except psutil.Error:
        return False
    return any(Path(word).name in ENGINES for word in words)
