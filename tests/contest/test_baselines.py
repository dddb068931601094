from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bakeoff.contest.baseline_settings import BoostingSettings, LogisticSettings
from bakeoff.contest.baselines import BASELINES, fit, measure, scores
from bakeoff.data.examples import Examples, Split

LOGISTIC = LogisticSettings(penalty=2.0, tolerance=1e-8, iterations=50)
SETTINGS = {"logistic": LOGISTIC, "boosting": BoostingSettings(trees=5, learning_rate=0.3, leaves=4, seed=0)}


def table(K: int, rows: int = 400) -> Examples:
    """Rows of three columns; the class is the largest of K affine maps of them, with noise."""
    draw = np.random.default_rng(0)
    maps = draw.normal(size=(3, K))
    splits = []
    for N in (rows, rows // 2, rows // 2):
        x = draw.normal(size=(N, 3))
        splits.append(Split(x.astype(np.float32), (x @ maps + draw.gumbel(size=(N, K))).argmax(1).astype(np.uint8)))
    return Examples(*splits, classes=tuple("abcd"[:K]))


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    out: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return out


def test_every_baseline_is_tested_here() -> None:
    assert BASELINES.keys() == SETTINGS.keys()


def test_logistic_regression_stands_where_the_gradient_of_its_loss_vanishes() -> None:
    """With two classes w is their difference: sum of (p - y) x + penalty w = 0, and without penalty for the bias."""
    data = table(2)
    x, y = data.train.x.astype(np.float64), data.train.y
    found = BASELINES["logistic"].build(LOGISTIC).fit(x, y)
    p = 1 / (1 + np.exp(-(x @ found.coef_[0] + found.intercept_[0])))
    # Newton's steps stop at a slope of the mean loss below 1e-8, of the sum below 4e-6.
    assert x.T @ (p - y) + LOGISTIC.penalty * found.coef_[0] == pytest.approx(np.zeros(3), abs=4e-6)
    assert (p - y).sum() == pytest.approx(0, abs=4e-6)


def test_boosting_adds_up_as_many_trees_of_as_many_leaves() -> None:
    data = table(2)
    found = BASELINES["boosting"].build(SETTINGS["boosting"]).fit(data.train.x, data.train.y)
    assert found.n_iter_ == 5
    assert all(tree.get_n_leaf_nodes() <= 4 for (tree,) in found._predictors)


@pytest.mark.parametrize("K", [2, 3])
@pytest.mark.parametrize("name", BASELINES)
def test_a_fit_measures_each_split_by_its_own_labels(name: str, K: int) -> None:
    data = table(K)
    run, metrics = fit(name, SETTINGS[name], data, task="table", data="here.npz")
    found = BASELINES[name].build(SETTINGS[name]).fit(data.train.x.astype(np.float64), data.train.y)
    for prefix, split in (("train", data.train), ("val", data.validation), ("test", data.test)):
        p = found.predict_proba(split.x.astype(np.float64))
        right = p[np.arange(len(split.y)), split.y]
        assert metrics[f"{prefix}/accuracy"] == np.mean(p.argmax(axis=1) == split.y)
        assert metrics[f"{prefix}/loss"] == pytest.approx(-np.log(right).mean(), rel=1e-9)
    assert metrics["val/auc"] > 0.6
    assert run.parameters["model"] == name and run.parameters["task"] == "table"


@pytest.mark.parametrize("K", [2, 3])
def test_logits_give_the_probabilities(K: int) -> None:
    data = table(K)
    found = BASELINES["logistic"].build(LOGISTIC).fit(data.train.x.astype(np.float64), data.train.y)
    logits = scores(found, data.test.x.astype(np.float64))
    assert logits.shape == (200, K)
    assert softmax(logits) == pytest.approx(found.predict_proba(data.test.x.astype(np.float64)), abs=1e-12)


@pytest.mark.parametrize("name", BASELINES)
def test_a_fit_comes_out_the_same_twice(name: str) -> None:
    first, second = (fit(name, SETTINGS[name], table(2), task="table", data="here.npz") for _ in range(2))
    assert first == second


def test_a_perfect_order_has_an_area_of_one() -> None:
    class Known:
        def decision_function(self, x: NDArray[Any]) -> NDArray[Any]:
            first: NDArray[Any] = x[:, 0]
            return first

    split = Split(np.array([[-1.0], [0.5], [2.0]], dtype=np.float32), np.array([0, 1, 1], dtype=np.uint8))
    assert measure(Known(), split) == {"accuracy": 1.0, "auc": 1.0, "loss": pytest.approx(0.30475, abs=1e-4)}
