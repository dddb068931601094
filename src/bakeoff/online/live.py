"""A learner that meets a stream without an end: rows come in by a pipe, predictions go out, answers are learnt from.

What it is at the moment lies in a file, replaced whole and at intervals; whatever ends the program, it goes on from
there.
"""

import csv
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TextIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bakeoff.base import paths, settings
from bakeoff.base.settings import BadInput, hint
from bakeoff.data.encoding import fields
from bakeoff.data.encoding.encoder import Encoder, Unfit
from bakeoff.data.table.delimited import column_names, separated_by
from bakeoff.data.table.faults import quoted
from bakeoff.online.kernels import Ints, Rows, softmax
from bakeoff.online.learner import judged, total
from bakeoff.online.lines import Lines, Stopped
from bakeoff.online.settings import EvaluationSettings
from bakeoff.online.stored import Stored
from bakeoff.online.window import Window, see

MOST = 1024  # rows that are encoded at once; fewer where the pipe has fewer
INPUT = "standard input"


@dataclass(frozen=True)
class Row:
    """A row of the stream; the label is -1 if no answer came with it."""

    line: int
    numbers: list[float]
    texts: list[str | None]
    label: int


@dataclass
class Reader:
    """Rows of a text table by the names in its first line, read as the table that the encoder was fitted to.

    Columns of other names are not looked at.
    """

    lines: Lines
    stored: Stored

    def rows(self) -> Iterator[Row]:
        """Return lines as rows of the table.

        Raises:
            BadInput: a column is missing, or the first row that cannot be read.
        """
        encoder, first = self.stored.encoder, next(self.lines, "")
        if not first.strip():
            raise BadInput(f"{INPUT}: line 1 is empty: expected the names of the columns; send them before the rows")
        wanted = [*encoder.numeric, *encoder.categories]
        separator = encoder.reading.separator or separated_by(first, wanted)
        header = column_names([first], separator, wanted)
        if problems := "; ".join(self.misnamed(header, separator)):
            raise BadInput(f"{INPUT}: line 1: {problems}")
        target = self.stored.target.column
        numeric, texts = (
            [(name, header.index(name)) for name in names] for names in (encoder.numeric, encoder.categories)
        )
        answer = header.index(target) if target in header else None
        records = csv.reader(self.lines, delimiter=separator, strict=True)
        while True:
            try:
                record = next(records)
            except StopIteration:
                return
            except csv.Error as error:
                raise self.lines.refused(
                    f"{error}; put values with {separator!r} in quotes, and write a quote inside a value twice"
                ) from None
            if not record:
                continue
            if len(record) != len(header):
                raise self.lines.refused(
                    f"found {len(record)} fields: expected {len(header)}, as in the first line; correct the row"
                )
            yield Row(
                self.lines.number,
                [self.number(name, record[place]) for name, place in numeric],
                [fields.category(record[place], name, encoder.reading) for name, place in texts],
                -1 if answer is None else self.label(record[answer]),
            )

    def misnamed(self, header: Sequence[str], separator: str) -> Iterator[str]:
        """Yield the errors in the names of the columns."""
        wanted = [*self.stored.encoder.numeric, *self.stored.encoder.categories]
        for name in wanted:
            if name not in header:
                yield f"no column '{name}'{hint(name, header)}"
        for name in (*wanted, self.stored.target.column):
            if header.count(name) > 1:
                yield f"column '{name}' appears {header.count(name)} times; give each column a name of its own"
        if not set(wanted) & set(header):
            yield f"the line was split at {separator!r}, the separator of the table that the learner was trained on"

    def number(self, name: str, text: str) -> float:
        """NaN if it is missing."""
        try:
            return fields.number(text, self.stored.encoder.reading)
        except ValueError:
            raise self.lines.refused(
                f"invalid value {quoted(text)} in column '{name}': expected a number; correct the row"
            ) from None

    def label(self, text: str) -> int:
        """Return the index of a class; -1 if there is no label."""
        target, classes, reading = self.stored.target, self.stored.classes, self.stored.encoder.reading
        if fields.missing(text, reading):
            return -1
        if target.above is not None:
            return int(self.number(target.column, text) > target.above)
        value = fields.category(text, target.column, reading)
        if value not in self.labels:
            expected = " or ".join(classes[:8])
            raise self.lines.refused(
                f"invalid value {quoted(text)} in column '{target.column}': expected {expected}; correct the row"
            )
        return self.labels[value]

    @cached_property
    def labels(self) -> dict[str | None, int]:
        """The index of each class, by its canonical form."""
        column, reading = self.stored.target.column, self.stored.encoder.reading
        return {fields.category(name, column, reading): label for label, name in enumerate(self.stored.classes)}


@dataclass
class Live:
    """A learner at its pipe.

    Attributes:
        every: seconds of work that a kill may cost.
        answered: rows since the start that had an answer.
        saved: when the file was written last.
    """

    stored: Stored
    window: Window
    fading: float
    state: Path
    every: float
    out: TextIO
    answered: int = 0
    saved: float = field(default_factory=time.monotonic)

    def meet(self, rows: Sequence[Row]) -> None:
        """Predict rows, print the predictions, and learn from the rows with a label, one after the other.

        Raises:
            BadInput: the encoder refuses one; those before it have been met.
        """
        encoder = self.stored.encoder
        try:
            numbers, codes = encoded(encoder, rows)
        except Unfit as error:
            if error.row:
                self.meet(rows[: error.row])
            raise BadInput(f"{INPUT}: line {rows[error.row].line}: {error}") from None
        labels = np.array([row.label for row in rows], np.int64)
        there = labels >= 0
        known = Rows(numbers, codes, np.maximum(labels, 0), there)
        learner = self.stored.learner
        logits = learner.meet(known, learner.rule.factors(learner.step, len(rows)))
        scores, hits, costs = judged(logits, known.labels)
        if not math.isfinite(total(costs[there])):
            raise FloatingPointError
        self.stored.rows += len(rows)
        self.answered += int(there.sum())
        see(self.window, scores[there], labels[there], hits[there], costs[there], self.fading)
        writer = csv.writer(self.out, lineterminator="\n")
        for row, shares in zip(rows, logits, strict=True):
            softmax(shares)
            best = int(shares.argmax())
            writer.writerow([row.line, self.stored.classes[best], f"{shares[best]:.6f}"])
        self.out.flush()
        if time.monotonic() - self.saved >= self.every:
            self.save()

    def save(self) -> None:
        self.stored.replace(self.state)
        self.saved = time.monotonic()

    def note(self) -> str:
        """Return a line with the number of rows and the scores."""
        measured = self.window.measure() if self.window.counts[0] else {}
        names = {"accuracy": "accuracy", "auc": "AUC", "loss": "cost"}
        found = [
            f"{name} {measured[f'window/{key}']:.3f}" for key, name in names.items() if f"window/{key}" in measured
        ]
        last = min(int(self.window.counts[0]), len(self.window.costs))
        of = f"; of the last {last:,} of them {', '.join(found)}" if found else ""
        return f"{self.stored.rows:,} rows, {self.answered:,} answered since the start{of}; {self.state}"


def encoded(encoder: Encoder, rows: Sequence[Row]) -> tuple[NDArray[np.float32], Ints]:
    """Numbers (N, M) and codes (N, C)."""
    columns: dict[str, pa.Array] = {}
    for place, name in enumerate(encoder.numeric):
        columns[name] = pa.array(np.array([row.numbers[place] for row in rows]))
    for place, name in enumerate(encoder.categories):
        columns[name] = pa.array([row.texts[place] for row in rows], pa.string())
    batch = pa.record_batch(columns)
    return encoder.numbers(batch), encoder.codes(batch).astype(np.int64)


def state_paths(learner: Path | None, state: Path | None) -> tuple[Path, Path]:
    """Files of a learner and of its state; where none is named, of the first that params.yaml lists.

    Raises:
        BadInput: params.yaml lists none.
    """
    if learner is None:
        lists = [settings.at(settings.load(), f"online.{key}") for key in ("tables", "optimizers", "schedules")]
        if not all(lists):
            raise BadInput("params.yaml: online.tables is empty; list a table, and train on it, or name a learner")
        learner = Path(paths.weights("online", "-".join(names[0] for names in lists)))
    return learner, state or Path(f".bakeoff/online/{learner.name}")


def follow(source: int, out: TextIO, learner: Path, state: Path, *, every: float, skip: bool) -> int:
    """Meets a stream of text until it ends; returns 0, or 128 and the number of the signal that ended it.

    Args:
        source: file descriptor of the rows.
        learner: where to begin, if the file `state` is missing.
        skip: the stream begins where it began before: pass over the rows that are behind the learner.

    Raises:
        BadInput: a file or the stream cannot be read; what came before has been met, and saved.
    """
    document = settings.load()
    evaluation = settings.validate(document, "online.evaluation", EvaluationSettings)
    stored = Stored.load(state if state.exists() else learner)
    stored.learner.rule = stored.learner.rule.model_copy(update={"batch_size": 1, "delay": 0})
    stored.window = stored.window or Window.empty(len(stored.classes), evaluation.window, evaluation.averaged)
    live = Live(stored, stored.window, evaluation.fading, state, every, out)
    state.parent.mkdir(parents=True, exist_ok=True)
    sound = True
    with Lines(source, INPUT, stored.encoder.reading.encoding) as lines:
        try:
            print("line,prediction,probability", file=out, flush=True)
            meet_all(live, lines, Reader(lines, stored).rows(), stored.rows if skip else 0)
        except FloatingPointError:
            sound = False
            raise lines.refused(f"the learner has diverged: its cost is not finite; {state} is as it was") from None
        finally:
            if sound:
                live.save()
                print(live.note(), file=sys.stderr)
    return 128 + lines.signals.arrived if lines.signals.arrived else 0


def meet_all(live: Live, lines: Lines, rows: Iterator[Row], behind: int) -> None:
    """Meets rows as they come, as many at once as lie there, from the row on that `behind` others stand before.

    Raises:
        BadInput: a row cannot be read; those before it have been met.
    """
    waiting: list[Row] = []
    problem: BadInput | None = None
    try:
        for row in rows:
            if behind:
                behind -= 1
                continue
            waiting.append(row)
            if not lines.ready or len(waiting) >= MOST:
                some, waiting = waiting, []
                live.meet(some)
            if lines.signals.arrived is not None:
                break
    except Stopped:
        pass
    except BadInput as error:
        problem = error
    if waiting:
        live.meet(waiting)
    if problem:
        raise problem
