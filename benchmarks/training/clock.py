"""How a contender is told when to train an epoch, and tells what it took: one at a time, in turn with the others.

Run by this project's Python and by that of the contenders.
"""

import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.contender import answer

Measure = Callable[[], dict[str, float]]


class Ended(Exception):
    """Nobody asks any more."""


class Clock:
    """Stands between a contender's epochs. Seconds are of the process, so that neighbours on the machine add none.

    Attributes:
        measures: what can be asked for beside an epoch.
    """

    def __init__(self, measures: dict[str, Measure]) -> None:
        self.measures = measures
        self.started = self.seconds = 0.0

    def start(self) -> None:
        """Wait until an epoch is asked for; answer what else is asked until then.

        Raises:
            Ended: the questions have ended.
        """
        for line in sys.stdin:
            asked = line.strip()
            if asked == "epoch":
                self.started = time.process_time()
                return
            answer(self.measures[asked]())
        raise Ended

    def stop(self) -> None:
        """The end of an epoch."""
        self.seconds = time.process_time() - self.started

    def tell(self, losses: list[Tensor]) -> None:
        """Answer with the seconds of the epoch and the mean of the losses seen in it, which are forgotten."""
        answer({"seconds": self.seconds, "loss": torch.stack(losses).mean().item()})
        losses.clear()
