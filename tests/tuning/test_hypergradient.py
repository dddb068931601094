import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bakeoff.base.settings import BadInput
from bakeoff.data.examples import Examples, Split
from bakeoff.training.supervised import Supervised
from bakeoff.tuning.candidate import Candidate
from bakeoff.tuning.hypergradient import Hypergradient
from bakeoff.tuning.objective import Objective
from bakeoff.tuning.space import Point
from tests.tuning.bases import base

POINT = {"optimizer.learning_rate": 0.8, "optimizer.beta": 0.7, "penalty.weight_decay": 0.05}


class Exact(Objective):
    """In float64: finite differences of a training in float32 would be noise."""

    def workload(self, candidate: Candidate, weight_decay: float | Tensor) -> Supervised:
        workload = super().workload(candidate, weight_decay)
        workload.train = workload.train[0].double(), workload.train[1]
        workload.held = {name: (x.double(), y) for name, (x, y) in workload.held.items()}
        return workload

    def build(self, candidate: Candidate, workload: Supervised, generator: torch.Generator) -> nn.Module:
        network = super().build(candidate, workload, generator)
        for layer in network.children():
            for name, weight in list(layer.named_parameters()):  # torch.func allows no `network.double()`
                setattr(layer, name, nn.Parameter(weight.detach().double()))
        return network


def objective(kind: type[Objective] = Exact, **changes: object) -> Objective:
    rng = np.random.default_rng(1)
    splits = [
        Split(rng.normal(size=(n, 6)).astype(np.float32), rng.integers(3, size=n, dtype=np.uint8)) for n in (21, 9, 9)
    ]
    # tanh, for a finite difference across the kink of a relu is no derivative.
    network = {"hidden": [7], "normalisation": "none", "activation": "tanh", "initialisation": "he", "dropout": 0.0}
    return kind(Examples(*splits, classes=("a", "b", "c")), base(network | changes, epochs=3, batch_size=8), seed=4)


def trained(point: Point) -> float:
    """The validation loss after a whole training by the training loop: 3 epochs of 3 steps, the last one smaller."""
    return objective()(point).value("loss")


def test_looking_through_a_whole_training_ends_where_the_training_ends() -> None:
    exact = Hypergradient(objective(), steps=9)
    loss = exact.trained_loss({name: torch.tensor(value, dtype=torch.float64) for name, value in POINT.items()})
    # The same sums in another order: a few units in the last place of float64.
    assert loss.item() == pytest.approx(trained(POINT), rel=1e-12)


@pytest.mark.parametrize("name", POINT)
def test_hypergradient_is_the_finite_difference_of_trainings(name: str) -> None:
    step = 1e-5
    above, below = (trained(POINT | {name: POINT[name] + way * step}) for way in (1, -1))
    # The error of a central difference: step^2 for the curvature, 1e-16 / step for rounding.
    assert Hypergradient(objective(), steps=9)(POINT)[name] == pytest.approx((above - below) / (2 * step), rel=1e-6)


def test_it_looks_through_as_many_steps_as_it_is_told() -> None:
    slopes = [Hypergradient(objective(), steps)(POINT)["penalty.weight_decay"] for steps in (1, 3, 4, 9)]
    assert len({round(slope, 9) for slope in slopes}) == 4


def test_in_float32_it_is_the_same_to_float32() -> None:
    exact, rounded = (Hypergradient(objective(kind), steps=9)(POINT) for kind in (Exact, Objective))
    assert rounded == pytest.approx(exact, rel=1e-4)  # 9 steps of rounding at 6e-8 each, amplified by the training


@pytest.mark.parametrize(("steps", "cost"), [(1, 1), (3, 1), (4, 2), (9, 3), (10, 4)])
def test_cost_is_three_times_the_share_of_a_training_rounded_up(steps: int, cost: int) -> None:
    assert objective().steps == 9
    assert Hypergradient(objective(), steps).cost == cost


@pytest.mark.parametrize("change", [{"normalisation": "batch"}, {"dropout": 0.1}, {"activation": "step"}])
def test_what_draws_or_remembers_in_training_has_no_such_gradient(change: dict[str, object]) -> None:
    with pytest.raises(
        BadInput, match=rf"methods has gradient, and network\.{next(iter(change))} is .*; take gradient"
    ):
        Hypergradient(objective(**change), steps=1)


def test_a_hyperparameter_that_is_not_searched_has_its_value_of_params() -> None:
    whole = objective()
    point = {"optimizer.learning_rate": POINT["optimizer.learning_rate"]}
    slope = Hypergradient(whole, steps=9)(point)
    full = point | {"optimizer.beta": 0.9, "penalty.weight_decay": 0.0}  # as `base` has them
    name = "optimizer.learning_rate"
    assert slope.keys() == {name}
    assert slope[name] == pytest.approx(Hypergradient(whole, steps=9)(full)[name], rel=1e-12)
