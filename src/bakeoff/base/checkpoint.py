"""Checkpoints: files with the last states of a training, from which it resumes. DVC does not track them."""

import copy
import hashlib
import io
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch

from bakeoff.base.disk import CHECKPOINTS, writing
from bakeoff.base.files import write_synced
from bakeoff.base.signals import HeldSignals

INTERVAL = 60.0  # seconds of work that a kill may cost


class Checkpoint:
    """The saved states of one training; a context in which SIGTERM and SIGINT are deferred until `settle` has saved.

    A state is a file that begins with the sha256 of the rest. It replaces the state before it atomically. That one is
    kept, and is used if the newest is damaged. The stage removes the states when its outputs are written, together with
    older ones of other settings or code.
    """

    def __init__(self, stage: str, digest: str, folder: Path = CHECKPOINTS) -> None:
        """Args:
        digest: sha256 of settings, inputs and code; states with another digest are ignored.
        """
        self.path = folder / stage / digest
        self.signals = HeldSignals()
        self.saved = time.monotonic()

    def run(self, name: str) -> "Checkpoint":
        """Return the checkpoint of one training of a stage with several, which share this context."""
        run = copy.copy(self)  # shares its signals: a signal during one training concerns all
        run.path, run.saved = self.path / name, time.monotonic()
        return run

    def __enter__(self) -> Self:
        self.signals.hold()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.signals.release()
        if kind is None:
            self.signals.deliver()

    @property
    def previous(self) -> Path:
        return self.path.with_name(self.path.name + ".previous")

    def load(self) -> bytes | None:
        """Return the last saved state, or the one before it if that is damaged; None if there is none."""
        for path in (self.path, self.previous):
            if path.exists():
                whole = path.read_bytes()
                digest, payload = whole[:32], whole[32:]
                if hashlib.sha256(payload).digest() == digest:
                    return payload
        return None

    def save(self, *parts: bytes | memoryview) -> None:
        """Save a state.

        Raises:
            BadInput: it cannot be written, for example because the disk is full; the earlier state stays.
        """
        digest = hashlib.sha256()
        for part in parts:
            digest.update(part)
        with writing(self.path):
            self.write(digest.digest(), *parts)
        self.saved = time.monotonic()

    def write(self, *parts: bytes | memoryview) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        written = self.path.with_name(self.path.name + ".partial")
        write_synced(written, lambda path: join(path, parts))
        if self.path.exists():
            self.path.replace(self.previous)
        written.replace(self.path)

    @property
    def due(self) -> bool:
        return self.signals.arrived is not None or time.monotonic() - self.saved >= INTERVAL

    def settle(self, *parts: bytes | memoryview) -> None:
        """Save a state, then raise the deferred signal, if there is one."""
        self.save(*parts)
        self.signals.deliver()

    def discard(self) -> None:
        """Remove the states."""
        for path in (self.path, self.previous):
            path.unlink(missing_ok=True)


def join(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write the parts into a file, one after the other."""
    with path.open("wb") as file:
        for part in parts:
            file.write(part)


def pack(state: Mapping[str, Any]) -> memoryview:
    """Return tensors and plain values as the bytes of a checkpoint."""
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    return buffer.getbuffer()


def unpack(packed: bytes) -> dict[str, Any]:
    """Return the state, on the CPU. No code is executed: a file that contains more than data is refused."""
    state: dict[str, Any] = torch.load(io.BytesIO(packed), map_location="cpu", weights_only=True)
    return state
