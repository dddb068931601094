"""Progress of long work: a bar with the time left in a terminal, plain log lines elsewhere."""

import sys
import time
from types import TracebackType
from typing import Literal, Self, TextIO

Unit = Literal["steps", "bytes"]
SILENCE = 5.0  # seconds between two log lines


class Progress:
    """Counts steps or bytes towards a total. A context manager, which removes the bar when the work ends."""

    def __init__(self, total: int, label: str, stream: TextIO | None = None, unit: Unit = "steps") -> None:
        self.total, self.label, self.unit, self.done, self.note = total, label, unit, 0, ""
        self.stream = stream or sys.stdout
        self.started = self.spoke = time.monotonic()
        self.bar = Bar(total, label, unit) if self.stream.isatty() else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar:
            self.bar.close()

    def advance(self, n: int = 1, note: str = "") -> None:
        """Add n finished steps; `note` is shown beside the count (`val/loss 0.12`)."""
        self.done += n
        self.note = note or self.note
        if self.bar:
            self.bar.advance(n, self.note)
        elif time.monotonic() - self.spoke >= SILENCE or self.done - n < self.total <= self.done:
            self.spoke = time.monotonic()
            print(self.line(), file=self.stream, flush=True)

    def line(self) -> str:
        """Return `cnn-adam: 12/18 (67%), 8 s gone, 4 s left; val/loss 0.12`."""
        gone = time.monotonic() - self.started
        left = gone / self.done * (self.total - self.done) if self.done else float("nan")
        time_left = f", {left:.0f} s left" if self.done < self.total else ""
        note = f"; {self.note}" if self.note else ""
        share = self.done / self.total if self.total else 1.0
        return f"{self.label}: {self.counted()} ({share:.0%}), {gone:.0f} s gone{time_left}{note}"

    def counted(self) -> str:
        """Return `12/18`, `1.2/3.4 MB` or `1.2/3.4 kB`."""
        if self.unit == "steps":
            return f"{self.done}/{self.total}"
        size, name = (1e6, "MB") if self.total >= 1e6 else (1e3, "kB")
        return f"{self.done / size:.1f}/{self.total / size:.1f} {name}"


class Bar:
    """Return rich's bar. rich is imported only for a terminal."""

    def __init__(self, total: int, label: str, unit: Unit) -> None:
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        counted = MofNCompleteColumn() if unit == "steps" else DownloadColumn()
        columns = (TextColumn("{task.description}"), BarColumn(), counted, TimeRemainingColumn())
        self.progress = Progress(*columns, TextColumn("{task.fields[note]}"))
        self.task = self.progress.add_task(label, total=total, note="")
        self.progress.start()

    def advance(self, n: int, note: str) -> None:
        self.progress.update(self.task, advance=n, note=note)

    def close(self) -> None:
        self.progress.stop()
