"""The part of the report on a study of two objectives."""

from bakeoff.report.escaping import code
from bakeoff.report.formatting import METRICS, WEIGHTS, estimate, heading, number, picture, plural, table, taken
from bakeoff.report.sections.searches import averaged, unguided
from bakeoff.results.model import FrontComparison, FrontTrial
from bakeoff.tuning.measures import PARAMETERS, sign

NAMES = METRICS | WEIGHTS


def study_part(name: str, study: FrontComparison, part: str | None) -> str:
    """Return the part on one study of two objectives.

    Args:
        part: the part of its source that the trials train on; None for all of it.
    """
    first, second = study.objectives
    parts = [
        f"### Study {code(name)}",
        f"{code(study.model)} under {code(study.optimizer)}. The trials train on {code(study.data)}{taken(part)}. The "
        f"objectives are {wanted(first)} and {wanted(second)}. A trial is on the Pareto front if no other trial is "
        f"better in one of them and no worse in the other. {searched(study)}",
        picture(f"{NAMES[first]} against {NAMES[second]} of the trials of {name}, with fronts", f"pareto-{name}.png"),
        searches_table(study),
    ]
    if study.front:
        parts += [confirmed(name, study), front_table(study)]
    return "\n\n".join(parts)


def wanted(objective: str) -> str:
    """Return an objective, and whether less or more is better."""
    where = "" if objective == PARAMETERS else "validation "
    return f"{where}{NAMES[objective]} ({'less' if sign(objective) > 0 else 'more'} is better)"


def searched(study: FrontComparison) -> str:
    """Return how to read the hypervolumes."""
    if study.reference is None:
        return "Every trial diverged."
    first, second = map(value, study.reference)
    alone = len(study.searches) == 1
    return (
        averaged(study.evaluation)
        + unguided({one.method: (one.trials, one.random_start) for one in study.searches})
        + "The hypervolume of a method is the area between its front and the worst values over all trials, "
        f"{first} and {second}, as a share of the rectangle between these and the best values."
        + ("" if alone else " Each method has searched once, so small differences are not significant.")
    )


def searches_table(study: FrontComparison) -> str:
    rows = []
    for search in study.searches:
        lost = f" ({search.trials_diverged} diverged)" if search.trials_diverged else ""
        rows.append([search.method, f"{search.trials}{lost}", str(len(search.front)), number(search.hypervolume)])
    return table(["method", "trials", "points on its front", "hypervolume"], rows)


def confirmed(name: str, study: FrontComparison) -> str:
    """Return which points of the common front were trained again, and how to use one."""
    again = [trial for trial in study.front if trial.confirmations]
    lost = sum(trial.diverged for trial in again)
    diverged = f" {plural(lost, 'training')} diverged." if lost else ""
    points, are = plural(len(study.front), "point"), "is" if len(again) == 1 else "are"
    return (
        f"The front of all trials has {points}. Each method trains points spread over its own front again from new "
        f"seeds, in as many trainings as the budget has; {len(again)} of the {points} {are} among them.{diverged} "
        "For the other points only the values in the search are known, which are biased by selection. To write a point "
        "as a recipe, such as the "
        "first one, run " + code(f"bakeoff use {name} --trial {study.front[0].name}") + "."
    )


def front_table(study: FrontComparison) -> str:
    """Return a row for each point of the common front."""
    header = ["trial", *map(heading, study.hyperparameters)]
    header += [NAMES[name] if name == PARAMETERS else f"{NAMES[name]} in the search" for name in study.objectives]
    header += [f"{NAMES[name]}, new seeds" for name in study.objectives if name != PARAMETERS]
    header += ["new seeds", f"test {NAMES[study.tested]}, new seeds"]
    return table(header, [front_row(study, trial) for trial in study.front])


def front_row(study: FrontComparison, trial: FrontTrial) -> list[str]:
    point = [found if isinstance(found, str) else number(found, 3) for found in trial.values]
    again = [
        estimate(found) for name, found in zip(study.objectives, trial.confirmed, strict=True) if name != PARAMETERS
    ]
    return [trial.name, *point, *map(value, trial.searched), *again, str(trial.confirmations), estimate(trial.test)]


def value(objective: float) -> str:
    """Return the value of an objective; all digits of a number of weights."""
    return f"{objective:,}" if isinstance(objective, int) else number(objective)
