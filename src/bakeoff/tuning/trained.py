"""The interface of trainings for a search, and the result of a training."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.tuning.evaluation import Part, merged
from bakeoff.tuning.measures import metric, sign
from bakeoff.tuning.space import Point

# A point to try; with a part, in one of the several trainings of its trial; with a seed, a point to confirm.
Asked = tuple[Point, Part | int | None]


@dataclass(frozen=True)
class Trained:
    """One training.

    Attributes:
        metrics: after the last epoch; empty if it diverged.
        diverged: the step at which it did.
    """

    metrics: Mapping[str, float]
    diverged: int | None

    def value(self, objective: str) -> float:
        """Return the value of one objective for the searcher, which minimises: that of a metric with its sign changed.

        It is infinity for a diverged training, which ranks last.
        """
        if self.diverged:
            return math.inf
        return sign(objective) * self.metrics[metric(objective)]

    @classmethod
    def of(cls, parts: "Sequence[Trained]") -> "Trained":
        """Return a trial of one or several trainings. It has diverged if any of them has: its value has no mean."""
        diverged = next((part.diverged for part in parts if part.diverged), None)
        if len(parts) == 1 or diverged:
            return cls(parts[0].metrics if len(parts) == 1 else {}, diverged)
        return cls(merged([part.metrics for part in parts]), None)


class Checked(Protocol):
    """The checked settings of one training."""

    @property
    def rule(self) -> str:
        """The name of its optimizer."""

    @property
    def until(self) -> int | None:
        """The epochs after which it pauses; None: it does not."""

    def document(self) -> dict[str, Any]:
        """Return the settings as plain values, by section."""


class Shared(Protocol):
    """The settings that all trainings of a study share, and those of the training at a point."""

    @property
    def place(self) -> str:
        """The place of the study, for messages."""

    @property
    def model(self) -> str:
        """The model that is trained: a network, or an architecture of word vectors."""

    @property
    def resume(self) -> bool:
        """Whether trainings pause and go on."""

    def at(self, point: Mapping[str, Any]) -> Checked:
        """Return the settings at a point.

        Raises:
            BadInput: their classes refuse them.
        """

    def named_at(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Return all settings of the training at a point under their dotted names."""


class Trainings(Protocol):
    """The trainings of a study. All trials have the same seed, so that each is a function of its point alone."""

    @property
    def base(self) -> Shared: ...

    @property
    def seed(self) -> int: ...

    def __call__(self, point: Point, checkpoint: Checkpoint | None = None) -> Trained:
        """Return the trial at a point, without anything that is measured on test data.

        Args:
            checkpoint: from which the training goes on, and in which it pauses.
        """

    def part(self, point: Point, part: Part, checkpoint: Checkpoint | None = None) -> Trained:
        """Return one of the several trainings of a trial."""

    def confirm(self, point: Point, seed: int) -> Trained:
        """Return a training at the point from another seed, its test metrics included."""
