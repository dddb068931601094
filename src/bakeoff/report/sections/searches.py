"""Sentences on searches that studies of one and of two objectives share."""

from collections.abc import Mapping

from bakeoff.report.escaping import code
from bakeoff.report.formatting import listed


def averaged(evaluation: str | None) -> str:
    """Return a sentence on trials of several trainings (3 seeds, 5 folds); nothing for trials of one."""
    if evaluation is None:
        return ""
    cross_validation = " of a cross-validation on the training examples" if "fold" in evaluation else ""
    return f"The value of a trial is the mean over {evaluation}{cross_validation}. "


def unguided(searches: Mapping[str, tuple[int, int | None]]) -> str:
    """Return a sentence on methods of which no trial was proposed by what they learnt; nothing where there are none.

    Args:
        searches: by method the number of trials, and how many it draws at random before it learns.
    """
    random: dict[int, list[str]] = {}
    for method, (trials, start) in searches.items():
        if start is not None and trials <= start:
            random.setdefault(start, []).append(method)
    sentences = []
    for start, methods in random.items():
        nothing = "the result says nothing of this method"
        if len(methods) > 1:
            nothing = "the results say nothing of these methods"
        drawn = f"{listed(map(code, methods))} drew all trials at random"
        sentences.append(f"{drawn}, because the first {start} of a search are random: {nothing}. ")
    return "".join(sentences)
