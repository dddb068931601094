"""The section `tuner_contest` of params.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bakeoff.base.settings import Settings
from bakeoff.base.values import DISTINCT, Amount, Positive, Seed
from bakeoff.tuning.settings import StudyName

# All methods of tuning but `gradient`, which needs a training to differentiate.
ContestMethod = Literal["grid", "random", "sobol", "bayes", "gp", "cma", "evolution", "nsga2"]
FunctionName = Literal["branin", "hartmann", "two_of_six", "valley"]
REFERENCE = "random"
Levels = Annotated[int, Field(ge=2, le=1000)]
Checks = Annotated[int, Field(ge=2, le=10**6)]


class TableSettings(Settings):
    """A table of real trainings of a study: every combination of some levels of its hyperparameters.

    Attributes:
        levels: of each range of the study's space, even on its scale, both ends among them. A choice has all values.
        epochs, examples: of each training, in place of the study's.
        checks: further trainings at random points, by which the error of the interpolation is measured.
    """

    levels: dict[str, Levels]
    epochs: Positive
    examples: Amount
    checks: Checks


class TunerContestSettings(Settings):
    """The section `tuner_contest` of params.yaml.

    Attributes:
        methods: `random` is one of them, which the others are compared with; none for no contest.
        functions: with a known minimum.
        tables: by the name of the study whose trainings they have.
        batch: points proposed at a time.
        resamples: bootstrap resamples behind each interval.
        seed: of the first search; the others have those that follow.
    """

    methods: Annotated[tuple[ContestMethod, ...], Field(strict=False), DISTINCT]
    functions: Annotated[tuple[FunctionName, ...], Field(strict=False), DISTINCT]
    tables: dict[StudyName, TableSettings]
    batch: Positive
    resamples: Positive
    seed: Seed

    @model_validator(mode="after")
    def complete(self) -> Self:
        if self.methods and REFERENCE not in self.methods:
            raise ValueError(
                f"methods has no '{REFERENCE}', which the others are compared with; add it, or take [] for no contest"
            )
        if self.methods and not (self.functions or self.tables):
            raise ValueError("functions and tables are empty, and there is nothing to search; add one, or methods: []")
        return self


class TunerContestBudget(Settings):
    """The budget of the comparison of search methods.

    Attributes:
        repeats: searches of each method on each problem, from different seeds.
        trials: the budgets at which methods are compared, ascending.
    """

    repeats: Annotated[int, Field(ge=2, le=100_000)]
    trials: Annotated[tuple[Positive, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def ascending(self) -> Self:
        if list(self.trials) != sorted(set(self.trials)):
            raise ValueError(f"trials is {list(self.trials)}, and should ascend; order it, each number once")
        return self
