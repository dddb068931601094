"""The part of the report on the contest of the searchers."""

from collections.abc import Callable, Sequence

from bakeoff.report.escaping import code
from bakeoff.report.formatting import METRICS, listed, number, percent, picture, plural, table
from bakeoff.tuner_contest.model import Bounded, MethodResult, TableResult, TunerContest
from bakeoff.tuner_contest.settings import REFERENCE

FIGURE = "searchers.png"


def section(contest: TunerContest) -> str:
    """Return the section in Markdown."""
    parts = [
        "## Comparison of search methods",
        f"{listed(map(code, contest.methods))} searched {problems(contest)}, each {contest.repeats} times from "
        "different seeds, with the settings of params.yaml. The regret is the best value so far minus the minimum, "
        "divided by that of the median point; 0 is the best. Intervals are bootstrap intervals over the repeats, at "
        f"{100 * contest.confidence:g}%. They hold for these problems.",
        *(described(name, of) for name, of in contest.tables.items()),
        picture("Median regret of each method on each problem, by trials", FIGURE),
    ]
    if len(contest.methods) == 1:
        return "\n\n".join(parts)
    diverged = " The last column is the share of the trials on trainings that diverged." if contest.tables else ""
    parts += [
        conclusion(contest),
        "Median regret over that of random search, geometric mean over the problems (below 1 is better):",
        by_budget(contest, lambda method: method.ratios, ratio),
        "Share of pairs of searches in which the method has less regret than random search:",
        by_budget(contest, lambda method: method.wins, share),
        "Mean rank over problems and repeats (1 is the best). Ranks at the same budget that differ by more than "
        f"{number(contest.critical_difference, 2)} are significantly different (Nemenyi's test, with each repeat on "
        f"each problem as one block).{diverged}",
        ranks(contest),
    ]
    return "\n\n".join(parts)


def problems(contest: TunerContest) -> str:
    """Return the list of the problems."""
    functions = [name for name in contest.problems if name not in contest.tables]
    found = []
    if functions:
        found.append(f"{plural(len(functions), 'function')} with a known minimum ({listed(map(code, functions))})")
    if contest.tables:
        tables = plural(len(contest.tables), "table")
        found.append(f"{tables} of real trainings ({listed(map(code, contest.tables))})")
    return listed(found)


def described(name: str, of: TableResult) -> str:
    """Return the description of a table, and the error of the values between its levels."""
    levels = listed(f"{count} of {code(key)}" for key, count in of.levels.items())
    measure = METRICS[of.objective]
    parts = [
        f"The table {code(name)} has {of.trainings:,} trainings of {code(of.model)} under {code(of.optimizer)} on "
        f"{code(of.task)}: every combination of levels ({levels}). The best {measure} is {number(of.best)}, the median "
        f"{number(of.median)}."
    ]
    if of.diverged:
        parts.append(f"{of.diverged} of them diverged.")
    parts.append("Values between the levels are interpolated.")
    if of.errors:
        middle, high = (number(error, 2) for error in of.errors)
        correlated = "" if of.correlation is None else f", and the rank correlation is {number(of.correlation, 2)}"
        parts.append(
            f"At {plural(of.checks, 'random point')} the difference between the interpolated {measure} and that of a "
            f"real training is {middle} in the median and {high} at the 90th percentile{correlated}."
        )
    if of.misjudged:
        parts.append(f"At {plural(of.misjudged, 'point')} only one of the two diverged.")
    return " ".join(parts)


def conclusion(contest: TunerContest) -> str:
    """Return which methods are better and worse than random search at the smallest and the largest budget."""
    ends = dict.fromkeys((0, len(contest.trials) - 1))
    return " ".join(at_budget(contest, place) for place in ends)


def at_budget(contest: TunerContest, place: int) -> str:
    others = {name: of.ratios[place] for name, of in contest.methods.items() if name != REFERENCE}
    better = sorted((name for name, of in others.items() if of.interval[1] < 1), key=lambda name: others[name].value)
    worse = [name for name, of in others.items() if of.interval[0] > 1]
    sides = [("less", better), ("more", worse)]
    found = [f"{listed(map(code, of))} {'has' if len(of) == 1 else 'have'} {than}" for than, of in sides if of]
    with_trials = f"With {plural(contest.trials[place], 'trial')}"
    if not found:
        return f"{with_trials}, no method differs from random search: every interval of the ratio contains 1."
    first, *others_ = found
    rest = "".join(f", and {one}" for one in others_)
    return f"{with_trials}, {first} regret than random search{rest} (intervals of the ratio that exclude 1)."


def by_budget(
    contest: TunerContest, of: Callable[[MethodResult], Sequence[Bounded]], shown: Callable[[Bounded], str]
) -> str:
    rows = [[name, *map(shown, of(method))] for name, method in contest.methods.items() if name != REFERENCE]
    return table(["method", *trials(contest)], rows)


def ranks(contest: TunerContest) -> str:
    rows = []
    for name, method in contest.methods.items():
        lost = [] if method.diverged is None else [percent(method.diverged)]
        rows.append([name, *(f"{rank:.1f}" for rank in method.ranks), *lost])
    return table(["method", *trials(contest), *(["diverged"] if contest.tables else [])], rows)


def trials(contest: TunerContest) -> list[str]:
    return [plural(count, "trial") for count in contest.trials]


def ratio(found: Bounded) -> str:
    low, high = found.interval
    return f"{found.value:.2g} ({low:.2g} to {high:.2g})"


def share(found: Bounded) -> str:
    low, high = found.interval
    return f"{found.value:.0%} ({low:.0%} to {high:.0%})"
