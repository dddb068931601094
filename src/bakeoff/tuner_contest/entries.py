"""The methods, problems and searches of the comparison of search methods, from params.yaml."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bakeoff.base.budget import Read, of_budget
from bakeoff.base.settings import Settings
from bakeoff.tuner_contest.contest import Key, Searches, Values, searches
from bakeoff.tuner_contest.functions import function_problem
from bakeoff.tuner_contest.model import TableResult
from bakeoff.tuner_contest.problem import Problem
from bakeoff.tuner_contest.search import build, searched
from bakeoff.tuner_contest.settings import TunerContestBudget, TunerContestSettings
from bakeoff.tuner_contest.statistics import Bootstrap
from bakeoff.tuner_contest.table_shape import shape
from bakeoff.tuner_contest.training_table import read as read_table
from bakeoff.tuning.measures import sign
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.settings import StudySettings


@dataclass(frozen=True)
class Entries:
    """The methods and problems of the comparison.

    Attributes:
        hyperparameters: the settings of each method.
        tables: the description of the problems that are tables.
    """

    settings: TunerContestSettings
    budget: TunerContestBudget
    hyperparameters: Mapping[str, Settings]
    problems: Mapping[str, Problem]
    tables: Mapping[str, TableResult]
    confidence: float

    @classmethod
    def read(cls, read: Read, path: Callable[[str], Path]) -> "Entries":
        """Return the entries of params.yaml.

        Args:
            path: gives the table of a study.

        Raises:
            BadInput: a table is not as params.yaml says.
        """
        settings = read("tuner_contest", TunerContestSettings)
        problems = {str(name): function_problem(name) for name in settings.functions}
        tables = {}
        for study, table in settings.tables.items():
            of_params = read(f"tuning.studies.{study}", StudySettings)
            problems[study], tables[study] = of_table(study, of_params, table.levels, path(study))
        return cls(
            settings=settings,
            budget=of_budget(read, "tuner_contest", TunerContestBudget),
            hyperparameters={
                name: read(f"tuning.{name}", SEARCHERS[name].settings) for name in settings.methods if name != "grid"
            },
            problems=problems,
            tables=tables,
            confidence=read("comparison.confidence", float),
        )

    @property
    def keys(self) -> list[Key]:
        return list(searches(self.settings.methods, list(self.problems), self.budget, self.settings.seed))

    @property
    def bootstrap(self) -> Bootstrap:
        return Bootstrap(self.confidence, self.settings.resamples)

    def search(self, key: Key) -> list[float]:
        """Return the values of all trials of a search."""
        problem = self.problems[key.problem]
        searcher = build(key.method, self.hyperparameters.get(key.method), problem.space, key.budget, key.seed)
        return searched(searcher, problem, key.budget, self.settings.batch)

    def searches(self, values: Sequence[Values]) -> Searches:
        """Return all searches, of which these are the values in the order of `keys`."""
        return Searches(dict(zip(self.keys, values, strict=True)), self.problems, self.budget, self.settings.seed)


def of_table(study: str, settings: StudySettings, levels: Mapping[str, int], path: Path) -> tuple[Problem, TableResult]:
    """Return a table of trainings as a problem, and its description."""
    dimensions, objective = settings.searched, settings.objectives[0]
    sizes, choices = shape(dimensions, levels)
    table, checks = read_table(path, objective, sizes, choices)
    problem = table.problem(study)
    return problem, TableResult(
        task=settings.task,
        model=settings.model,
        optimizer=", ".join(settings.optimizers),
        objective=objective,
        levels=dict(zip(dimensions, sizes, strict=True)),
        trainings=math.prod(sizes),
        diverged=int(np.isinf(table.values).sum()),
        best=sign(objective) * problem.least,
        median=sign(objective) * problem.median,
        checks=len(checks.real),
        errors=checks.errors,
        correlation=checks.correlation,
        misjudged=checks.misjudged,
    )
