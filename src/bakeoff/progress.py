"""Progress of long work: a bar with the time left where a person watches, plain log lines where none does."""

import sys
import time
from types import TracebackType
from typing import Self, TextIO

SILENCE = 5.0  # seconds between two log lines


class Progress:
    """Counts steps towards a total. A context manager: the bar goes when the work ends."""

    def __init__(self, total: int, label: str, stream: TextIO | None = None) -> None:
        self.total, self.label, self.done, self.note = total, label, 0, ""
        self.stream = stream or sys.stdout
        self.started = self.spoke = time.monotonic()
        self.bar = Bar(total, label) if self.stream.isatty() else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar:
            self.bar.close()

    def advance(self, n: int = 1, note: str = "") -> None:
        """Say that n more steps are done; `note` is a word on how it goes (`val/loss 0.12`)."""
        self.done += n
        self.note = note or self.note
        if self.bar:
            self.bar.advance(n, self.note)
        elif time.monotonic() - self.spoke >= SILENCE or self.done >= self.total:
            self.spoke = time.monotonic()
            print(self.line(), file=self.stream, flush=True)

    def line(self) -> str:
        """`cnn-adam: 12/18 (67 %), 8 s gone, 4 s left; val/loss 0.12`."""
        gone = time.monotonic() - self.started
        left = gone / self.done * (self.total - self.done) if self.done else float("nan")
        time_left = f", {left:.0f} s left" if self.done < self.total else ""
        note = f"; {self.note}" if self.note else ""
        return (
            f"{self.label}: {self.done}/{self.total} ({self.done / self.total:.0%}), {gone:.0f} s gone{time_left}{note}"
        )


class Bar:
    """rich's bar: rich is imported only where a person watches."""

    def __init__(self, total: int, label: str) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, TextColumn("{task.fields[note]}"))
        self.task = self.progress.add_task(label, total=total, note="")
        self.progress.start()

    def advance(self, n: int, note: str) -> None:
        self.progress.update(self.task, advance=n, note=note)

    def close(self) -> None:
        self.progress.stop()
