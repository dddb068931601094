"""What the page says of trials of several trainings, and of searches that stayed random."""

import pytest
from simulated_contest import SETTINGS, search, search_of_two

from bakeoff.report.pages import study_part
from bakeoff.report.sections import fronts
from bakeoff.report.sections.searches import averaged, unguided
from bakeoff.results.compare import compare


def test_a_trial_of_several_trainings_is_called_a_mean() -> None:
    assert averaged(None) == ""
    assert averaged("3 seeds") == "The value of a trial is the mean over 3 seeds. "
    assert averaged("5 folds") == (
        "The value of a trial is the mean over 5 folds of a cross-validation on the training examples. "
    )


@pytest.mark.parametrize(
    ("searches", "said"),
    [
        ({"random": (3, None), "bayes": (13, 12)}, ""),
        (
            {"bayes": (12, 12), "evolution": (8, 12), "cma": (8, 8)},
            "`bayes` and `evolution` drew all trials at random, because the first 12 of a search are random; this is "
            "the same as random search. "
            "`cma` drew all trials at random, because the first 8 of a search are random; this is the same as random "
            "search. ",
        ),
    ],
)
def test_a_search_that_has_not_begun_to_learn_is_named(searches: dict[str, tuple[int, int | None]], said: str) -> None:
    assert unguided(searches) == said


def test_both_kinds_of_studies_say_so() -> None:
    records = {name: search(name, 0.5) for name in ("random", "bayes")}
    for record in records.values():
        record.runs[0].parameters["study.evaluation"] = "3 seeds"
    two = {name: search_of_two(name, 0.9) for name in ("random", "nsga2")}
    two["nsga2"].runs[0].parameters["nsga2.population"] = 12
    found = compare({}, {}, {"mlp": records, "duo": two}, [], [], SETTINGS)
    page = study_part("mlp", found.tuning["mlp"], None)
    assert "The value of a trial is the mean over 3 seeds." in page
    assert "`bayes` drew all trials at random, because the first 3 of a search are random; this is the same" in page
    assert "`nsga2` drew all trials at random, because the first 12" in fronts.study_part(
        "duo", found.fronts["duo"], None
    )
