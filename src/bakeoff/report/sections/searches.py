"""Sentences on searches that studies of one and of two objectives share."""

from collections.abc import Mapping

from bakeoff.report.escaping import code
from bakeoff.report.formatting import listed


def averaged(evaluation: str | None) -> str:
    """Return a sentence on trials of several trainings (3 seeds, 5 folds); an empty text for trials of one."""
    if evaluation is None:
        return ""
    cross_validation = " of a cross-validation on the training examples" if "fold" in evaluation else ""
    return f"The value of a trial is the mean over {evaluation}{cross_validation}. "


def unguided(searches: Mapping[str, tuple[int, int | None]]) -> str:
    """Return a sentence on methods whose trials were all random; an empty text if there are none.

    Args:
        searches: for each method, its number of trials and the number that it draws at random before it uses results.
    """
    random: dict[int, list[str]] = {}
    for method, (trials, start) in searches.items():
        if start is not None and trials <= start:
            random.setdefault(start, []).append(method)
    sentences = []
    for start, methods in random.items():
        sentences.append(
            f"{listed(map(code, methods))} drew all trials at random, because the first {start} of a search are "
            "random; this is the same as random search. "
        )
    return "".join(sentences)
