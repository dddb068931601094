"""The interface of all searchers (ask and tell): they propose points, and receive the values there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NoReturn, Protocol

from bakeoff.tuning.space import Point, Space


@dataclass(frozen=True)
class Proposal:
    """A point to try, and how many trainings it takes: its own, and those that finding it has cost.

    A training that has fewer epochs than the study, or that goes on from a checkpoint, costs a share of a training, and
    has its epochs in its point.

    Attributes:
        full: whether the training has all epochs of the study in the end.
    """

    point: Point
    cost: Fraction | int = 1
    full: bool = True


class Searcher(Protocol):
    def ask(self, n: int) -> list[Proposal]:
        """From one to n points to try next."""

    def tell(self, values: Sequence[Any]) -> None:
        """The values of the first of the points that have none, in the order asked; infinity is a diverged trial.

        Smaller is better. A search in a window asks for one point at a time, and for further ones before this is told.
        An infinite value ranks behind every finite one, and level with any other. With two objectives each is a pair.
        """


class Slope(Protocol):
    """The gradient of the value with respect to the hyperparameters, and its cost in trainings."""

    @property
    def cost(self) -> int: ...

    def __call__(self, point: Point) -> Point: ...


def no_slope(steps: int) -> NoReturn:
    """Stand for the slope of a problem that has none: params.yaml is refused if `gradient` should search it.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError(f"the problem has no gradient through {steps} steps of a training")


@dataclass(frozen=True)
class Problem:
    """The problem as a searcher sees it.

    Attributes:
        study: its name.
        budget: trainings that it may spend.
        slope: the gradient through a number of steps of a training.
        objectives: their number.
    """

    study: str
    space: Space
    budget: int
    seed: int
    slope: Callable[[int], Slope]
    objectives: int = 1
