"""The goal of a search: one objective, or two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from bakeoff.base.record import Run
from bakeoff.tuning.settings import StopSettings
from bakeoff.tuning.space import Point
from bakeoff.tuning.trained import Trained
from bakeoff.tuning.trial import Trial

Rule = Literal["target", "patience"]  # of `stop`, that ends a search


@dataclass(frozen=True)
class Found:
    """The results of a search and its confirming trainings for the record.

    Attributes:
        point: the best one; None with two objectives.
        diverged: the step, where the study counts as diverged.
    """

    point: Point | None
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    diverged: int | None


class Goal(Protocol):
    @property
    def objectives(self) -> Sequence[str]: ...

    def told(self, trained: Trained) -> float | tuple[float, float]:
        """Return the value of a training for the searcher: less is better, and infinity is a diverged one."""

    def rule(self, trials: Sequence[Trial], stop: StopSettings) -> Rule | None:
        """Return the rule that ends a search after these trials; None if it goes on."""

    def marks(self, trials: Sequence[Trial]) -> dict[int, dict[str, int]]:
        """Return further metrics of trials, by their number."""

    def chosen(self, trials: Sequence[Trial], confirmations: int) -> list[tuple[Trial, int]]:
        """Return the trial of each confirming training, and the number of its seed, from 1."""

    def of_confirmation(self, trial: Trial) -> dict[str, Any]:
        """Return further parameters of a training that confirms a trial."""

    def found(self, trials: Sequence[Trial], confirmed: Sequence[Run]) -> Found: ...
