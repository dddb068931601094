"""The classes of the contest's results: the file that the report reads is their serialisation."""

from pathlib import Path
from typing import Self

from pydantic import ValidationError

from bakeoff.base.record import dump
from bakeoff.base.settings import BadInput
from bakeoff.results.model import Interval, Number, Result


class Bounded(Result):
    """A statistic over the repeats, with its bootstrap interval."""

    value: Number
    interval: Interval


class MethodOnProblem(Result):
    """Median regrets of a method on a problem, over the repeats.

    Attributes:
        regrets: at each budget.
        curve: after each trial of the largest budget; empty for a grid, whose points depend on its budget.
    """

    regrets: tuple[Bounded, ...]
    curve: tuple[Bounded, ...]


class ProblemResult(Result):
    dimensions: int
    methods: dict[str, MethodOnProblem]


class TableResult(Result):
    """A table of trainings, and how far the values between its levels are from real ones.

    Attributes:
        levels: of each dimension, the number of values.
        best, median: of the objective over the levels; a diverged training counts as the worst of the others.
        errors: median and 90th percentile of the absolute error of the interpolated objective; None without a check
            that ended.
        correlation: Spearman's rank correlation of both; None if either is constant.
        misjudged: checks of which only the real or only the interpolated training diverges.
    """

    task: str
    model: str
    optimizer: str
    objective: str
    levels: dict[str, int]
    trainings: int
    diverged: int
    best: Number
    median: Number
    checks: int
    errors: Interval | None
    correlation: Number | None
    misjudged: int


class MethodResult(Result):
    """A method over all problems, at each budget.

    Attributes:
        ratios: median regret over that of random search, geometric mean over the problems.
        wins: share of pairs of repeats in which it is better than random search.
        ranks: mean rank over problems and repeats.
        diverged: share of the trials on tables that diverge, with the largest budget; None without a table.
    """

    ratios: tuple[Bounded, ...]
    wins: tuple[Bounded, ...]
    ranks: tuple[Number, ...]
    diverged: Number | None


class TunerContest(Result):
    """The results of the comparison of search methods.

    Attributes:
        trials: the budgets.
        critical_difference: of mean ranks at one budget.
    """

    confidence: float
    repeats: int
    trials: tuple[int, ...]
    critical_difference: Number
    methods: dict[str, MethodResult]
    problems: dict[str, ProblemResult]
    tables: dict[str, TableResult]

    def dumped(self) -> str:
        return dump(self.model_dump(mode="json"))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the results in a file.

        Raises:
            BadInput: it is cut, or of another version.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError:
            raise BadInput(
                f"{path}: is truncated or of another version of bakeoff; `dvc repro tuner_contest` writes it again"
            ) from None
