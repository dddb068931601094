"""The classes of a comparison: comparison.json is their serialisation, and all pages read their attributes.

Floats are rounded to DIGITS significant digits where a class is made, so what is written is what is read.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bakeoff.base.record import dump
from bakeoff.base.settings import BadInput, faults
from bakeoff.base.values import Metric

DIGITS = 6  # significant digits of every float that is written
AGAIN = "`dvc repro compare` writes it again"

WordTest = Literal["wordsim", "simlex", "analogies"]  # of word vectors
TaskKind = Literal["images", "table", "scans"]
NoWinner = Literal[
    "all diverged",
    "no better than the reference",
    "alone",
    "too few seeds",
    "diverged rivals",
    "unstable",
    "tied",
    "worse over common seeds",
]


def rounded(value: float) -> float:
    """Return the value with DIGITS significant digits; zero has no sign."""
    return float(f"{value:.{DIGITS}g}") + 0.0


Number = Annotated[float, AfterValidator(rounded)]
Interval = tuple[Number, Number]
Scalar = bool | int | Number | str | None


class Result(BaseModel):
    """A part of the comparison: frozen, strict, and without defaults."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, serialize_by_alias=True)


class Estimate(Result):
    """The mean of a number over seeds, and Student's interval; None if there are too few seeds."""

    mean: Number | None
    interval: Interval | None


class Summary(Estimate):
    """A score over seeds.

    Attributes:
        values: one for each seed; None if the run diverged.
        bootstrap: the percentile interval over resampled seeds.
    """

    deviation: Number | None
    values: tuple[Number | None, ...]
    bootstrap: Interval | None


class Scores(Result):
    validation: Summary
    test: Summary


class Standing(Result):
    """The place of a competitor in a family of comparisons with the best.

    Attributes:
        may_be_best: whether no other is significantly better, and as few of its runs diverged as of any.
        tied: whether it may be best, is not the leader, and is not too unstable to rank.
        unstable: whether its standard deviation over seeds exceeds what the settings allow.
        diverged: the seeds whose runs diverged.
        p: that no other is better; None if diverged runs decide alone, and if there is no other.
        adjusted_p: the same for the family as a whole.
        behind: simultaneous limits of how far it is behind the best of those that are not too unstable to rank; None as
            for p, and where it shares fewer than two seeds with another.
        difference: from the leader, over the seeds of both; its interval is for this difference alone.
    """

    seeds: tuple[int, ...]
    rank: int
    may_be_best: bool
    tied: bool
    unstable: bool
    diverged: tuple[int, ...]
    p: Number | None
    adjusted_p: Number | None
    behind: Interval | None
    difference: Estimate


class SeedsNeeded(Result):
    """The seeds from which a comparison of a family detects a difference with a power of 80 %.

    Attributes:
        effect: the difference, in standard deviations of the paired differences.
    """

    effect: Number
    seeds: int


class Decision(Result):
    """The decision of a family of comparisons.

    Attributes:
        no_winner: why the leader does not win; None if it is significantly better than all others.
        detectable: the smallest difference that a typical comparison detects; None if nothing is tested.
        seeds_needed: by effect; empty if nothing is tested.
    """

    no_winner: NoWinner | None
    detectable: Number | None
    seeds_needed: tuple[SeedsNeeded, ...]


class CellName(Result):
    """A cell of a task's contest: a model under an optimizer."""

    model: str
    optimizer: str


class Winner(CellName):
    """The leading cell and its best seed; `no_winner` states whether it wins."""

    seed: int


class Search(Result):
    """The trials of a cell by learning rate, and the point that was picked.

    Attributes:
        trials: learning rate and score of each; the score is None if the trial diverged.
        median: the score of the median trial; a diverged trial is below all others.
        pick: the hyperparameters that were picked.
        default_rate: the default learning rate; None without default runs.
        edge: a warning that the picked rate lies at the edge of its space.
    """

    trials: tuple[tuple[Number, Number | None], ...]
    best: Number | None
    median: Number | None
    pick: dict[str, Number]
    default_rate: Number | None
    edge: str | None


class RunCount(Result):
    runs: int
    diverged: int


class RunCounts(Result):
    """The runs of a cell by role."""

    trial: RunCount
    rerun: RunCount
    final: RunCount
    default: RunCount

    @property
    def total(self) -> RunCount:
        """The runs of all roles."""
        counts = (self.trial, self.rerun, self.final, self.default)
        return RunCount(runs=sum(count.runs for count in counts), diverged=sum(count.diverged for count in counts))


class CellResult(CellName, Standing, Scores):
    """A cell in the ranking of its task.

    Attributes:
        no_better_than: the name of a reference that it is not significantly better than; None if there is none.
        validation, test: scores of the final runs.
        default: scores of the runs at the default hyperparameters.
        gain: test score of the final runs minus that of the default runs of the same seeds.
    """

    no_better_than: str | None
    default: Scores
    gain: Estimate
    search: Search
    runs: RunCounts


class FamilyCell(CellName, Standing):
    """A cell in the ranking of the optimizers of one model."""


class Arrival(Result):
    """The steps of an optimizer's final runs to the target.

    Attributes:
        values: of each run; None if it does not reach the target.
        median: of the runs, the lower one of an even number; None if it is infinite.
        share: of the runs that reach the target.
    """

    values: tuple[int | None, ...]
    median: float | None
    share: Number


class RelaxedTarget(Result):
    """A target that is easier to reach.

    Attributes:
        relaxation: the share by which it is relaxed.
        steps: by optimizer.
    """

    relaxation: Number
    value: Number
    steps: dict[str, Arrival]


class Target(Result):
    """The median score of the leading optimizer's final runs at their end, on the validation subset.

    Attributes:
        of: the leading optimizer.
        steps: by optimizer.
        relaxed: the same target, relaxed by more and more.
    """

    value: Number
    of: str
    steps: dict[str, Arrival]
    relaxed: tuple[RelaxedTarget, ...]


class Family(Decision):
    """The optimizers of one model.

    Attributes:
        leader: None if every run diverged.
    """

    leader: str | None
    tied_with: tuple[str, ...]
    cells: tuple[FamilyCell, ...]
    target: Target | None


class Training(Result):
    """The settings under which all runs of a task were trained, under the dotted names of params.yaml."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Scalar | tuple[Scalar, ...]] = Field(init=False)

    epochs: int
    batch_size: int | str
    evaluations: int
    schedule: str = Field(alias="schedule.kind")


class Budget(Result):
    """The trainings that each optimizer's search has."""

    trials: int
    finalists: int
    reruns: int
    defaults: int


class Baseline(Result):
    """A model of scikit-learn, fitted once."""

    model: str
    validation: Number
    test: Number


class Reference(Result):
    """A prediction without a network, which every cell should exceed."""

    name: str
    validation: Number
    test: Number


class RecipeResult(CellName):
    """The best known training of a network.

    Attributes:
        epochs: of a training.
        refit: whether it was trained on training and validation data together; then there is no validation score.
    """

    diverged: tuple[int, ...]
    runs: int
    epochs: int
    refit: bool
    validation: Summary | None
    test: Summary


class TaskComparison(Decision):
    """The contest of one task, the leader's cell first.

    Attributes:
        data: the file of examples.
        parameters: the number of weights, by model.
        validation_subset: validation examples that were measured on the way, the same in all runs.
        spaces: by optimizer the lowest and highest value of each hyperparameter that is searched.
        state: floats that an optimizer keeps for each weight.
        winner: the leader; None if every run diverged.
    """

    kind: TaskKind
    metric: Metric
    data: str
    parameters: dict[str, int]
    validation_subset: int
    training: Training
    budget: Budget
    spaces: dict[str, dict[str, Interval]]
    state: dict[str, int]
    winner: Winner | None
    tied_with: tuple[CellName, ...]
    cells: tuple[CellResult, ...]
    models: dict[str, Family]
    references: tuple[Reference, ...]
    baselines: tuple[Baseline, ...]
    recipes: tuple[RecipeResult, ...]

    @property
    def leader(self) -> CellResult:
        """The cell in the first place."""
        return self.cells[0]

    @property
    def runs(self) -> RunCount:
        """The number of trainings of the contest."""
        counts = [cell.runs.total for cell in self.cells]
        return RunCount(runs=sum(count.runs for count in counts), diverged=sum(count.diverged for count in counts))


class OverProblems(Result):
    """Friedman's test and the critical difference where each problem is one block."""

    p: Number
    difference: Number


class Ranks(Result):
    """Mean ranks over all problems.

    Attributes:
        seeds: of each problem.
        mean: by optimizer.
        p: of Friedman's test.
        difference: the critical difference.
        groups: optimizers whose mean ranks are not significantly different, the best first.
        left_out: optimizers that do not run on every problem.
    """

    problems: tuple[str, ...]
    seeds: int
    mean: dict[str, Number]
    p: Number
    difference: Number
    groups: tuple[tuple[str, ...], ...]
    over_problems: OverProblems
    left_out: tuple[str, ...]


class Profile(Result):
    """A performance profile.

    Attributes:
        ratios: by optimizer its time to the target on each problem over that of the fastest; None if infinite.
        score: the mean height of the profile, by optimizer.
    """

    problems: tuple[str, ...]
    ratios: dict[str, tuple[Number | None, ...]]
    score: dict[str, Number]


class RelaxedProfile(Profile):
    """A performance profile by relaxed targets.

    Attributes:
        relaxation: the share by which each target is relaxed.
    """

    relaxation: Number


class SettingOnProblem(Result):
    """The trial of an optimizer on a problem, at the point that is best on the other problems.

    Attributes:
        point: the hyperparameters that are searched.
        score: of the trial at the point, on validation data; None if it diverged.
        best: of the best trial on the problem, from the same seed; None if all diverged.
    """

    point: dict[str, Number]
    score: Number | None
    best: Number | None

    @property
    def cost(self) -> float | None:
        """The score of the best trial of the problem minus that of the point."""
        return None if self.score is None or self.best is None else self.best - self.score


class Setting(Result):
    """An optimizer at one setting for all problems.

    Attributes:
        points: how many points of its space were tried on every problem.
        point: the one with the best mean rank over all problems.
        mean_rank: of that point among the points.
        left_out: for each problem, in order, the trial at the point with the best mean rank over the other problems.
    """

    points: int
    point: dict[str, Number]
    mean_rank: Number
    left_out: tuple[SettingOnProblem, ...]


class OneSetting(Result):
    """The second ruleset: an optimizer has one setting for all problems, chosen without the problem that it is on.

    Attributes:
        optimizers: those whose trials are at the same points on every problem.
        ranks: of the optimizers, by one trial a problem.
        profile: by these trials' steps to the targets of the problems; None if no target is reached.
        relaxed_profiles: the same by relaxed targets, those that are reached.
    """

    problems: tuple[str, ...]
    optimizers: dict[str, Setting]
    ranks: Ranks | None
    profile: Profile | None
    relaxed_profiles: tuple[RelaxedProfile, ...]


class VectorRun(Result):
    """The final metrics of one training of word vectors."""

    seed: int
    metrics: dict[str, int | Number]


class EmbeddingComparison(Result):
    """The word vectors of one corpus.

    Attributes:
        data: the file of word ids.
        architectures: the runs of each.
    """

    data: str
    architectures: dict[str, tuple[VectorRun, ...]]


class Axis(Result):
    """A hyperparameter that a study searches.

    Attributes:
        ends: the lowest and the highest value of a range; None for choices.
    """

    name: str
    scale: Literal["linear", "log", "one_minus", "choices"]
    choices: tuple[str, ...]
    ends: tuple[float, float] | None  # not rounded: on the scale one_minus the highest value stays below 1


class SearchTrial(Result):
    """A trial of a search.

    Attributes:
        values: one for each axis of the study; None if the trial does not have the hyperparameter.
        objective: None if the trial diverged.
    """

    values: tuple[Number | str | None, ...]
    objective: Number | None


class Importance(Result):
    """The share of the objective's variance over the space that each hyperparameter explains alone.

    Attributes:
        methods: whose trials are used.
        independent: whether these methods draw their points independently of results.
        trials: how many distinct points with a value they have.
        limit: a loss above it counts as this one; None if none is far above the others.
        shares: by hyperparameter; empty if the trials are too few, or all have the same value.
        conditional: hyperparameters that are left out, because some of the trials do not have them.
    """

    methods: tuple[str, ...]
    independent: bool
    trials: int
    limit: Number | None
    shares: dict[str, Number]
    conditional: tuple[str, ...]


class Study(Standing, Scores):
    """A method of hyperparameter search; its seeds are those from which its best trial was trained again.

    Attributes:
        best: the hyperparameters of its best trial.
        best_so_far: trainings spent, a share where they had fewer epochs, and the best value until then.
        optimism: how much better the best trial was in the search than from each fresh seed that ended.
        trials_full: how many of the trials had all epochs.
        ended: what ended the search.
        random_start: the number of trials that the method draws at random before it learns from their values; None for
            a method that learns from none.
        points: the trials with all epochs, in order.
    """

    method: str
    best: dict[str, int | Number | str]
    best_so_far: tuple[tuple[int | Number, Number], ...]
    optimism: Estimate
    trials: int
    trials_full: int
    trials_diverged: int
    ended: Literal["target", "patience", "budget"]
    random_start: int | None
    points: tuple[SearchTrial, ...]


class TuningComparison(Decision):
    """The methods of one study, the leading one first.

    Attributes:
        data: the file of examples, or of the text, on which the trials are trained.
        metric: the objective, on validation data: the loss, of which less is better, or a metric.
        tested: the metric on test data; None for word vectors whose vocabulary no test of words fits.
        evaluation: the trainings of a trial (3 seeds, 5 folds), whose mean is its value; None for one.
        space: an axis for each searched hyperparameter.
        importance: of the hyperparameters, from the trials.
        winner: the leading method; None if every confirming run diverged.
    """

    data: str
    model: str
    optimizer: str
    metric: Literal["loss"] | Metric | WordTest
    tested: Metric | WordTest | None
    evaluation: str | None
    space: tuple[Axis, ...]
    importance: Importance
    winner: str | None
    tied_with: tuple[str, ...]
    cells: tuple[Study, ...]


Measure = Literal["loss", "accuracy", "auc", "dice", "parameters"]
Values = tuple[int | Number, int | Number]  # of two objectives, in their order


class FrontTrial(Result):
    """A trial on the front of a study of two objectives.

    Attributes:
        name: of its method and the trial: bayes-t007.
        values: one for each searched hyperparameter; None if the trial does not have it.
        searched: both objectives in the search.
        confirmations: trainings from new seeds.
        diverged: the number of these that diverged.
        confirmed: both objectives over those that ended.
        test: the metric on test data over the same.
    """

    name: str
    values: tuple[Number | str | None, ...]
    searched: Values
    confirmations: int
    diverged: int
    confirmed: tuple[Estimate, Estimate]
    test: Estimate


class FrontSearch(Result):
    """The results of a method in a study of two objectives.

    Attributes:
        random_start: as of a study of one objective.
        hypervolume: of its front, as a share of the rectangle from the worst to the best values over all methods.
        points: the trials that ended, in order.
        front: the non-dominated ones of these, the best by the first objective first.
    """

    method: str
    trials: int
    trials_diverged: int
    random_start: int | None
    hypervolume: Number
    points: tuple[Values, ...]
    front: tuple[Values, ...]


class FrontComparison(Result):
    """A study of two objectives.

    Attributes:
        data: the file of examples on which the trials are trained.
        objectives: on validation data, or the number of weights.
        tested: the metric on test data.
        evaluation: the trainings of a trial (3 seeds, 5 folds), whose mean is its value; None for one.
        hyperparameters: those that are searched.
        reference: the worst value of each objective over the trials; None if all diverged.
        front: of all methods' trials, the best by the first objective first.
        searches: by method, that of the largest hypervolume first.
    """

    data: str
    model: str
    optimizer: str
    objectives: tuple[Measure, Measure]
    tested: Metric
    evaluation: str | None
    hyperparameters: tuple[str, ...]
    reference: Values | None
    front: tuple[FrontTrial, ...]
    searches: tuple[FrontSearch, ...]


class Comparison(Result):
    """All comparisons.

    Attributes:
        confidence: of every interval.
        tasks: by name.
        ranks: over all problems; None if fewer than two optimizers run on all of them, or every run diverged.
        profile: in steps; None if no problem has a target that is reached, or fewer than two optimizers run.
        relaxed_profiles: in steps, by relaxed targets.
        one_setting: None if fewer than two problems have trials at the same points.
        embeddings: by the name of the corpus.
        tuning: the searches for the best value of one objective, by study.
        fronts: those for the Pareto front of two objectives, by study.
    """

    confidence: float
    tasks: dict[str, TaskComparison]
    ranks: Ranks | None
    profile: Profile | None
    relaxed_profiles: tuple[RelaxedProfile, ...]
    one_setting: OneSetting | None
    embeddings: dict[str, EmbeddingComparison]
    tuning: dict[str, TuningComparison]
    fronts: dict[str, FrontComparison]

    @property
    def searched(self) -> dict[str, str]:
        """The file of examples, or of the text, of each study."""
        one, two = self.tuning.items(), self.fronts.items()
        return {name: study.data for name, study in one} | {name: study.data for name, study in two}

    def dumped(self) -> str:
        """Return the text of comparison.json."""
        return dump(self.model_dump(mode="json"))

    @classmethod
    def parsed(cls, text: str | bytes) -> Self:
        """Return the comparison in the text of a file; keys in their order, as in the file.

        Raises:
            ValidationError: it is another document.
        """
        return cls.model_validate_json(text)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the comparison in a file.

        Raises:
            BadInput: the file is missing, cannot be read, is truncated, or is of another shape.
        """
        try:
            return cls.parsed(path.read_bytes())
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror}; {AGAIN}") from None
        except ValidationError as error:
            if error.errors(include_url=False)[0]["type"] == "json_invalid":
                raise BadInput(f"{path}: is truncated or is not JSON; {AGAIN}") from None
            first = next(faults(error, cls))
            raise BadInput(f"{path}: is of another version of bakeoff, or was edited ({first}); {AGAIN}") from None
