"""The runs in the record of one method's search, by their roles."""

from collections.abc import Sequence
from dataclasses import dataclass

from bakeoff.base.record import Record, Run


@dataclass(frozen=True)
class StudyRuns:
    """The runs of one method's search.

    Attributes:
        head: the search as a whole.
        trials: all from one seed.
        confirmed: the trainings from further seeds.
    """

    head: Run
    trials: Sequence[Run]
    confirmed: Sequence[Run]

    @classmethod
    def of(cls, record: Record) -> "StudyRuns":
        """Return the runs of a record."""
        head = next(run for run in record.runs if run.parent is None)
        children = [run for run in record.runs if run.parent == head.name]
        seed = head.parameters["seed"]
        return cls(
            head,
            trials=[run for run in children if run.parameters["seed"] == seed],
            confirmed=[run for run in children if run.parameters["seed"] != seed],
        )

    @property
    def random_start(self) -> int | None:
        """Return the number of random trials before the method uses results; None if it never does."""
        method, parameters = self.head.parameters["method"], self.head.parameters
        found: int | None = parameters.get(f"{method}.startup_trials", parameters.get(f"{method}.population"))
        return found

    def short(self, run: Run) -> str:
        """Return the name of a trial or a confirming training without that of the search: t007, c1."""
        return run.name.removeprefix(f"{self.head.name}-")
