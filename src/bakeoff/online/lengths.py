"""Limits lengths to a share of the rows of a small table."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from bakeoff.base.values import resolved
from bakeoff.online.settings import DriftSettings, EvaluationSettings, StreamSettings

FEWEST = 2  # rows of a window


@dataclass(frozen=True)
class Lengths:
    """The settings that count rows, each with `longest` rows at most.

    Attributes:
        rows: of the table.
    """

    rows: int
    stream: StreamSettings
    evaluation: EvaluationSettings
    drift: DriftSettings

    @classmethod
    def of(cls, rows: int, stream: StreamSettings, evaluation: EvaluationSettings, drift: DriftSettings) -> Self:
        """Return the settings for a table with this number of rows; an interval stays a multiple of the batch size."""
        most = resolved(stream.longest, rows, FEWEST)
        whole = max(most - most % stream.batch_size, stream.batch_size)
        return cls(
            rows,
            stream.model_copy(update={"delay": min(stream.delay, most)}),
            evaluation.model_copy(
                update={
                    "window": min(evaluation.window, most),
                    "interval": min(evaluation.interval, whole),
                    "averaged": tuple(dict.fromkeys(min(length, most) for length in evaluation.averaged)),
                }
            ),
            drift.model_copy(update={"window": min(drift.window, most), "holds": min(drift.holds, most)}),
        )

    def remarks(self, stream: StreamSettings, evaluation: EvaluationSettings, drift: DriftSettings) -> Iterator[str]:
        """Yield one line where the settings of params.yaml were cut."""
        cut = []
        for section, before, after in (
            ("stream", stream, self.stream),
            ("evaluation", evaluation, self.evaluation),
            ("drift", drift, self.drift),
        ):
            for key, value in before:
                if value != (now := getattr(after, key)):
                    cut.append(f"{section}.{key} {shown(value)} = {shown(now)}")
        if cut:
            yield f"online.stream.longest {stream.longest:g} of {self.rows:,} rows: {', '.join(cut)}"


def shown(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
