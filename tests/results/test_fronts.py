"""The comparison of the methods of a study of two objectives."""

import pytest
from simulated_contest import SETTINGS, search, search_of_two

from bakeoff.results.compare import compare
from bakeoff.results.model import Comparison, FrontComparison


def compared(**levels: float) -> FrontComparison:
    found = compare(
        {}, {}, {"duo": {name: search_of_two(name, level) for name, level in levels.items()}}, [], [], SETTINGS
    )
    return found.fronts["duo"]


def test_the_front_is_of_all_methods_trials() -> None:
    found = compared(random=0.8, bayes=0.9)
    assert found.objectives == ("accuracy", "parameters")
    assert found.hyperparameters == ("network.hidden.0",)
    # The trials of random have the same widths, and are less accurate.
    assert [(trial.name, trial.searched, trial.values) for trial in found.front] == [
        ("bayes-t002", (0.9, 640), (64.0,)),
        ("bayes-t001", (0.7, 40), (4.0,)),
    ]
    assert found.reference == (0.6, 700)


def test_confirming_trainings_stand_beside_the_trial_that_they_repeat() -> None:
    best, smallest = compared(bayes=0.9).front
    assert (best.confirmations, best.diverged) == (1, 0)
    assert best.confirmed[0].mean == pytest.approx(0.88)
    assert smallest.confirmed[0].mean == pytest.approx(0.69)
    assert (smallest.confirmed[1].mean, smallest.test.mean, smallest.test.interval) == (40, 0.5, None)


def test_methods_are_compared_by_the_same_rectangle() -> None:
    found = compared(random=0.8, bayes=0.9)
    assert [one.method for one in found.searches] == ["bayes", "random"]
    bayes, random = found.searches
    # From 0.6 to 0.9, and from 40 to 700 weights.
    assert bayes.hypervolume == pytest.approx((0.3 * 60 + 0.1 * 600) / (0.3 * 660), rel=1e-5)
    assert random.hypervolume == pytest.approx(0.2 * 60 / (0.3 * 660), rel=1e-5)
    assert (bayes.trials, bayes.trials_diverged) == (4, 1)
    assert bayes.points == ((0.7, 40), (0.9, 640), (0.8, 700))
    assert bayes.front == ((0.9, 640), (0.7, 40))


def test_a_study_in_which_all_trials_diverged_has_no_front() -> None:
    lost = {"duo": {"random": search_of_two("random", 0.8, diverged=True)}}
    found = compare({}, {}, lost, [], [], SETTINGS).fronts["duo"]
    assert (found.front, found.reference, found.searches[0].hypervolume) == ((), None, 0.0)
    assert found.searches[0].trials_diverged == 4


def test_studies_of_one_and_of_two_objectives_stand_apart() -> None:
    found = compare(
        {}, {}, {"mlp": {"grid": search("grid", 0.5)}, "duo": {"grid": search_of_two("grid", 0.5)}}, [], [], SETTINGS
    )
    assert (list(found.tuning), list(found.fronts)) == (["mlp"], ["duo"])
    assert list(found.searched) == ["mlp", "duo"]
    assert Comparison.parsed(found.dumped()) == found
