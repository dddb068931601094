"""SIGTERM and SIGINT: deferred while a state is saved, or turned into a clean exit."""

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class HeldSignals:
    """SIGTERM and SIGINT, deferred between `hold` and `release`.

    Attributes:
        arrived: the signal that was received in between.
    """

    def __init__(self, noted: Callable[[], None] = lambda: None) -> None:
        """Args:
        noted: called when a signal is received.
        """
        self.arrived: int | None = None
        self._noted = noted

    def hold(self) -> None:
        self._before = [signal.signal(number, self._note) for number in SIGNALS]

    def release(self) -> None:
        for number, handler in zip(SIGNALS, self._before, strict=True):
            signal.signal(number, handler)

    def deliver(self) -> None:
        """Raise the deferred signal, if there is one."""
        if self.arrived is not None:
            self.release()
            signal.raise_signal(self.arrived)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.arrived = number
        self._noted()


def exit_on_sigterm() -> None:
    """On SIGTERM, exit through every `finally`, with the exit status that a shell gives to that signal."""
    signal.signal(signal.SIGTERM, _exit)


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # it may be sent twice: by an engine, and by parent_watch
    sys.exit(128 + number)
