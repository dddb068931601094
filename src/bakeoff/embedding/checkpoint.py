"""A training that was stopped goes on where it was: its last state as a file, which no engine knows of."""

import hashlib
import os
import shutil
import signal
import time
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

CHECKPOINTS = Path(".checkpoints")
INTERVAL = 60.0  # seconds of work that a kill may cost
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Checkpoint:
    """The file of one training; a context in which SIGTERM and SIGINT wait until `settle` has saved.

    The file holds the sha256 of what follows, and replaces the one before it at once and whole. It goes when the
    context ends well, and older ones of the stage, of other settings or code, with it.
    """

    def __init__(self, stage: str, recipe: str, folder: Path = CHECKPOINTS) -> None:
        """Args:
        recipe: sha256 of settings, inputs and code: what another recipe left is none of ours.
        """
        self.path = folder / stage / recipe
        self.saved = time.monotonic()
        self.arrived: int | None = None

    def __enter__(self) -> Self:
        self.before = [signal.signal(number, self._wait) for number in SIGNALS]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()
        if kind is None:
            shutil.rmtree(self.path.parent, ignore_errors=True)
            if self.arrived:
                signal.raise_signal(self.arrived)

    def load(self) -> bytes | None:
        """What was saved last; None if nothing was, or if the bytes are not those that were written."""
        if not self.path.exists():
            return None
        whole = self.path.read_bytes()
        digest, payload = whole[:32], whole[32:]
        return payload if hashlib.sha256(payload).digest() == digest else None

    def save(self, *parts: bytes | memoryview) -> None:
        digest = hashlib.sha256()
        for part in parts:
            digest.update(part)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        written = self.path.with_suffix(".partial")
        with written.open("wb") as file:
            for part in (digest.digest(), *parts):
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        written.replace(self.path)
        self.saved = time.monotonic()

    @property
    def due(self) -> bool:
        return self.arrived is not None or time.monotonic() - self.saved >= INTERVAL

    def settle(self, *parts: bytes | memoryview) -> None:
        """Save; then let a signal that has arrived do what it was sent for."""
        self.save(*parts)
        if self.arrived:
            self._restore()
            signal.raise_signal(self.arrived)

    def _wait(self, number: int, _frame: FrameType | None) -> None:
        self.arrived = number

    def _restore(self) -> None:
        for number, handler in zip(SIGNALS, self.before, strict=True):
            signal.signal(number, handler)
