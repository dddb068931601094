"""The section on the second ruleset: one setting of each optimizer for all problems."""

from collections.abc import Mapping
from statistics import median

from bakeoff.report.formatting import DASH, below, listed, number, percent, picture, plural, settings, table
from bakeoff.results.model import Comparison, OneSetting, Profile, Ranks, Setting, SettingOnProblem
from bakeoff.results.time_to_target import FLOORS

RANKS, PROFILE, RELAXED = "ranks-one-setting.png", "profile-one-setting.png", "profile-relaxed.png"


def section(comparison: Comparison) -> list[str]:
    """Return the parts of the section; none if there is no setting for all problems."""
    found = comparison.one_setting
    if found is None:
        return []
    parts = [
        "### One setting for all problems",
        introduction(found),
        "Optimizers in the order of their diverged trials, then of their largest cost:",
        settings_table(found),
        "Score on validation data with the setting that was chosen on the other problems. In parentheses: the cost, "
        "which is the score of the best trial of the problem minus this score.",
        scores_table(found, deviations(comparison)),
    ]
    if found.ranks:
        parts += [ranking(found.ranks, comparison.confidence), picture("mean ranks with one setting", RANKS)]
    profiles = by_target(found)
    if profiles:
        parts += [
            "**Time to the target with one setting**: the steps of the trials to the same targets as above. There is "
            "one trial for each problem, so an optimizer often misses a target that half of the tuned runs reach.",
            picture("performance profiles with one setting", PROFILE),
        ]
    return parts


def introduction(found: OneSetting) -> str:
    points = sorted({setting.points for setting in found.optimizers.values()})
    tried = plural(points[-1], "point") if len(points) == 1 else f"{points[0]} to {points[-1]} points"
    return (
        "The results above are tuned on each problem. In this second ruleset, each optimizer has one setting for all "
        f"problems. The search had the same {tried} on each of the {len(found.problems)} problems. For each problem, "
        "the point with the best mean rank on the other problems is selected (leave one problem out), and its trial "
        "counts. This needs no further training.\n\n"
        "The score of a trial is from one seed. The best trial of a problem was selected by this score, so its score "
        "is biased upwards, and so is the cost of one setting. A cost below about one standard deviation over seeds "
        "(first row of the second table) is not significant. Networks on the same data are different problems here, "
        "so the cost on new data may be larger."
    )


def settings_table(found: OneSetting) -> str:
    """Return the best point of each optimizer over all problems, and the cost where it was not chosen."""
    rows = []
    for name, setting in sorted(found.optimizers.items(), key=lambda item: worst(item[1])):
        costs = known_costs(setting)
        lost = len(setting.left_out) - len(costs)
        rows.append(
            [
                name,
                settings(setting.point),
                number(setting.mean_rank, 3),
                f"{sum(cost == 0 for cost in costs)} of {len(setting.left_out)}",
                number(median(costs), 2) if costs else DASH,
                number(max(costs), 2) if costs else DASH,
                f"{lost} diverged" if lost else "",
            ]
        )
    header = [
        "optimizer",
        "best point over all problems",
        "mean rank of the point",
        "is the best trial on",
        "median cost",
        "largest cost",
        "remark",
    ]
    return table(header, rows)


def worst(setting: Setting) -> tuple[float, float]:
    """Return the key by which settings are ordered: the fewest diverged trials, then the least of the largest costs."""
    costs = known_costs(setting)
    return len(setting.left_out) - len(costs), max(costs, default=0.0)


def known_costs(setting: Setting) -> list[float]:
    return [cost for found in setting.left_out if (cost := found.cost) is not None]


def scores_table(found: OneSetting, deviation: Mapping[str, float | None]) -> str:
    rows = [
        ["median standard deviation over seeds (tuned)", *(number(deviation[problem], 2) for problem in found.problems)]
    ]
    rows += [[name, *map(score, setting.left_out)] for name, setting in found.optimizers.items()]
    return table(["optimizer", *found.problems], rows)


def score(found: SettingOnProblem) -> str:
    """Return `0.964 (0.01)`."""
    if found.score is None:
        return "diverged"
    return f"{number(found.score)} ({number(found.cost, 2)})"


def deviations(comparison: Comparison) -> dict[str, float | None]:
    """Return for each problem the median over optimizers of the standard deviation of the final runs over seeds."""
    spread: dict[str, list[float]] = {}
    for name, task in comparison.tasks.items():
        for cell in task.cells:
            known = spread.setdefault(f"{name}: {cell.model}", [])
            known += [] if cell.validation.deviation is None else [cell.validation.deviation]
    return {problem: median(known) if known else None for problem, known in spread.items()}


def ranking(ranks: Ranks, confidence: float) -> str:
    """Return the leader by mean rank, and the optimizers that it is tied with."""
    names = sorted(ranks.mean, key=lambda name: (ranks.mean[name], name))
    test = f"Friedman's test over {plural(len(ranks.problems), 'problem')}, p {below(ranks.p)}"
    if ranks.p > 1 - confidence:
        return f"**With one setting, no optimizer leads**: {test}."
    group = next((group for group in ranks.groups if names[0] in group), ())
    tied = listed(name for name in group if name != names[0])
    return (
        f"**With one setting, {names[0]}** has the best mean rank"
        f"{f' and is statistically tied with {tied}' if tied else ', significantly better than all others'} "
        f"({test}; each problem is one block)."
    )


def by_target(found: OneSetting) -> dict[str, Profile]:
    """Return the profiles by the name of their target: `the target`, `relaxed by 5%`."""
    exact = {"the target": found.profile} if found.profile else {}
    return exact | {f"relaxed by {percent(of.relaxation)}": of for of in found.relaxed_profiles}


def relaxed_scores(found: Mapping[str, Profile], relaxed: Mapping[float, Mapping[str, Profile]]) -> str:
    """Return the scores of performance profiles by the target and by relaxed targets, in steps and in seconds.

    Args:
        found: by the target, by what the time is counted in; so are those of each relaxation.
    """
    columns = [("the target", found), *((f"relaxed by {percent(share)}", of) for share, of in relaxed.items())]
    shown = [(f"{target}: {unit}", profile.score) for target, of in columns for unit, profile in of.items()]
    names = dict.fromkeys(name for _, score in shown for name in score)
    rows = [[name, *(DASH if (s := score.get(name)) is None else f"{s:.2f}" for _, score in shown)] for name in names]
    return (
        "**Relaxed targets**: a target that is relaxed by 5% is lower by 5% of its distance from the start of the "
        f"metric's scale. The start is 0 for accuracy and Dice, and {FLOORS['auc']:g} for the area under the ROC "
        "curve, the score of a constant prediction on any data. Scores of the performance profiles:\n\n"
        f"{table(['optimizer', *(name for name, _ in shown)], rows)}"
    )
