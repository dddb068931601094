"""The sections on the contest: its protocol, the ranks over all problems, and the results of each task."""

from collections.abc import Mapping, Sequence

from bakeoff.data.card import Card
from bakeoff.report.escaping import plain
from bakeoff.report.figures.overview import STEPS
from bakeoff.report.formatting import (
    DASH,
    METRICS,
    below,
    by_model,
    cell_name,
    estimate,
    limits,
    listed,
    number,
    percent,
    picture,
    plural,
    probability,
    seconds,
    settings,
    size,
    spanned,
    table,
)
from bakeoff.report.sections import one_setting
from bakeoff.results.compare import LEAST_SEEDS
from bakeoff.results.model import (
    Arrival,
    CellResult,
    Comparison,
    Interval,
    NoWinner,
    Profile,
    Ranks,
    Target,
    TaskComparison,
)
from bakeoff.results.multiple_comparisons import CELLS
from bakeoff.results.power import EFFECTS, POWER
from bakeoff.results.step_costs import Costs, profiles, relaxed_profiles
from bakeoff.results.test_set_error import error, largest_explained
from bakeoff.results.time_to_target import FARTHEST

BYTES = 4  # of a weight and of a float of state


def procedure(tasks: Mapping[str, TaskComparison], confidence: float) -> str:
    """Return the protocol, and how to read the tables."""
    rows = []
    for name, task in tasks.items():
        budget, training = task.budget, task.training
        seeds = {cell.model: len(cell.seeds) for cell in task.cells}
        rows.append(
            [
                name,
                ", ".join(f"{model} {count}" for model, count in sorted(seeds.items())),
                str(len(task.spaces)),
                str(budget.trials),
                f"{budget.finalists} x {budget.reruns}",
                str(budget.defaults),
                str(training.epochs),
                str(training.batch_size),
                training.schedule,
                str(training.evaluations),
                f"{task.runs.runs:,}",
            ]
        )
    header = ["task", "final seeds of", "optimizers", "trials", "reruns", "default runs", "epochs", "batch", "schedule"]
    header += ["evaluations", "trainings"]
    spaces: dict[str, Mapping[str, Interval]] = {}
    for task in tasks.values():
        spaces |= task.spaces
    searched = [
        [
            optimizer,
            ", ".join(
                f"{name} {low:g} to {high:g}"
                for name, (low, high) in sorted(space.items(), key=lambda item: (item[0] != "learning_rate", item[0]))
            ),
        ]
        for optimizer, space in spaces.items()
    ]
    return f"""## Protocol

Every optimizer has the same budget on each network. Only runs whose seeds were not used for any choice are ranked.

### The contest in full

The search of a cell begins with **trials**: quasi-random points of the optimizer's search space, each trained from one
seed. The best trials are trained again from new seeds (**reruns**); the point with the best mean on validation data is
picked. The **final** runs train the picked hyperparameters from seeds that were not used for any choice, and only these
runs are ranked. The **default** runs train the default hyperparameters of params.yaml from the first of the final
seeds. With the same seed, all optimizers start from the same weights and see the examples in the same order, so runs
are paired. All runs of a task have the same number of epochs and the same batch size.

{table(header, rows)}

The search spaces are log-uniform (in 1 - beta for decay rates). Hyperparameters that are not listed here have their
default value:

{table(["optimizer", "searched"], searched)}

- **Mean ± half-width** over seeds: the {percent(confidence)} confidence interval of Student's t. It holds for
  other seeds on the same data, not for other data. `comparison.json` also has bootstrap intervals. With few seeds they
  are too narrow (no resample leaves the range of the values), so they are not shown here.
- **Ranks** are by the mean on validation data. Each final and default run read the test data once, after its last
  step; no choice depends on test data.
- **Family-wise error rate**: a family is all cells of a task, or all optimizers of one network. With a probability of
  at least {percent(confidence)}, no cell of a family whose true mean equals the best one is declared worse. The true
  mean is over all seeds, on this data and split, at the picked hyperparameters; the ranking on other data may differ.
  The rate holds for each family separately, for approximately symmetric differences, and among cells with the same
  share of diverged runs: a cell with a larger share is ranked below them without a test. It was measured by simulation
  (`python -m benchmarks.significance`).
- **Tied** (statistically tied): the cell may be the best, and is not too unstable to rank. One-sided paired t-tests
  compare it with every other cell over their common seeds; none has p <= {1 - confidence:.2g} after adjustment for all
  comparisons. A tie does not show equality: more seeds detect smaller differences.
- **Behind the best by**: confidence limits of the difference between the best true mean and that of the cell. They hold
  for all cells of the family together, at {percent(confidence)}. They are more conservative than the tests, so a cell
  may be significantly worse although its lower limit is 0.
- **Too unstable to rank**: the standard deviation over seeds exceeds `comparison.unstable_above` times the metric's
  range (accuracy and Dice 1, area under the ROC curve 0.5). Such a cell is not called tied, and the best mean in
  the limits of the other cells is the best one among them.
- **No better than** the majority class (accuracy), chance (area under the ROC curve), a mask with one label or the
  intensity baseline (Dice): the mean on validation data is not significantly larger than that score, one-sided at
  {percent(confidence)}, given the variation over seeds and the sampling error of the validation data. For Dice the
  sampling error is not included, because there is no formula for it.
- **No winner**: the leader wins only if no other cell may be the best. It does not win if it is itself too unstable or
  no better than such a score, if it shares fewer than {LEAST_SEEDS} seeds with a cell that it is compared with, or if
  it leads because more runs of others diverged.
- **Detectable difference** and **seeds needed**: the smallest mean difference that a typical comparison detects with
  these seeds, and the number of seeds with which it detects a true difference of 0.5, 1 or 2 standard deviations of the
  paired differences with a power of {percent(POWER)}. Both assume Bonferroni's level and no moderated variances, so
  they are upper limits: the tests detect smaller differences, especially in families of {CELLS} cells or more.
- **Test set too small**: the test examples are the same for all seeds. The page says so if a difference between two
  test means is within the sampling error of the test set.
- **Diverged** runs are counted and never dropped: a cell ranks below all cells with a smaller share of diverged runs,
  and its mean is over the other runs.
{recipe_note(tasks)}- **Learning curves** are in steps. Each training is measured at evenly
  spaced steps (column `evaluations` of the table) on a fixed subset of the validation data, which is the same in all
  runs of a task, and at its end on all validation data too. Ranks are from all validation data; curves and times to the
  target are from the subset.
- **The target** of a network is the median metric on the validation subset of its leading optimizer's final runs. The
  time to the target is the first measured step that reaches it, and is infinite if no step does. The tables show the
  time by which half of the runs reach it."""


def recipe_note(tasks: Mapping[str, TaskComparison]) -> str:
    """Return the definition of a recipe if any task has one."""
    return RECIPE if any(task.recipes for task in tasks.values()) else ""


RECIPE = """\
- **Recipe**: the best known training of a network, with its own optimizer, epochs, schedule and network
  (`recipes/<task>/<network>.yaml`). It is not ranked, because its training is longer. If the row says so, the
  network was trained on training and validation data together and has no validation score; the recipe was chosen before
  that, on held-out validation data.
"""


def overall(comparison: Comparison, costs: Costs) -> str:
    """Return ranks, times to target, and the cost of a step."""
    found, relaxed = profiles(comparison, costs), relaxed_profiles(comparison, costs)
    parts = ["## Over all problems", "A problem is one network on one task."]
    if comparison.ranks:
        parts += [ranking(comparison.ranks, comparison.confidence), picture("mean ranks", "ranks.png")]
    else:
        parts.append(unranked(comparison.tasks))
    if found:
        parts += [speeds(found), picture("performance profiles", "profile.png")]
    if relaxed:
        parts += [
            one_setting.relaxed_scores(found, relaxed),
            picture("performance profiles by relaxed targets, in steps", one_setting.RELAXED),
        ]
    parts += [
        *one_setting.section(comparison),
        step_costs(comparison.tasks, costs),
        "### Trajectories on 2-D test functions",
        f"{STEPS} steps from the same start (ring). Each optimizer has the learning rate with the lowest final value, "
        "from a grid of half decades, and default values of all other hyperparameters. A dot marks the end, a star "
        "each minimum. The gradients have no noise.",
        picture("trajectories on 2-D test functions", "trajectories.png"),
    ]
    return "\n\n".join(parts)


def unranked(tasks: Mapping[str, TaskComparison]) -> str:
    """Return why there are no mean ranks."""
    if len({optimizer for task in tasks.values() for optimizer in task.state}) < 2:
        return "There is only one optimizer, so optimizers are not ranked."
    if all(task.winner is None for task in tasks.values()):
        return "Every final run diverged, so optimizers are not ranked."
    return "Fewer than two optimizers have finished runs on a common set of problems, so optimizers are not ranked."


def ranking(ranks: Ranks, confidence: float) -> str:
    alpha, others = 1 - confidence, ranks.over_problems
    problems = len(ranks.problems)
    names = sorted(ranks.mean, key=ranks.mean.__getitem__)
    if ranks.p > alpha:
        sentence = f"**No optimizer leads**: Friedman's test finds no significant difference (p = {ranks.p:.2g})."
    else:
        ahead = next((group for group in ranks.groups if names[0] in group), [names[0]])
        with_it = listed(name for name in ahead if name != names[0])
        sentence = f"**{names[0]}** has the best mean rank" + (
            f" and is statistically tied with {with_it}." if with_it else ", significantly better than all others."
        )
    text = (
        f"{sentence} Ranks are of the validation metric among the {len(names)} optimizers, on "
        f"{plural(problems, 'problem')} with {plural(ranks.seeds, 'seed')} each. Bars join mean ranks that differ "
        f"by less than the critical difference of Nemenyi's test at {percent(alpha)} (after Friedman's test, p "
        f"{below(ranks.p)}). This holds for these problems. To generalise to other problems, each problem is one "
        f"block: the critical difference is then {others.difference:.2f} (Friedman's test: p {below(others.p)})."
    )
    if ranks.left_out:
        text += f" Left out, because they did not run on every problem: {listed(ranks.left_out)}."
    return text


def speeds(found: Mapping[str, Profile]) -> str:
    score = found["steps"].score
    order = sorted(score, key=lambda name: (-score[name], name))
    first = [name for name in order if score[name] == score[order[0]]]
    return (
        f"**Time to the target**: {listed(first)} {'is' if len(first) == 1 else 'are'} fastest by steps. A line shows "
        "the share of problems on which the median run of an optimizer reaches the target within a multiple of the "
        "fastest optimizer's time. It starts at the share of problems on which the optimizer is the fastest and ends "
        f"at the share on which it reaches the target. The score is the mean height up to {FARTHEST:g} times (1 for "
        "an optimizer that is the fastest everywhere). Overlapping lines are offset slightly."
    )


def step_costs(tasks: Mapping[str, TaskComparison], costs: Costs) -> str:
    """Return time and memory of a step."""
    problems = [(name, model) for name, task in sorted(tasks.items()) for model in sorted(task.models)]
    state = {optimizer: floats for task in tasks.values() for optimizer, floats in task.state.items()}
    weights = {(name, model): tasks[name].parameters[model] for name, model in problems}
    cheapest = {
        problem: min((cost for of in state if (cost := costs.step(*problem, of)) is not None), default=None)
        for problem in problems
    }
    header = ["optimizer", *(f"{name}: {model}" for name, model in problems)]
    times, memory = [], []
    for optimizer, floats in sorted(state.items(), key=lambda item: (item[1], item[0])):
        taken = [(costs.step(*problem, optimizer), cheapest[problem]) for problem in problems]
        times.append([optimizer, *(relative(cost, least) for cost, least in taken)])
        memory.append(
            [
                optimizer,
                str(floats),
                *(size(floats * BYTES * weights[problem]) if floats else "0" for problem in problems),
            ]
        )
    bare = ["the cheapest step", *(seconds(cheapest[problem]) for problem in problems)]
    held = ["the weights", DASH, *(size(BYTES * weights[problem]) for problem in problems)]
    return "\n\n".join(
        [
            "### Cost of a step",
            f"Time of a step (gradient and update) on one core of {plain(costs.name)}, as a multiple of that of the "
            "cheapest optimizer. `python -m benchmarks.costs` measures the optimizers in alternation.",
            table(header, [bare, *times]),
            "Memory of the optimizer's state, in addition to the weights, in floats of 4 bytes:",
            table([header[0], "floats per weight", *header[1:]], [held, *memory]),
        ]
    )


def relative(cost: float | None, least: float | None) -> str:
    return DASH if cost is None or least is None else f"{cost / least:.2f}"


def contest(name: str, task: TaskComparison, card: Card, costs: Costs, confidence: float) -> list[str]:
    """Return the parts of one task: the winner, the ranks, the gain from tuning, and the times to the target."""
    metric, shown = METRICS[task.metric], plain(name)
    too_small = held_out(task, card, confidence)
    return [
        verdict(task),
        *([too_small] if too_small else []),
        *([within_models(task)] if len(task.models) > 1 and len(task.state) > 1 else []),
        picture(f"{metric} of {shown}, by cell", f"metric-{name}.png"),
        cells_table(task),
        picture(f"learning curves of {shown}", f"curves-{name}.png"),
        curves_note(task, card),
        f"### Gain from tuning on {shown}",
        sensitivity(task),
        tuned_table(task),
        picture(f"trials of {shown} by learning rate", f"rates-{name}.png"),
        edges(task),
        f"### Time to the target on {shown}",
        *targets(name, task, costs),
    ]


def curves_note(task: TaskComparison, card: Card) -> str:
    """Return what the curves show, and on which examples they were measured."""
    held, taken = card.validation.examples, task.validation_subset
    on = f"all {held:,} validation examples" if taken == held else f"{taken:,} of the {held:,} validation examples"
    stratified = "" if taken == held or task.kind == "scans" else ", a random subset stratified by class"
    return (
        "Final runs: mean over seeds, with a band from the lowest to the highest. A cross marks the last measured step "
        f"before a run diverged. Measured on {on}{stratified}, the same in all runs; the ranks come from all."
    )


def verdict(task: TaskComparison) -> str:
    """Return sentences on the winner, or on why there is none, and on the power of the comparison."""
    cells = task.cells
    if task.no_winner == "all diverged":
        return "Every run diverged, so nothing can be ranked."
    sentences = [outcome(task), *tie(task), *remarks_on(task)]
    if task.detectable is not None:
        sentences.append(
            f"A typical comparison detects differences of {task.detectable:.2g} or more, and possibly smaller ones."
        )
    if task.seeds_needed:
        effects = listed(f"{needed.effect:g}" for needed in task.seeds_needed)
        seeds = listed(str(needed.seeds) for needed in task.seeds_needed)
        sentences.append(
            f"To detect {effects} standard deviations of the paired differences with a power of {percent(POWER)}, "
            f"at most {seeds} seeds are needed."
        )
    lost = [(cell_name(cell), len(cell.diverged)) for cell in cells if cell.diverged]
    if lost:
        named = listed(f"{cell} ({count})" for cell, count in lost)
        total = sum(len(cell.seeds) for cell in cells)
        sentences.append(f"{plural(sum(count for _, count in lost), 'final run')} of {total:,} diverged: {named}.")
    return " ".join(sentences)


def outcome(task: TaskComparison) -> str:
    """Return the sentence that names the winner, or the reason why there is none."""
    cells = task.cells
    leader = cell_name(cells[0])
    none = f"**No winner.** {leader} has the best mean"
    match task.no_winner:
        case None:
            return f"**{leader} wins**: {reason(cells)}."
        case "alone":
            return f"{leader} is the only cell."
        case "tied":
            return f"**No single winner.** {leader} has the best mean and is statistically tied with {ties(task)}."
        case "no better than the reference":
            return f"{none}, but is no better than {cells[0].no_better_than}, so it does not win."
        case "too few seeds":
            return (
                f"{none}, but does not win: it shares fewer than {LEAST_SEEDS} seeds with a cell that it is compared "
                "with."
            )
        case "diverged rivals":
            more = by_model(cell for cell in cells[1:] if cell.p is None)
            return f"**No winner.** {leader} leads because more runs of others diverged: {more}."
        case "unstable" if cells[0].unstable:
            return f"{none}, but is too unstable to rank, so it does not win."
        case "unstable":
            rivals = by_model(cell for cell in cells[1:] if cell.unstable and cell.may_be_best)
            return f"{none}, but others are too unstable to decide whether they are worse: {rivals}."
        case "worse over common seeds":
            return f"{none} over its own seeds, but over the common seeds another cell is significantly better."
        case "all diverged":
            return "Every run diverged."


def tie(task: TaskComparison) -> list[str]:
    """Return a sentence on the ties of a leader that does not win for another reason."""
    return [f"It is statistically tied with {ties(task)}."] if task.tied_with and task.no_winner != "tied" else []


def ties(task: TaskComparison) -> str:
    """Return `all others (5 seeds): cnn under sgd`."""
    count, others = len(task.tied_with), len(task.cells) - 1
    those = "all others" if count == others else f"{count} of the {others} others"
    seeds = spanned((len(cell.seeds) for cell in task.cells), "seed")
    return f"{those} ({seeds}): {by_model(cell for cell in task.cells if cell.tied)}"


def remarks_on(task: TaskComparison) -> list[str]:
    """Return sentences on the cells that are too unstable to rank, and on those no better than a reference."""
    found = []
    if unstable := [cell for cell in task.cells if cell.unstable]:
        found.append(f"Too unstable to rank: {by_model(unstable)}.")
    for reference in task.references:
        if missed := [cell for cell in task.cells if cell.no_better_than == reference.name]:
            found.append(f"No better than {reference.name} ({number(reference.validation)}): {by_model(missed)}.")
    return found


def reason(cells: Sequence[CellResult]) -> str:
    """Return why the leader wins: only cells with no more diverged runs than the leader are tested."""
    if all(cell.p is not None for cell in cells[1:]):
        return "it is significantly better than all others"
    return "the others are significantly worse or had more diverged runs"


def held_out(task: TaskComparison, card: Card, confidence: float) -> str | None:
    """Name the cells that the test set is too small to distinguish from the leader; None if there is no formula."""
    metric, others, labels = task.metric, task.cells[1:], card.test.labels
    value = task.leader.test.mean
    of_leader = None if value is None else error(metric, value, labels)
    if value is None or of_leader is None or not others:
        return None
    ended = [(cell, cell.test.mean) for cell in others if cell.test.mean is not None]
    lost = [cell for cell in others if cell.test.mean is None]
    left_out = f" Left out, because every final run diverged: {by_model(lost)}." if lost else ""
    near = []
    explained = []
    for cell, mean in ended:
        limit = largest_explained(metric, value, mean, labels, confidence)
        if limit is not None and abs(mean - value) <= limit:
            near.append(cell)
            explained.append(limit)
    formula = {"accuracy": "binomial", "auc": "Hanley and McNeil's formula for independent rows"}[metric]
    half = largest_explained(metric, value, value, labels, confidence)
    sentence = (
        f"Sampling error of the test set ({sum(labels):,} examples): the leader's test {METRICS[metric]} of "
        f"{value:.4f} has a standard error of {of_leader:.2g} ({formula})"
    )
    if not near:
        more = ", and all others differ by more" if ended else ""
        return f"{sentence}. It can explain differences of up to {half:.2g}{more}.{left_out}"
    count = "all others" if len(near) == len(ended) else f"{len(near)} of the {len(ended)} others"
    return (
        f"{sentence}. It can explain differences of up to {max(explained):.2g}. **The test set is too small to "
        f"distinguish the leader from {count}**: {by_model(near)}.{left_out}"
    )


REASONS: Mapping[NoWinner, str] = {
    "all diverged": "no winner: all diverged",
    "no better than the reference": "no winner: no better than a prediction without a network",
    "alone": "the only optimizer",
    "too few seeds": f"no winner: fewer than {LEAST_SEEDS} seeds in common",
    "diverged rivals": "no winner: more runs of the others diverged",
    "unstable": "no winner: too unstable to rank",
    "tied": "no winner: tied",
    "worse over common seeds": "no winner: another is better over the seeds in common",
}


def within_models(task: TaskComparison) -> str:
    """Return the leader and its ties among each model's optimizers."""
    rows = [
        [
            model,
            family.leader or DASH,
            REASONS[family.no_winner] if family.no_winner else "wins",
            listed(family.tied_with) or DASH,
            number(family.detectable, 2),
            ", ".join(str(needed.seeds) for needed in family.seeds_needed) or DASH,
        ]
        for model, family in task.models.items()
    ]
    words = "Comparison of the optimizers within each model:"
    seeds = f"seeds needed for {', '.join(f'{effect:g}' for effect in EFFECTS)} SD"
    header = ["model", "leading optimizer", "result", "tied with it", "detectable difference", seeds]
    return f"{words}\n\n{table(header, rows)}"


def cells_table(task: TaskComparison) -> str:
    rows = []
    for cell in task.cells:
        scores = [estimate(cell.validation), estimate(cell.test), limits(cell.behind), probability(cell.adjusted_p)]
        place = [str(cell.rank), cell.model, cell.optimizer, str(len(cell.seeds))]
        rows.append([*place, *scores, ", ".join(marks(task, cell))])
    for recipe in task.recipes:
        validation = DASH if recipe.validation is None else estimate(recipe.validation)
        scores = [validation, estimate(recipe.test), DASH, DASH]
        remarks = ["recipe, trained on training and validation data" if recipe.refit else "recipe"]
        remarks += [f"{len(recipe.diverged)} diverged"] if recipe.diverged else []
        rows.append(["", recipe.model, recipe.optimizer, str(recipe.runs), *scores, ", ".join(remarks)])
    for baseline in task.baselines:
        scores = [number(baseline.validation), number(baseline.test)]
        rows.append(["", baseline.model, DASH, DASH, *scores, DASH, DASH, "baseline: scikit-learn"])
    header = ["", "model", "optimizer", "seeds", "validation", "test", "behind the best by", "adjusted p", ""]
    return table(header, rows)


def marks(task: TaskComparison, cell: CellResult) -> list[str]:
    """Return the remarks on a cell."""
    found = ["leader"] if cell.rank == 1 and task.winner else ["tied"] if cell.tied else []
    found += ["too unstable to rank"] if cell.unstable else []
    found += [f"no better than {cell.no_better_than}"] if cell.no_better_than else []
    return found + ([f"{len(cell.diverged)} diverged"] if cell.diverged else [])


def sensitivity(task: TaskComparison) -> str:
    """Return sentences on how many cells tuning helped, and on how to read the table of tuning."""
    gains = [cell.gain.interval for cell in task.cells if cell.gain.interval]
    better, worse = sum(low > 0 for low, _ in gains), sum(high < 0 for _, high in gains)
    untested = (
        "with a single default run"
        if max(cell.runs.default.runs for cell in task.cells) < 2
        else "of any cell: too few final and default runs of the same seed ended"
    )
    sentence = (
        f"On test data, tuning significantly helped {better} of {plural(len(task.cells), 'cell')} and significantly "
        f"hurt {worse}."
        if gains
        else f"The gain cannot be tested {untested}."
    )
    return (
        f"{sentence} The gain is the test {METRICS[task.metric]} of the final runs minus that of the default runs, "
        "paired by seed; each interval is for one cell. The median trial is the score of a typical random point of the "
        "space: the lower it is compared with the best trial, the more sensitive the optimizer is to its "
        "hyperparameters."
    )


def tuned_table(task: TaskComparison) -> str:
    rows = []
    for cell in sorted(task.cells, key=lambda cell: (cell.model, cell.rank)):
        search, runs = cell.search, cell.runs.total
        rows.append(
            [
                cell.model,
                cell.optimizer,
                estimate(cell.default.test),
                estimate(cell.test),
                estimate(cell.gain),
                number(search.best),
                number(search.median),
                f"{runs.diverged} of {runs.runs}",
                settings(search.pick),
            ]
        )
    header = ["model", "optimizer", "default, test", "tuned, test", "gain", "best trial", "median trial"]
    return table([*header, "runs diverged", "picked"], rows)


def edges(task: TaskComparison) -> str:
    """Return the warnings of the searches that ended at the edge of their space."""
    found = [cell for cell in task.cells if cell.search.edge]
    if not found:
        return "No picked learning rate is at the edge of its search space."
    warnings = [f"- {cell_name(cell)}: {cell.search.edge} (`optimizers.{cell.optimizer}.search`)" for cell in found]
    return "\n".join(
        [
            "These picked learning rates are at the edge of their search space; a better one may be outside of it:",
            "",
            *warnings,
        ]
    )


def targets(name: str, task: TaskComparison, costs: Costs) -> list[str]:
    """Return a row for each optimizer and three columns a model: typical steps, seconds, and how many runs arrive."""
    aimed: dict[str, Target] = {model: family.target for model, family in task.models.items() if family.target}
    if not aimed:
        return ["There is no target: the median run of every optimizer diverged."]
    goals = ", ".join(f"{model} {number(target.value)} (by {target.of})" for model, target in aimed.items())
    optimizers = list(dict.fromkeys(of for target in aimed.values() for of in target.steps))
    rows = []
    for optimizer in optimizers:
        row = [optimizer]
        for model, target in aimed.items():
            found = target.steps.get(optimizer)
            if found is None:
                row += [DASH, DASH, DASH]
                continue
            steps = found.median
            arrived = sum(value is not None for value in found.values)
            row += [
                "never" if steps is None else f"{steps:,.0f}",
                seconds(costs.after(name, model, optimizer, steps)),
                f"{arrived} of {len(found.values)}",
            ]
        rows.append(row)
    header = [f"{model}: {what}" for model in aimed for what in ("steps", "time", "runs that reach it")]
    return [
        f"Targets, {METRICS[task.metric]} on the validation subset: {goals}. They are not comparable with the scores "
        "above, which are on all validation data. The steps are the median over runs; the time is the number of steps "
        "times the measured time of a step.",
        table(["optimizer", *header], rows),
        *relaxed_targets(aimed, optimizers),
    ]


def relaxed_targets(aimed: Mapping[str, Target], optimizers: Sequence[str]) -> list[str]:
    """Return the steps to the relaxed targets of each model, and how many runs reach them."""
    relaxed = [(model, found) for model, target in aimed.items() for found in target.relaxed]
    if not relaxed:
        return []
    rows = [[optimizer, *(reaches(found.steps.get(optimizer)) for _, found in relaxed)] for optimizer in optimizers]
    header = [f"{model}: {number(found.value)} ({percent(found.relaxation)})" for model, found in relaxed]
    words = "Steps to relaxed targets (the relaxation is in parentheses), and the number of runs that reach them:"
    return [words, table(["optimizer", *header], rows)]


def reaches(found: Arrival | None) -> str:
    """Return `220; 5 of 5`."""
    if found is None:
        return DASH
    steps = "never" if found.median is None else f"{found.median:,.0f}"
    return f"{steps}; {sum(value is not None for value in found.values)} of {len(found.values)}"
