"""Lines of a pipe as they come, in memory that does not grow, until the pipe or a signal ends them."""

import codecs
import os
from collections.abc import Iterator
from typing import Self

from bakeoff.base.settings import BadInput
from bakeoff.base.signals import HeldSignals

BLOCK = 1 << 16  # maximum bytes per read; a pipe returns what is available
LONGEST = 1 << 20  # bytes of a line
WIDE = ("utf-16", "utf-32", "utf16", "utf32", "u16", "u32")


class Stopped(Exception):
    """A signal was received while there was no input."""


class Lines:
    """An iterator over the lines of a file descriptor, and a context in which signals end it between two lines.

    Attributes:
        signals: those that have arrived.
        number: of the line that came last, from 1.
    """

    def __init__(self, source: int, name: str, encoding: str | None) -> None:
        """Args:
        encoding: of the table; lines are UTF-8 where that is None, where they begin with the mark of UTF-8, and
            where an end of line cannot be told from other bytes in the table's encoding (UTF-16 and UTF-32).
        """
        wide = encoding is None or encoding.lower().replace("_", "-").startswith(WIDE)
        self.source, self.name, self.encoding = source, name, "utf-8" if encoding is None or wide else encoding
        self.whole: list[bytes] = []  # lines that are there, the next one last
        self.rest = b""  # the beginning of the one after them
        self.ended = self.waiting = False
        self.signals = HeldSignals(self._stop)
        self.number = 0

    def __enter__(self) -> Self:
        self.signals.hold()
        return self

    def __exit__(self, *_: object) -> None:
        self.signals.release()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """Return the next line.

        Raises:
            BadInput: the line is no text of the encoding, or has no end.
            Stopped: by a signal.
        """
        while not self.whole:
            if self.ended:
                raise StopIteration
            self._read()
        line = self.whole.pop()
        self.number += 1
        if self.number == 1 and line.startswith(codecs.BOM_UTF8):
            self.encoding = "utf-8"
        try:
            text = line.decode(self.encoding)
        except UnicodeDecodeError as error:
            byte = line[error.start]
            raise self.refused(f"{byte:#04x} is not {self.encoding}; send {self.encoding}") from None
        return text.removeprefix("\ufeff") if self.number == 1 else text

    @property
    def ready(self) -> bool:
        """Return whether a line is available, and no signal was received."""
        return bool(self.whole) and self.signals.arrived is None

    def refused(self, problem: str) -> BadInput:
        return BadInput(f"{self.name}: line {self.number}: {problem}")

    def _read(self) -> None:
        self.waiting = True
        if self.signals.arrived is not None:
            raise Stopped
        block = os.read(self.source, BLOCK)
        self.waiting = False
        *whole, self.rest = (self.rest + block).split(b"\n")
        self.whole = [line + b"\n" for line in reversed(whole)]
        if not block:
            self.ended = True
            self.whole, self.rest = [self.rest] if self.rest else [], b""
        if len(self.rest) > LONGEST:
            self.number += 1
            raise self.refused(f"has no end within {LONGEST:,} bytes; a stream is text, a row a line")

    def _stop(self) -> None:
        if self.waiting:
            raise Stopped
