"""The section `tuning` of params.yaml."""

import json
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import Discriminator, Field, Tag, model_validator

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import Settings
from bakeoff.base.values import DISTINCT, Amount, Positive, Share, resolved
from bakeoff.networks.registry import NetworkName
from bakeoff.optimizers.registry import OptimizerName
from bakeoff.optimizers.settings import NotNegative
from bakeoff.tuning.evaluation import Evaluation

Bound = Annotated[float, Field(ge=-1e30, le=1e30)]
Scale = Literal["linear", "log", "one_minus"]
MethodName = Literal["grid", "random", "sobol", "bayes", "gp", "cma", "evolution", "nsga2", "gradient"]
OPTIMIZER = "optimizer"
StudyName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")]


class Range(Settings):
    """Values from low to high. A setting of integer type has integer values.

    Attributes:
        scale: linear: even in the value; log: in its logarithm; one_minus: in the logarithm of 1 - value.
    """

    low: Bound
    high: Bound
    scale: Scale

    @model_validator(mode="after")
    def ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low is {self.low:g}, and should be below high, {self.high:g}")
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"low is {self.low:g}, and should be above 0 on the scale log")
        if self.scale == "one_minus" and self.high >= 1:
            raise ValueError(f"high is {self.high:g}, and should be below 1 on the scale one_minus")
        return self


def spelled(value: Any) -> str:
    """Return a value as text, the same for 1 and 1.0, which are the same training; 1 and true differ."""
    return json.dumps(whole_as_int(value), sort_keys=True)


def whole_as_int(value: Any) -> Any:
    match value:
        case float() if value.is_integer():
            return int(value)
        case list() | tuple():
            return [whole_as_int(one) for one in value]
        case dict():
            return {name: whole_as_int(one) for name, one in value.items()}
    return value


class Choice(Settings):
    """Any of some values, without an order."""

    choices: Annotated[tuple[Any, ...], Field(strict=False)]

    @model_validator(mode="after")
    def several(self) -> Self:
        written = [spelled(choice) for choice in self.choices]
        if len(written) < 2:
            raise ValueError(
                f"choices is {quoted(list(self.choices))}, and should have at least 2 entries; add one, or put the "
                "value under fixed"
            )
        if twice := next((one for one in written if written.count(one) > 1), None):
            raise ValueError(f"choices has {quoted(json.loads(twice))} twice; list it once")
        return self


Condition = Annotated[dict[str, Any], Field(min_length=1)]  # values that other dimensions must have


class RangeWhen(Range):
    """A range that is searched where a condition holds."""

    when: Condition


class ChoiceWhen(Choice):
    """A choice that is searched where a condition holds."""

    when: Condition


def written_as(value: Any) -> str:
    """Return the tag of the class that fits the keys of a dimension."""
    keys = value if isinstance(value, dict) else type(value).model_fields if isinstance(value, Settings) else {}
    return ("choice" if "choices" in keys else "range") + (" when" if "when" in keys else "")


Dimension = Annotated[
    Annotated[Range, Tag("range")]
    | Annotated[Choice, Tag("choice")]
    | Annotated[RangeWhen, Tag("range when")]
    | Annotated[ChoiceWhen, Tag("choice when")],
    Discriminator(written_as),
]


class HasTrials(Protocol):
    """A study with a number of trials of its own, or a share of those of the budget."""

    @property
    def trials(self) -> int | float | None: ...


class SearchBudget(Settings):
    """The budget of a search.

    Attributes:
        trials: trainings that a method may spend.
        confirmations: new seeds from which the best trial is trained again.
    """

    trials: Positive
    confirmations: Positive

    def of(self, study: "HasTrials") -> "SearchBudget":
        """Return the budget of a study, with its number or share of the trials."""
        return self if study.trials is None else self.model_copy(update={"trials": resolved(study.trials, self.trials)})


class PenaltySettings(Settings):
    """A penalty of weight_decay / 2 sum theta^2 in the training loss, over weights and biases alike."""

    weight_decay: NotNegative


class HalvingSettings(Settings):
    """Trainings that end early where others are better.

    Attributes:
        kind: halving: all points begin on the lowest rung; hyperband: an equal part of the budget begins on each.
        first: the fewest epochs that a rung may have.
        factor: epochs of a rung over those of the one below, which are rounded down; 1 in `factor` points is promoted.
        resume: whether a promoted point continues from its checkpoint, with a schedule over all epochs of the study,
            and costs only its further epochs; otherwise it is trained again, with a schedule over those of its rung.
    """

    kind: Literal["halving", "hyperband"]
    first: Positive
    factor: Annotated[int, Field(ge=2, le=100)]
    resume: bool


class WindowSettings(Settings):
    """Trial i is asked for once all trials up to i - window are told. They are told one by one, in the order asked."""

    window: Positive


def batch_or_window(value: Any) -> str:
    return "window" if isinstance(value, dict | WindowSettings) else "batch"


BatchOrWindow = Annotated[
    Annotated[Positive, Tag("batch")] | Annotated[WindowSettings, Tag("window")], Discriminator(batch_or_window)
]


class StopSettings(Settings):
    """Rules that end a search before its budget is spent, for all methods; checked after each batch.

    Attributes:
        target: value of the objective at which it ends; None: at none.
        patience: trials without a better best after which it ends, of those with all epochs, from the first one on
            that does not diverge; None: it never does.
        halving: how trainings end before their last epoch; None: they do not.
    """

    target: Bound | None
    patience: Positive | None
    halving: HalvingSettings | None

    @property
    def resume(self) -> bool:
        """Whether trainings pause and go on."""
        return self.halving is not None and self.halving.resume


def listed(value: Any) -> str:
    return "list" if isinstance(value, list | tuple) else "one"


SeveralOptimizers = Annotated[tuple[OptimizerName, ...], Field(strict=False, min_length=2), DISTINCT]
OneOrSeveral = Annotated[
    Annotated[OptimizerName, Tag("one")] | Annotated[SeveralOptimizers, Tag("list")], Discriminator(listed)
]


ObjectiveName = Literal["loss", "accuracy", "auc", "dice", "parameters"]
TwoObjectives = Annotated[tuple[ObjectiveName, ...], Field(strict=False, min_length=2, max_length=2), DISTINCT]
OneOrTwo = Annotated[
    Annotated[ObjectiveName, Tag("one")] | Annotated[TwoObjectives, Tag("list")], Discriminator(listed)
]


class StudySettings(Settings):
    """A training whose settings are searched. All methods of a study have the same problem and the same budget.

    Names of settings are dotted: network.NAME, optimizer.NAME, training.NAME and penalty.weight_decay. What neither
    `fixed` nor `space` names stands as `start` has it: in params.yaml under `networks`, the optimizer's `defaults` and
    the task's `training`, or in the recipe of the network on the task.

    Attributes:
        optimizer: one, or a list of those that are searched; then the settings of each are optimizer.NAME.SETTING.
        objective: of the validation data: the loss (lower is better), or a metric of the task (higher is better); or a
            list of two that are traded off, one of which may be the number of the network's weights (lower is better).
        trials: trainings that a method may spend, or their share of those that the budget has; None: all of these.
        batch: trials asked for at a time, and told together; or the window in which they are asked for one by one.
        evaluation: the trainings of a trial, whose mean is its value.
        examples: training examples, or their share.
        seed: of the trials; confirmations have those that follow the last seed of a trial.
    """

    task: str
    model: NetworkName
    optimizer: OneOrSeveral
    start: Literal["params", "recipe"]
    objective: OneOrTwo
    methods: Annotated[tuple[MethodName, ...], Field(strict=False), DISTINCT]
    trials: Amount | None
    batch: BatchOrWindow
    stop: StopSettings
    evaluation: Evaluation
    epochs: Positive
    examples: Amount
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)]
    fixed: dict[str, Any]
    space: Annotated[dict[str, Dimension], Field(min_length=1)]

    def points(self, trainings: int) -> int:
        """Return the number of trials that a number of trainings is enough for."""
        return trainings // self.evaluation.cost

    @property
    def subject(self) -> dict[str, str]:
        """The subject of the training, as parameters of a run."""
        return {"task": self.task, "model": self.model, "optimizer": ", ".join(self.optimizers)}

    @property
    def optimizers(self) -> tuple[OptimizerName, ...]:
        return (self.optimizer,) if isinstance(self.optimizer, str) else self.optimizer

    @property
    def objectives(self) -> tuple[ObjectiveName, ...]:
        return (self.objective,) if isinstance(self.objective, str) else self.objective

    @property
    def searched(self) -> dict[str, Dimension]:
        """The space; with several optimizers also the choice among them, on which their own settings depend."""
        if isinstance(self.optimizer, str):
            return self.space
        own = {name: when_optimizer(name, dimension) for name, dimension in self.space.items()}
        return {OPTIMIZER: Choice(choices=self.optimizer), **own}


def owner(name: str) -> str | None:
    """Return whose setting optimizer.NAME.SETTING is; None for another setting."""
    section, _, rest = name.partition(".")
    return rest.partition(".")[0] if section == OPTIMIZER else None


def when_optimizer(name: str, dimension: Dimension) -> Dimension:
    """Return the dimension, which is searched only with the optimizer whose setting it is."""
    optimizer = owner(name)
    if optimizer is None:
        return dimension
    values = dimension.model_dump()
    values["when"] = {OPTIMIZER: optimizer} | values.get("when", {})
    return ChoiceWhen(**values) if isinstance(dimension, Choice) else RangeWhen(**values)


Levels = Annotated[int, Field(ge=2, le=2**20)]


class GridSettings(Settings):
    """The settings of grid search.

    Attributes:
        levels: by study, the number of values of each range; a choice has its values.
    """

    levels: dict[StudyName, dict[str, Positive]]


class RandomSettings(Settings):
    pass


class SobolSettings(Settings):
    pass


class BayesSettings(Settings):
    startup_trials: Positive


class GpSettings(Settings):
    """The settings of the search by Gaussian processes.

    Attributes:
        startup_trials: random ones, before the model is asked.
        levels: places of each range that a proposal can have.
    """

    startup_trials: Positive
    levels: Levels


class CmaSettings(Settings):
    """The settings of CMA-ES.

    Attributes:
        population: trials of a generation.
        deviation: of the first generation, in units of a hyperparameter's range.
        levels: places of each range that a proposal can have; it restarts if a generation spans only one.
    """

    population: Annotated[int, Field(ge=4, le=10**6)]
    deviation: Annotated[float, Field(gt=0, le=1)]
    levels: Annotated[int, Field(ge=8, le=2**20)]


class EvolutionSettings(Settings):
    population: Annotated[int, Field(ge=2, le=10**6)]
    keep: Share
    mutation: Share


class Nsga2Settings(Settings):
    """The settings of NSGA-II.

    Attributes:
        crossover: probability that a child has two parents.
        mutations: mean number of coordinates of a child that are redrawn.
    """

    population: Annotated[int, Field(ge=2, le=10**6)]
    crossover: Annotated[float, Field(ge=0, le=1)]
    mutations: Annotated[float, Field(gt=0, le=1e3)]


class GradientSettings(Settings):
    outer_rate: Annotated[float, Field(gt=0, le=1)]
    steps: Positive
