"""The recommendation on a task and the most promising next change, by rules over the results.

The recommendation is the leader of the contest: the cell with the best mean on validation data. A recipe or a baseline
comes first if its validation score is better than the leader's. Test scores are not used for this choice: a recipe that
was trained on the validation data too has no validation score, so it is only named if its test score is better. A
reference (majority class, chance, a mask, intensities) is never recommended: if it has the best validation score, the
page says that nothing better was found.

A cheaper cell is named if its mean is within one standard error of the leader's, it is statistically tied with the
leader, and its step costs at least 5 % less.
Source: the rule of one standard error of Breiman, Friedman, Olshen & Stone 1984, Classification and Regression Trees.

The next change is that of the first rule in RULES that applies.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bakeoff.base import paths
from bakeoff.report.formatting import METRICS, cell_name, listed, number, percent, plural, spanned
from bakeoff.results.compare import Values, pairs
from bakeoff.results.curves import CurvePoint
from bakeoff.results.model import CellResult, Interval, RecipeResult, TaskComparison
from bakeoff.results.power import level, seeds_to_show
from bakeoff.results.step_costs import Costs

CHEAPER = 0.95  # largest share of the leader's time per step; the difference is larger than measurement errors
LOST = 0.25  # smallest share of diverged trials from which a search space is too wide
LATE = 0.75  # share of the steps; a gain after them shows that the training ended too early
MOST_SEEDS = 50  # larger numbers are not recommended, because the differences are too small to matter

Side = Literal["validation", "test"]


@dataclass(frozen=True)
class Reference:
    """A result other than a cell of the contest that is better than the leader on some data.

    Attributes:
        title: its name: `the recipe of cnn`, `boosting`.
        sides: the data on which it is better.
        first: it beats the leader on validation data, and comes before it.
        usable: it is a recipe or a baseline.
        recipe: the recipe; None for a baseline or a reference.
    """

    title: str
    validation: float | None
    test: float
    interval: Interval | None
    sides: tuple[Side, ...]
    first: bool
    usable: bool
    recipe: RecipeResult | None


@dataclass(frozen=True)
class Evidence:
    """The results of a task.

    Attributes:
        curve: the learning curve of the leader.
    """

    name: str
    task: TaskComparison
    costs: Costs
    curve: Sequence[CurvePoint]
    confidence: float

    @property
    def leader(self) -> CellResult | None:
        """The leader; None if every run diverged."""
        return self.task.leader if self.task.winner else None


def references(known: Evidence) -> list[Reference]:
    """Return the results that are better than the leader on some data, those on validation data first, best first."""
    found = [reference for reference in everything(known) if reference.sides]
    first = [of for of in found if of.first]
    others = [of for of in found if not of.first]
    return [*sorted(first, key=on_validation, reverse=True), *sorted(others, key=lambda of: of.test, reverse=True)]


def on_validation(of: Reference) -> float:
    """Return the score on validation data, minus infinity if there is none."""
    return -math.inf if of.validation is None else of.validation


def everything(known: Evidence) -> Iterator[Reference]:
    """Yield the recipes, baselines and references of a task that have scores."""
    for recipe in known.task.recipes:
        if recipe.test.mean is not None:
            validation = recipe.validation.mean if recipe.validation else None
            title = f"the recipe of {recipe.model}"
            yield compared(known, title, validation, recipe.test.mean, recipe.test.interval, True, recipe)
    for baseline in known.task.baselines:
        yield compared(known, f"the baseline {baseline.model}", baseline.validation, baseline.test, None, True)
    for of in known.task.references:
        yield compared(known, of.name, of.validation, of.test, None, False)


def compared(
    known: Evidence,
    title: str,
    validation: float | None,
    test: float,
    interval: Interval | None,
    usable: bool,
    recipe: RecipeResult | None = None,
) -> Reference:
    """Return a recipe, baseline or reference with the data on which it is better than the leader (all without one)."""
    leader = known.leader
    of_leader = -math.inf if leader is None or leader.validation.mean is None else leader.validation.mean
    test_of_leader = -math.inf if leader is None or leader.test.mean is None else leader.test.mean
    better: list[Side] = ["validation"] if validation is not None and validation > of_leader else []
    better += ["test"] if test > test_of_leader else []
    return Reference(title, validation, test, interval, tuple(better), "validation" in better, usable, recipe)


def cheaper(known: Evidence) -> CellResult | None:
    """Return the cell that costs least among those within one standard error of the leader; None for the leader.

    A step is compared by its measured time.
    """
    leader, error = known.leader, standard_error(known)
    if leader is None or error is None or leader.validation.mean is None:
        return None
    price = step(known, leader)
    if price is None:
        return None
    least = leader.validation.mean - error
    near = [
        (cost, cell.rank, cell)
        for cell in known.task.cells
        if cell.tied
        and cell.validation.mean is not None
        and cell.validation.mean >= least
        and (cost := step(known, cell)) is not None
        and cost <= CHEAPER * price
    ]
    return min(near, key=lambda found: found[:2])[2] if near else None


def standard_error(known: Evidence) -> float | None:
    """Return the standard error of the leader's mean on validation data."""
    leader = known.leader
    if leader is None or leader.validation.deviation is None:
        return None
    ended = sum(value is not None for value in leader.validation.values)
    return leader.validation.deviation / math.sqrt(ended)


def step(known: Evidence, cell: CellResult) -> float | None:
    """Return the time of a step of a cell."""
    return known.costs.step(known.name, cell.model, cell.optimizer)


def next_change(known: Evidence) -> str:
    """Return the most promising next change, in Markdown."""
    return next(change for rule in RULES if (change := rule(known)) is not None)


def all_diverged(known: Evidence) -> str | None:
    """Lower the rates where every final run diverged."""
    if known.leader is not None:
        return None
    return (
        "lower learning rates: every final run diverged. Lower the upper end of `learning_rate` under "
        "`optimizers.<name>.search` by a factor of 10."
    )


def no_better_than_a_reference(known: Evidence) -> str | None:
    """Train for longer where the leader is not significantly better than a prediction that needs no network.

    A recipe with a better validation score shows more, so the next rule applies there.
    """
    leader = known.leader
    if leader is None or leader.no_better_than is None:
        return None
    if any(of.first and of.recipe for of in references(known)):
        return None
    return f"{longer_or_larger(known)}: the leader is no better than {leader.no_better_than}."


def longer_or_larger(known: Evidence) -> str:
    """Return the advice for tasks on which no network is good enough."""
    epochs = known.task.training.epochs
    return f"more epochs (`tasks.{known.name}.training.epochs`, now {epochs}) or a larger network"


def better_reference(known: Evidence) -> str | None:
    """Train as the best recipe does, or for longer where a baseline is better than every network."""
    found = next((of for of in references(known) if of.first), None)
    if found is None:
        return None
    epochs, key = known.task.training.epochs, f"`tasks.{known.name}.training`"
    if found.recipe is None:
        return f"{longer_or_larger(known)}: no network is as good as {found.title}."
    path = paths.recipe(known.name, found.recipe.model)
    trained = f"trains for {plural(found.recipe.epochs, 'epoch')}, the contest for {epochs}"
    if found.recipe.epochs > epochs:
        return f"more epochs: {found.title} {trained}. Bring {key} nearer to `{path}`."
    return f"the settings of {found.title}: bring {key} nearer to `{path}`."


def pick_at_edge(known: Evidence) -> str | None:
    """Widen the space where the leader's pick lies at its edge."""
    leader = known.leader
    if leader is None or leader.search.edge is None:
        return None
    low, high = known.task.spaces[leader.optimizer]["learning_rate"]
    upper = leader.search.pick["learning_rate"] > math.sqrt(low * high)
    end, now, then = ("upper", high, 10 * high) if upper else ("lower", low, low / 10)
    rate, key = number(leader.search.pick["learning_rate"], 3), f"optimizers.{leader.optimizer}.search.learning_rate"
    return (
        f"a wider search space: the leader's learning rate, {rate}, is at its edge. Move the {end} end of `{key}` "
        f"from {now:g} to {then:g}."
    )


def still_rising(known: Evidence) -> str | None:
    """Train for longer where the leader's metric on the validation subset still rises in the last quarter of the steps.

    Moment i of m is measured after ceil(i S / m) of S steps, so the last quarter starts at a moment up to one step
    late. The standard error is that of the leader's mean on all validation data.
    """
    error, found = standard_error(known), rise(known)
    if found is None or error is None or found[0] <= error:
        return None
    gain, share = found
    key, metric = f"tasks.{known.name}.training.epochs", METRICS[known.task.metric]
    return (
        f"more epochs (`{key}`, now {known.task.training.epochs}): the leader's {metric} on the validation subset "
        f"still rose by {number(gain, 2)} in the last {percent(round(share, 2))} of the steps, more than one standard "
        f"error ({number(error, 2)}) of its mean on all validation data."
    )


def rise(known: Evidence) -> tuple[float, float] | None:
    """Return the rise of the leader's metric at the end of its curve, and the share of the steps in which it rose.

    None if the curve has no earlier point, or there is no standard error to compare the rise with.
    """
    if not known.curve or standard_error(known) is None:
        return None
    end = known.curve[-1]
    before = [point for point in known.curve if point.step < end.step and point.step <= math.ceil(LATE * end.step)]
    if not before:
        return None
    return end.metric.mean - before[-1].metric.mean, 1 - before[-1].step / end.step


def wide_tie(known: Evidence) -> str | None:
    """Add seeds where a stated number of them would separate half of the ties from the leader.

    The level of a comparison is that of the contest: Bonferroni's, over all ordered pairs of the cells compared.
    """
    leader = known.leader
    tied = [cell for cell in known.task.cells if cell.tied]
    if leader is None or not tied:
        return None
    at = level(sum(cell.p is not None for cell in known.task.cells), known.confidence)
    needed = [seeds_to_show(difference(leader, cell), at, MOST_SEEDS) for cell in tied]
    half = sorted(math.inf if seeds is None else seeds for seeds in needed)[(len(needed) - 1) // 2]
    if math.isinf(half):
        return None
    models = list(dict.fromkeys(cell.model for cell in (leader, *tied)))
    now = spanned((len(cell.seeds) for cell in (leader, *tied)), "seed")
    keys = budget_key(*(f"finals.{model}" for model in models))
    return (
        f"more final seeds ({keys}): with about {half} in place of {now}, differences as large as "
        f"the measured ones would be significant for {plural((len(needed) + 1) // 2, 'tied cell')}."
    )


def difference(leader: CellResult, cell: CellResult) -> Values:
    """Return the leader's validation scores minus those of a cell, over the seeds that both ended."""
    ours, theirs = (np.array(of.validation.values, dtype=float) for of in (leader, cell))
    return pairs(leader.seeds, ours, cell.seeds, theirs)


def diverged_trials(known: Evidence) -> str | None:
    """Narrow the space of the cell with the largest share of diverged trials; of several, that of the best cell.

    A space is not narrowed if a cell of the task picked a learning rate in its upper part.
    """
    wide = [cell for cell in known.task.cells if share_diverged(cell) >= LOST and not picked_above(known, cell)]
    if not wide:
        return None
    cell = max(wide, key=lambda found: (share_diverged(found), -found.rank))
    key = f"optimizers.{cell.optimizer}.search.learning_rate"
    count = f"{cell.runs.trial.diverged} of the {plural(cell.runs.trial.runs, 'trial')} of {cell_name(cell)} diverged"
    ended = [rate for rate, score in cell.search.trials if score is not None]
    least, check = lowest_diverged(cell), "all tasks share it, so check their picks."
    if ended and least > max(ended):
        least_shown = number(least, 2)
        return (
            f"a narrower search space: {count}, all at {least_shown} and above. Lower the upper end of `{key}` to "
            f"{least_shown}; {check}"
        )
    return f"a narrower search space: {count}. Lower the upper end of `{key}`; {check}"


def share_diverged(cell: CellResult) -> float:
    """Return the share of a cell's trials that diverged."""
    return cell.runs.trial.diverged / max(cell.runs.trial.runs, 1)


def lowest_diverged(cell: CellResult) -> float:
    """Return the lowest learning rate at which a trial diverged."""
    return min(rate for rate, score in cell.search.trials if score is None)


def picked_above(known: Evidence, cell: CellResult) -> bool:
    """Return whether a cell under the same optimizer picked a rate at which this one diverges, or a higher one.

    The pick of a cell whose trials all diverged does not count.
    """
    picks = [
        of.search.pick["learning_rate"]
        for of in known.task.cells
        if of.optimizer == cell.optimizer and any(score is not None for _, score in of.search.trials)
    ]
    return any(pick >= lowest_diverged(cell) for pick in picks)


def larger_search(known: Evidence) -> str:
    """Search at more points where no other rule applies."""
    search = f"a larger search ({budget_key('trials')}, now {known.task.budget.trials})"
    return f"{search}: {listed(tested(known))}."


def tested(known: Evidence) -> list[str]:
    """Return the findings of the other rules, none of which applied."""
    found = ["the leader's learning rate is inside its search space"]
    if all(share_diverged(cell) < LOST for cell in known.task.cells):
        found.append("few trials of any cell diverged")
    else:
        found.append("a narrower space would exclude a learning rate that a cell picked")
    error, risen = standard_error(known), rise(known)
    if error is not None and risen is not None:
        found.append(f"the leader's curve {'is flat' if risen[0] >= -error else 'falls'} at the end")
    leader, tied = known.leader, [cell for cell in known.task.cells if cell.tied]
    if leader is not None and tied and all(difference(leader, cell).size > 1 for cell in tied):
        found.append(f"{MOST_SEEDS} seeds would not be enough to separate half of the tied cells")
    return found


def budget_key(*names: str) -> str:
    """Return the keys of the contest's part of the chosen budget, and where they are."""
    keys = ", ".join(f"`contest.{name}`" for name in names)
    return f"{keys} in the table of `budgets` that `budget` names"


RULES: tuple[Callable[[Evidence], str | None], ...] = (
    all_diverged,
    no_better_than_a_reference,
    better_reference,
    pick_at_edge,
    still_rising,
    wide_tie,
    diverged_trials,
    larger_search,
)
