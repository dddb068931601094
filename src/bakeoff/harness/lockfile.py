"""Keeps a whole copy of dvc.lock, and puts it back where DVC was killed while it wrote the file.

DVC truncates dvc.lock and writes it anew after every stage, which takes seconds where the graph is large. A kill in
that time leaves a file that ends early, often one of 0 bytes, and DVC then refuses every command. The copy lacks at
most the entries of the stages that ended last. DVC's run cache restores these: no stage runs again whose outputs are in
DVC's cache.
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
    """Whether the text does not end early: DVC writes it from first to last, so the end tells.

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
    """How many stages the text names."""
    return len(STAGE.findall(text))


def cut(text: str, fewest: int = 0) -> bool:
    """Whether DVC was killed while it wrote the text. A file with a merge's conflict markers is the user's to mend.

    Args:
        fewest: how many entries the text held before, where that is known.
    """
    if CONFLICT.search(text):
        return False
    return not whole(text) or entries(text) < fewest


def version() -> tuple[int, int]:
    """The time and the size that dvc.lock was last written with."""
    try:
        status = LOCK.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


def keep(fewest: int = 0) -> int:
    """Copy dvc.lock if it is whole and has as many entries as before. Return how many the copy has."""
    text = _read(LOCK)
    if cut(text, fewest):
        return fewest
    if _read(COPY) != text:
        COPY.parent.mkdir(parents=True, exist_ok=True)
        replace(COPY, text)
    return entries(text)


def heal(fewest: int = 0) -> Iterator[str]:
    """Mend what a killed DVC left: a dvc.lock that ends early, and a list of readers and writers who are gone.

    Args:
        fewest: how many entries dvc.lock held before, where that is known.

    Yields:
        one line for what was mended.
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
    """Return what is wrong with dvc.lock, or with DVC's list of readers and writers, and the way out.

    DVC writes both in place. What seems to be cut is therefore read again under DVC's own lock, once no DVC writes it.
    """
    text = _read(LOCK)
    if found := CONFLICT.search(text):
        line = text.count("\n", 0, found.start()) + 1
        return (
            f"{LOCK}: line {line} is a conflict marker of a merge; take one side whole, and run what it lacks: "
            f"git checkout --theirs {LOCK} && make repro"
        )
    if _is_cut(LOCK, DVC_LOCK):
        return f"{LOCK}: ends early or is not what DVC writes; `bakeoff tidy` mends it, or: git checkout {LOCK}"
    if _is_cut(RWLOCK, RWLOCK.with_name("rwlock.lock")):
        return f"{RWLOCK}: is cut, as a killed DVC leaves it; `bakeoff tidy` mends it, or: rm {RWLOCK}"
    return None


def _is_cut(path: Path, lock: Path) -> bool:
    """Whether one of DVC's files ends early, also while nobody writes it."""

    def looks_cut() -> bool:
        return path.exists() and (cut(_read(path)) if path == LOCK else _listed(_read(path).encode()) is None)

    if not looks_cut():
        return False
    with _held(lock):
        return looks_cut()


def replace(path: Path, text: str) -> None:
    files.replace(path, lambda written: written.write_text(text, encoding="utf-8"))


def _restore() -> str:
    """Put the copy back; without one, what git has committed; without that, start with no lock."""
    committed = subprocess.run(["git", "show", f"HEAD:./{LOCK}"], capture_output=True)
    sources = {
        "put back as it was before the last stage": _read(COPY),
        "put back as committed": committed.stdout.decode(errors="replace") if committed.returncode == 0 else "",
    }
    for what, text in sources.items():
        if text and not cut(text):
            replace(LOCK, text)
            return f"{LOCK}: ended early, for DVC was killed while it wrote it; {what}"
    LOCK.unlink()
    return f"{LOCK}: ended early, for DVC was killed while it wrote it; removed, and the next run writes it anew"


def _read(path: Path) -> str:
    """The text of a file; an empty one where it is missing, or holds bytes that DVC never writes."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold one of DVC's locks as DVC does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _in_use(rwlock: bytes) -> bool:
    """Whether any process that DVC's list names is a living engine. A list that ends early names none."""
    return any(_runs_engine(pid) for pid in _listed(rwlock) or ())


def _listed(rwlock: bytes) -> set[int] | None:
    """Return the processes in DVC's list of readers and writers; None where the list is cut or is not DVC's."""
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
    """Whether a process is DVC or Snakemake, alive."""
    try:
        words = process.cmdline()[:3]
    except psutil.Error:
        return False
    return any(Path(word).name in ENGINES for word in words)
