"""A trial of a search."""

from collections.abc import Sequence
from dataclasses import dataclass

from bakeoff.tuning.space import Point
from bakeoff.tuning.trained import Trained


@dataclass(frozen=True)
class Trial:
    number: int  # from 1, in the order of asking
    spent: int | float  # trainings of the whole search up to and with this trial; a share where they had fewer epochs
    point: Point
    trained: Trained
    full: bool = True  # whether it had all epochs; only such trials are compared

    @property
    def name(self) -> str:
        return f"t{self.number:03}"


def full(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that had all epochs of the study."""
    return [trial for trial in trials if trial.full]
