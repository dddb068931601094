"""The search of a method in a study, from params.yaml."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from bakeoff.base.budget import Read, budgeted, of_budget
from bakeoff.base.settings import Settings
from bakeoff.contest.task_data import examples as path_of
from bakeoff.data.examples import Examples
from bakeoff.tuning.candidate import Base
from bakeoff.tuning.evaluation import OfFolds
from bakeoff.tuning.folds import check_folds
from bakeoff.tuning.halving import halved
from bakeoff.tuning.hypergradient import Hypergradient
from bakeoff.tuning.measures import PARAMETERS
from bakeoff.tuning.objective import Objective, thinned
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.searchers.searcher import Problem
from bakeoff.tuning.settings import SearchBudget, StudySettings
from bakeoff.tuning.start import started
from bakeoff.tuning.study import Study
from bakeoff.tuning.trial_log import LoggedTrainings, TrialLog


@dataclass(frozen=True)
class Setup:
    """The settings of a search in a study.

    Attributes:
        settings: of the study, with the epochs of the budget.
        hyperparameters: of the method.
        base: the settings that all trainings of the study share.
        data: path of the examples.
    """

    study: str
    method: str
    settings: StudySettings
    budget: SearchBudget
    hyperparameters: Settings
    base: Base
    data: str

    @classmethod
    def read(cls, read: Read, study: str, method: str, read_file: Callable[[str, Any], Any]) -> "Setup":
        """Return the setup that params.yaml has.

        Args:
            read_file: gives the whole of another file of settings: a recipe, where the study starts from one.

        Raises:
            BadInput: a fixed value has a name that is not a setting.
        """
        settings = budgeted(read, read(f"tuning.studies.{study}", StudySettings))
        budget = of_budget(read, "tuning", SearchBudget).of(settings)
        hyperparameters = read(f"tuning.{method}", SEARCHERS[method].settings)
        base = base_of(read, read_file, study, settings)
        return cls(study, method, settings, budget, hyperparameters, base, path_of(read, settings.task))

    def objective(self, whole: Examples) -> Objective:
        """Return the trainings to search, on the study's part of the examples."""
        settings = self.settings
        examples = thinned(whole, settings.examples, settings.seed, f"{self.base.place}.examples")
        if isinstance(settings.evaluation, OfFolds):
            check_folds(examples, settings.evaluation.folds, f"{self.base.place}.evaluation.folds")
        return Objective(examples, self.base, settings.seed, PARAMETERS in settings.objectives)

    def taken(self, objective: Objective, whole: Examples) -> list[str]:
        """Return a line on a share of the examples as numbers; none where params.yaml has a number."""
        share, examples = self.settings.examples, objective.examples
        if not isinstance(share, float):
            return []
        taken = f"{len(examples.train.x):,} of {len(whole.train.x):,} training examples"
        return [f"tuning.studies.{self.study}.examples: {share:g} = {taken}"]

    def logged(self, objective: Objective, log: TrialLog) -> LoggedTrainings:
        """Return the trainings of the search, of which those in the log are not repeated."""
        shared = {"examples": self.settings.examples, "drawn": self.settings.seed}
        # Trainings of the same study without it have no such metric.
        counted = {"counted": True} if objective.counted else {}
        return LoggedTrainings(log, objective, shared | counted)

    def search(self, objective: Objective, finished: LoggedTrainings) -> Study:
        """Return the search.

        Args:
            finished: its trainings, for the gradients among them.
        """
        settings = self.settings
        slope = partial(finished.slope, partial(Hypergradient, objective))
        space, objectives = self.base.space(settings), len(settings.objectives)
        points = settings.points(self.budget.trials)
        problem = Problem(self.study, space, points, settings.seed, slope, objectives)
        build = SEARCHERS[self.method].of(self.hyperparameters)
        searcher = halved(settings.stop.halving, settings.epochs, problem, build)
        return Study(
            self.study, self.method, self.data, self.budget, settings, self.hyperparameters, objective, searcher
        )


def base_of(read: Read, read_file: Callable[[str, Any], Any], study: str, settings: StudySettings) -> Base:
    """Return the settings that all trainings of a study share.

    Raises:
        BadInput: a fixed value has a name that is not a setting.
    """
    start = started(read, read_file, settings)
    return Base.read(study, settings, start.network, start.defaults, start.training)
