"""The protocol of the contest: the number of trainings of a cell and their roles, the same for every optimizer."""

from dataclasses import dataclass

from bakeoff.base.roles import Role
from bakeoff.base.settings import Settings

COUNTS = ("trials", "finalists", "reruns", "defaults")  # keys of the section `contest` of a budget, for every network


@dataclass(frozen=True)
class PlannedRun:
    """One training of a cell or of a recipe.

    Attributes:
        point: the number, from 1, of the trial whose hyperparameters it has; None for the default ones.
        hyperparameters: of the optimizer.
    """

    name: str
    role: Role
    seed: int
    point: int | None
    hyperparameters: Settings


@dataclass(frozen=True)
class Budget:
    """The numbers of trainings of a cell, the same for every optimizer.

    Attributes:
        finalists: how many of the trials are trained again.
        reruns: of each finalist.
        defaults: runs with the default hyperparameters.
        seeds: final runs.
        search_seed: of the trials; the reruns have those that follow, the final runs 0, 1, and so on.
    """

    trials: int
    finalists: int
    reruns: int
    defaults: int
    seeds: int
    search_seed: int

    @property
    def trainings(self) -> int:
        return self.trials + self.finalists * self.reruns + self.seeds + self.defaults
