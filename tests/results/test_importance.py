import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from bakeoff.results.importance import INDEPENDENT, axis, dimensions, distinct, fence, importance, trial, unit
from bakeoff.results.model import SearchTrial
from bakeoff.tuning.searchers.registry import SEARCHERS

SPACE: dict[str, dict[str, Any]] = {
    "optimizer.learning_rate": {"low": 1e-4, "high": 1.0, "scale": "log"},
    "optimizer.beta": {"low": 0.5, "high": 0.99, "scale": "one_minus"},
    "network.activation": {"choices": ["relu", "gelu"]},
    "network.dropout": {"low": 0.0, "high": 0.5, "scale": "linear", "when": {"network.activation": "gelu"}},
}
AXES = tuple(axis(name, dimension) for name, dimension in SPACE.items())
WHOLE = AXES[:3]  # without the conditional one


def point(*values: float | str | None, objective: float | None) -> SearchTrial:
    return SearchTrial(values=values, objective=objective)


def points(n: int, seed: int = 0) -> list[SearchTrial]:
    """Random points of the space without the conditional axis; the rate decides, and the activation matters little."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        rate, beta, gelu = draw.uniform(-4, 0), draw.uniform(0.5, 0.99), draw.uniform() < 0.5
        objective = (rate + 1) ** 2 + 0.2 * gelu
        found.append(point(10**rate, beta, "gelu" if gelu else "relu", objective=objective))
    return found


def test_methods_that_draw_independently_are_methods() -> None:
    assert set(INDEPENDENT) < SEARCHERS.keys()


@pytest.mark.parametrize(
    ("number", "value", "place"),
    [
        (0, 1e-4, 0.0),
        (0, 0.01, 0.5),
        (0, 1.1, 1.0),
        (1, 0.99, 1.0),
        (2, "relu", 0.25),
        (2, "gelu", 0.75),
        (3, 0.1, 0.2),
    ],
)
def test_a_value_has_a_place_on_the_scale_of_its_axis(number: int, value: float | str, place: float) -> None:
    assert unit(AXES[number], value) == pytest.approx(place)


def test_a_place_between_is_even_in_the_logarithm_of_1_minus_the_value() -> None:
    assert unit(AXES[1], 1 - math.sqrt(0.5 * 0.01)) == pytest.approx(0.5)


@pytest.mark.parametrize(("activation", "dropout"), [("gelu", 0.3), ("relu", None)])
def test_a_trial_has_no_value_where_a_condition_does_not_hold(activation: str, dropout: float | None) -> None:
    """The training has a dropout in any case: the fixed one of params.yaml."""
    own = {"optimizer.learning_rate": 0.1, "optimizer.beta": 0.9, "network.activation": activation}
    found = trial(SPACE, own | {"network.dropout": 0.3}, 0.5)
    assert found.values == (0.1, 0.9, activation, dropout)


def test_of_several_optimizers_a_trial_has_the_settings_of_its_own() -> None:
    rate = {"low": 0.1, "high": 1.0, "scale": "log"}
    names = ["optimizer.adam.learning_rate", "optimizer.sgd.learning_rate"]
    space = dimensions(names, {"optimizer": ["adam", "sgd"], "space": dict.fromkeys(names, rate)})
    assert list(space) == ["optimizer", *names]
    found = trial(space, {"optimizer": "sgd", "optimizer.sgd.learning_rate": 0.2}, None)
    assert found.values == ("sgd", None, 0.2)


def test_a_choice_that_is_no_word_is_written_as_json() -> None:
    space = {"network.hidden": {"choices": [[8, 8], None, True]}}
    assert axis("network.hidden", space["network.hidden"]).choices == ("[8, 8]", "null", "true")
    assert trial(space, {"network.hidden": None}, 1.0).values == ("null",)


def test_what_decides_the_objective_is_the_most_important() -> None:
    shares = importance(WHOLE, {"random": points(64)}, loss=True, halved=False).shares
    assert list(shares) == [axis.name for axis in WHOLE]
    assert shares["optimizer.learning_rate"] > 0.8
    assert sum(shares.values()) <= 1.0


def test_shares_are_the_same_again() -> None:
    once, again = (importance(WHOLE, {"random": points(20)}, loss=True, halved=False) for _ in range(2))
    assert once == again


@pytest.mark.parametrize(
    ("random", "halved", "methods"), [(16, False, ("random",)), (15, False, ("random", "bayes")), (16, True, None)]
)
def test_trials_that_do_not_depend_on_results_are_used_where_they_suffice(
    random: int, halved: bool, methods: Sequence[str] | None
) -> None:
    """With halving, the points that are trained to the end are chosen by results, whatever the method."""
    found = importance(WHOLE, {"random": points(random), "bayes": points(9, seed=1)}, loss=True, halved=halved)
    assert found.methods == (methods or ("random", "bayes"))
    assert found.independent == (found.methods == ("random",))
    assert found.trials == random + (0 if found.independent else 9)


def test_diverged_trials_do_not_count() -> None:
    lost = [point(1.0, 0.6 + n / 100, "relu", objective=None) for n in range(9)]
    found = importance(WHOLE, {"random": [*points(11), *lost]}, loss=True, halved=False)
    assert (found.trials, found.shares) == (11, {})
    assert importance(WHOLE, {"random": [*points(12), *lost]}, loss=True, halved=False).shares


def test_a_trial_that_two_methods_share_counts_once() -> None:
    assert len(distinct({"random": points(5), "evolution": points(8)})) == 8


@pytest.mark.parametrize("value", [0.5, None])
def test_equal_values_have_no_importance(value: float | None) -> None:
    equal = [one.model_copy(update={"objective": value}) for one in points(20)]
    assert importance(WHOLE, {"random": equal}, loss=False, halved=False).shares == {}


def test_a_conditional_hyperparameter_is_named_and_has_no_share() -> None:
    own = [
        one.model_copy(update={"values": (*one.values, 0.1 if one.values[2] == "gelu" else None)}) for one in points(20)
    ]
    found = importance(AXES, {"random": own}, loss=True, halved=False)
    assert found.conditional == ("network.dropout",)
    assert list(found.shares) == [axis.name for axis in WHOLE]


def test_one_huge_loss_does_not_decide() -> None:
    huge = point(0.1, 0.7, "relu", objective=1e5)  # where the rate is best
    found = importance(WHOLE, {"random": [*points(64), huge]}, loss=True, halved=False)
    assert found.limit is not None and 10 < found.limit < 100
    assert found.shares["optimizer.learning_rate"] > 0.6
    assert importance(WHOLE, {"random": points(64)}, loss=True, halved=False).limit is None


@pytest.mark.parametrize(
    ("losses", "limit"),
    [([], None), ([1.0], None), ([1, 2, 3, 4, 5], None), ([1, 2, 3, 4, 99], 10.0), ([1] * 9 + [5], None)],
)
def test_far_outliers_are_three_quartile_ranges_away(losses: list[float], limit: float | None) -> None:
    assert fence(losses) == limit


@pytest.mark.parametrize(("value", "searched"), [(True, True), ("true", False), (1, False)])
def test_a_condition_holds_for_the_value_that_a_search_takes(value: object, searched: bool) -> None:
    space = {
        "network.residual": {"choices": [True, "true", 1]},
        "network.dropout": {"low": 0.0, "high": 0.5, "scale": "linear", "when": {"network.residual": True}},
    }
    found = trial(space, {"network.residual": value, "network.dropout": 0.25}, 0.5)
    assert (found.values[1] is not None) == searched
