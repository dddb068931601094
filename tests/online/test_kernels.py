"""The compiled learner against torch's gradients and the registry's optimizers, step by step."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from bakeoff.data.encoding.categories import OneHot
from bakeoff.data.encoding.encoder import Encoder, columns
from bakeoff.data.encoding.scale import Scale
from bakeoff.data.table.reading import Reading
from bakeoff.networks.softmax import SoftmaxSettings
from bakeoff.online import reference
from bakeoff.online.kernels import LOWEST, exponential, softmax
from bakeoff.online.learner import Learner, Rule, judged
from bakeoff.online.settings import ConstantSettings, InverseTimeSettings
from bakeoff.training.metrics import accuracy

WIDTHS = np.array([3, 5])  # of the categories of `rows`

# Both sides compute in float64, some hundred steps long, and add up in another order.
EXACT = 1e-12

READING = Reading.model_validate(
    {
        "separator": ",",
        "decimal": ".",
        "thousands": "none",
        "encoding": "utf-8",
        "date_order": None,
        "missing": [],
        "numbers": [],
        "times": None,
    }
)


def encoder() -> Encoder:
    scale = Scale(missing=0.0, center=0.0, width=1.0, decimals=None)
    numeric = {"a": scale, "b": scale}
    values = [tuple(str(value) for value in range(width - 1)) for width in WIDTHS.tolist()]
    one_hot = {f"c{i}": OneHot(known=known, rare=(), missing="unseen") for i, known in enumerate(values)}
    return Encoder(
        version=2,
        reading=READING,
        maximum_unseen=1.0,
        numeric=numeric,
        one_hot=one_hot,
        hashed={},
        unseen="other",
        columns=columns(numeric, {**one_hot}),
    )


def rule(**changes: Any) -> Rule:
    plain = {
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "epsilon": 1e-10,
        "schedule": ConstantSettings().schedule,
        "batch_size": 1,
        "delay": 0,
    }
    return Rule.model_validate(plain | changes)


def learner(what: Rule, classes: int = 2) -> Learner:
    return Learner.fresh(what, encoder(), classes, SoftmaxSettings(initial_sigma=0.01), seed=3)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
@pytest.mark.parametrize("schedule", [ConstantSettings().schedule, InverseTimeSettings(half=20.0).schedule])
@pytest.mark.parametrize(("batch_size", "delay"), [(1, 0), (1, 7), (5, 0), (5, 7)])
def test_every_step_is_torchs(rows, classes: int, optimizer: str, schedule: Any, batch_size: int, delay: int) -> None:
    what = rule(optimizer=optimizer, schedule=schedule, batch_size=batch_size, delay=delay)
    stream = rows(120, classes, learnt=0.8)
    expected, weights = reference.learn(what, stream, WIDTHS, classes, seed=3)
    found = learner(what, classes)
    for step, first in enumerate(range(0, 120, batch_size)):
        part = stream.part(first, first + batch_size)
        logits = found.meet(part, what.factors(step, 1))
        assert logits == pytest.approx(expected[first : first + batch_size], abs=EXACT), step
        assert found.weights.weight == pytest.approx(weights[step][:-1], abs=EXACT), step
        assert found.weights.bias == pytest.approx(weights[step][-1], abs=EXACT), step


@pytest.mark.parametrize("delay", [0, 7, 50])
@pytest.mark.parametrize("cuts", [[40], [5, 10, 15], [20, 20, 90]])
def test_how_a_stream_is_cut_leaves_no_trace(rows, delay: int, cuts: list[int]) -> None:
    stream, what = rows(100, learnt=0.8), rule(batch_size=5, delay=delay, optimizer="adagrad")
    whole, pieces = learner(what), learner(what)
    expected = whole.meet(stream, what.factors(0, 20))
    bounds = [0, *cuts, 100]
    found = [pieces.meet(stream.part(a, b), what.factors(a // 5, (b - a) // 5)) for a, b in itertools.pairwise(bounds)]
    assert np.array_equal(np.concatenate(found), expected)
    assert all(np.array_equal(a, b) for a, b in zip(whole.weights, pieces.weights, strict=True))
    assert pieces.step == 20 and len(pieces.pending.labels) == delay


def test_no_row_is_learnt_from_before_it_is_predicted(rows) -> None:
    """Labels that a learner has not met yet change nothing of what it says."""
    stream, other = rows(60), rows(60)
    other.labels[30:] = 1 - other.labels[30:]
    for delay in (0, 4):
        a, b = (learner(rule(delay=delay)).meet(each, np.ones(60)) for each in (stream, other))
        assert np.array_equal(a[: 31 + delay], b[: 31 + delay])
        assert not np.array_equal(a[31 + delay], b[31 + delay])


def test_a_copy_goes_its_own_way(rows) -> None:
    first = learner(rule())
    second = first.copy()
    second.meet(rows(10), np.ones(10))
    assert not first.weights.bias.any() and second.weights.bias.any()


def test_the_exponential_is_good_to_two_units_in_the_last_place() -> None:
    x = np.concatenate([-np.random.default_rng(0).random(2000) * 700, -(10.0 ** np.arange(-20, 2)), [0.0]])
    found = np.array([exponential(value) for value in x])
    assert found == pytest.approx(np.exp(x), rel=2 * 2**-52, abs=0)
    assert exponential(LOWEST - 1) == 0 and np.isnan(exponential(np.nan))


def test_probabilities_of_any_logits_sum_to_one() -> None:
    for logits in ([0.0, 1000.0], [-1e4, -1e4, -1e4], [3.0, 2.0, 1.0]):
        found = np.array(logits)
        softmax(found)
        expected = np.exp(np.array(logits) - max(logits))
        assert found == pytest.approx(expected / expected.sum(), abs=EXACT)


def test_rows_are_judged_by_their_logits() -> None:
    draw = np.random.default_rng(0)
    for classes in (2, 3):
        logits, labels = draw.normal(size=(50, classes)), draw.integers(classes, size=50)
        scores, hits, costs = judged(logits, labels)
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        assert costs == pytest.approx(-np.log(p[np.arange(50), labels]), abs=EXACT)
        assert hits.mean() == accuracy(torch.from_numpy(logits), torch.from_numpy(labels))
        assert scores == pytest.approx(p if classes > 2 else logits[:, 1:] - logits[:, :1], abs=EXACT)
