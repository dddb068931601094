"""The trainings of a table: those at its levels, and those by which the values between them are checked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bakeoff.base.budget import Read, budgeted
from bakeoff.data.examples import Examples
from bakeoff.tuner_contest.settings import TableSettings
from bakeoff.tuner_contest.training_table import check_places, level_places, table_of, written
from bakeoff.tuning.candidate import Base
from bakeoff.tuning.objective import Objective, thinned
from bakeoff.tuning.settings import StudySettings
from bakeoff.tuning.setup import base_of
from bakeoff.tuning.space import Cube, Space
from bakeoff.tuning.trained import Asked, Trained
from bakeoff.tuning.trial_log import LoggedTrainings, TrialLog


@dataclass(frozen=True)
class TableTrainings:
    """The trainings of a table of a study.

    Attributes:
        study: its name.
        settings: of the study, with the epochs of the table and the budget, and the examples of the table.
        base: what all trainings share.
        levels: of each range.
        checks: the number of trainings at random points.
    """

    study: str
    settings: StudySettings
    base: Base
    levels: Mapping[str, int]
    checks: int

    @classmethod
    def read(cls, read: Read, read_file: Callable[[str, Any], Any], study: str) -> "TableTrainings":
        """Return the trainings of the table that params.yaml declares for a study.

        Args:
            read_file: gives the whole of another file of settings: a recipe, where the study starts from one.
        """
        table = read(f"tuner_contest.tables.{study}", TableSettings)
        own = {"epochs": table.epochs, "examples": table.examples}
        settings = budgeted(read, read(f"tuning.studies.{study}", StudySettings).model_copy(update=own))
        return cls(study, settings, base_of(read, read_file, study, settings), table.levels, table.checks)

    @property
    def space(self) -> Space:
        return self.base.space(self.settings)

    @cached_property
    def checked(self) -> list[Cube]:
        """The positions of the trainings that check the table."""
        return check_places(self.space, self.checks, self.settings.seed)

    @cached_property
    def asked(self) -> list[Asked]:
        """All trainings: those of the table first."""
        return [(self.space.point(place), None) for place in [*level_places(self.space, self.levels), *self.checked]]

    def objective(self, whole: Examples) -> Objective:
        """Return the training at a point, on the table's part of the examples."""
        settings = self.settings
        part = thinned(
            whole, settings.examples, settings.seed, f"params.yaml: tuner_contest.tables.{self.study}.examples"
        )
        return Objective(part, self.base, settings.seed)

    def train(self, objective: Objective) -> Callable[[Asked], Trained]:
        return lambda asked: objective(asked[0])

    def logged(self, objective: Objective, log: TrialLog) -> LoggedTrainings:
        """Return the trainings, of which those in the log are not repeated."""
        return LoggedTrainings(log, objective, {"examples": self.settings.examples, "drawn": self.settings.seed})

    def written(self, found: Sequence[Trained]) -> str:
        """Return the table as CSV, of the results in the order of `asked`."""
        name = self.settings.objectives[0]
        values = [one.value(name) for one in found]
        points = [point for point, _ in self.asked]
        size = len(points) - self.checks
        table = table_of(self.space, self.levels, values[:size])
        between = map(table.at, self.checked)
        return written(
            list(self.space.dimensions),
            name,
            zip(points[:size], found[:size], strict=True),
            zip(points[size:], found[size:], between, strict=True),
        )
