"""The opening of the report: a recommendation for each task, its certainty and cost, and what to try next."""

from collections.abc import Sequence

from bakeoff.base import paths
from bakeoff.report.decision import Evidence, Reference, cheaper, next_change, references, step
from bakeoff.report.escaping import code, plain
from bakeoff.report.formatting import (
    METRICS,
    by_model,
    cell_name,
    estimate,
    listed,
    mean_and_half,
    number,
    percent,
    plural,
    seconds,
    settings,
)
from bakeoff.report.sections.contest import outcome, remarks_on, tie
from bakeoff.results.model import CellResult, TaskComparison

INTRODUCTION = """## Recommendations

For each task, the recommendation is the leader, which has the best mean on validation data, or a recipe or baseline
with a better validation score. If a reference that needs no network (majority class, chance, a mask, intensities) has
the best score, the page says that nothing better was found, and names the leader. Intervals are over seeds."""


def section(tasks: Sequence[Evidence]) -> str:
    """Return the opening in Markdown."""
    return "\n\n".join([INTRODUCTION, *(decision(known) for known in tasks)])


def decision(known: Evidence) -> str:
    """Return the recommendation on one task, with its reasons."""
    leader, better = known.leader, references(known)
    lines = []
    if leader:
        lines += [
            f"**Score**: {scores(known, leader)}",
            f"**Certainty**: {certainty(known, leader)}",
            f"**Cost**: {cost(known, leader)}",
            f"**Model**: {model(known, leader)}",
            f"**Command**: {command(known, leader)}",
        ]
    named = [of for of in better if not (of.first and of is better[0])]
    if named:
        lines.append(f"**Also better**: {'; '.join(where_better(known, of) for of in named)}.")
    lines.append(f"**Try next**: {next_change(known)}")
    bullets = "\n".join(f"- {line}" for line in lines)
    return f"### {plain(known.name)}\n\n{use(known, leader, better)}\n\n{bullets}"


def use(known: Evidence, leader: CellResult | None, better: Sequence[Reference]) -> str:
    """Return the sentence that names what to use, or that nothing is better than a reference."""
    contest = f"{cell_name(leader)}**, {settings(leader.search.pick)}" if leader else ""
    first = next((of for of in better if of.first), None)
    if first is None:
        return f"**Use {contest}." if leader else "Nothing can be recommended: every final run diverged."
    if not first.usable:
        then = f"the leader is **{contest}." if leader else "every final run diverged."
        return f"**Nothing better than {first.title} was found** ({scores_of(known, first)}); {then}"
    how = trained_by(known, first)
    behind = f" In the contest, **{contest}, leads:" if leader else " In the contest every final run diverged."
    return f"**Use {first.title}**: {scores_of(known, first)}.{how}{behind}"


def trained_by(known: Evidence, found: Reference) -> str:
    """Return the path of a recipe's model and the command that trains it; nothing for a baseline."""
    if found.recipe:
        path = paths.weights("recipes", f"{known.name}-{found.recipe.model}")
        return f" {code(path)}, trained by {code(f'dvc repro train_recipe_{known.name}@{found.recipe.model}')}."
    return ""


def scores_of(known: Evidence, found: Reference) -> str:
    """Return the scores of a recipe or a baseline."""
    metric, test = METRICS[known.task.metric], mean_and_half(found.test, found.interval)
    if found.validation is None:
        return f"{metric} {test} on test data (trained on the validation data too)"
    return f"{metric} {number(found.validation)} on validation and {test} on test data"


def where_better(known: Evidence, found: Reference) -> str:
    """Return a recipe or a baseline with its scores, and the data on which it is better than the leader."""
    if found.validation is None:
        return f"{found.title}, {scores_of(known, found)}"
    but = "" if "validation" in found.sides else ", but not on validation data"
    return f"{found.title} on {listed(found.sides)} data{but} ({scores_of(known, found)})"


def scores(known: Evidence, leader: CellResult) -> str:
    return (
        f"{METRICS[known.task.metric]} {estimate(leader.validation)} on validation and {estimate(leader.test)} on test "
        f"data, mean over {plural(len(leader.seeds), 'seed')} ± half of the {percent(known.confidence)} confidence "
        "interval."
    )


def certainty(known: Evidence, leader: CellResult) -> str:
    """Return whether the leader wins, its ties, and the cells that are unstable or no better than a reference."""
    lost = [f"{plural(len(leader.diverged), 'final run')} of the leader diverged."] if leader.diverged else []
    sentences = [standing(known.task), *tie(known.task), *lost, *remarks_on(known.task)]
    return " ".join(sentences).replace("**", "")


def standing(task: TaskComparison) -> str:
    """Return whether the leader wins, and if not, why."""
    others, tied = len(task.cells) - 1, [cell for cell in task.cells if cell.tied]
    match task.no_winner:
        case None:
            return f"it wins against {plural(others, 'other cell')}."
        case "alone":
            return "it is the only cell."
        case "tied":
            return f"no single winner: statistically tied with {len(tied)} of {others} other cells: {by_model(tied)}."
        case _:
            return outcome(task)


def cost(known: Evidence, leader: CellResult) -> str:
    """Return the time of a step and of the steps of a training, the number of weights, and a cell that costs less."""
    price = step(known, leader)
    parts = []
    if price is not None:
        steps = known.curve[-1].step if known.curve else None
        whole = f", {seconds(price * steps)} for the {plural(steps, 'step')} of a training" if steps else ""
        parts.append(f"{seconds(price)} per step{whole} on one core of {plain(known.costs.name)}")
    weights, state = known.task.parameters.get(leader.model), known.task.state.get(leader.optimizer)
    parts += [plural(weights, "parameter")] if weights is not None else []
    parts += [f"{plural(state, 'float')} of optimizer state for each parameter"] if state is not None else []
    text = f"{'; '.join(parts)}." if parts else "not measured."
    less = cheaper(known)
    if less is None or price is None:
        return text
    share = 1 - (step(known, less) or price) / price
    return f"{text} {cell_name(less)} is within one standard error and costs {100 * share:.0f}% less per step."


def model(known: Evidence, leader: CellResult) -> str:
    name = f"{leader.model}-{leader.optimizer}"
    best = known.task.winner.seed if known.task.winner else leader.seeds[0]
    weights, card = paths.weights(known.name, name), paths.card(known.name, name)
    return f"{code(weights)}, described by {code(card)}. The best seed on validation data is {best}."


def command(known: Evidence, leader: CellResult) -> str:
    stage = f"train_{known.name}@{leader.model}-{leader.optimizer}"
    return (
        f"{code(f'bakeoff predict {known.name} INPUT --to OUT')} applies it to new data. "
        f"{code(f'bakeoff explain {known.name} --to FOLDER')} shows its errors and its calibration. "
        f"{code(f'dvc repro {stage}')} trains it again if an input has changed. {code('bakeoff ui')} registers its "
        f"best seed in MLflow as {code(f'models:/{known.name}@champion')}."
    )
