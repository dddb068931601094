"""Reference baselines: classifiers of a table that are no networks.

Fitted once each, in float64 and on one thread, on the rows and columns that the networks see.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from bakeoff.base.record import Run
from bakeoff.base.roles import Role
from bakeoff.base.settings import Settings
from bakeoff.contest.baseline_settings import BoostingSettings, LogisticSettings
from bakeoff.data.examples import Examples, Split
from bakeoff.training.metrics import accuracy, separation


@dataclass(frozen=True)
class BaselineSpec:
    rule: str
    source: str
    departs: str
    settings: type[Settings]
    build: Callable[[Any], Any]  # from an object of `settings` a classifier of scikit-learn


BASELINES = {
    "logistic": BaselineSpec(
        rule="softmax of an affine map; the least mean cross-entropy + penalty |W|^2 / (2 N), by Newton's method",
        source="Cox 1958, Journal of the Royal Statistical Society B 20(2)",
        departs="nothing; biases are not penalised",
        settings=LogisticSettings,
        build=lambda s: LogisticRegression(
            C=1 / s.penalty if s.penalty else np.inf, solver="newton-cholesky", tol=s.tolerance, max_iter=s.iterations
        ),
    ),
    "boosting": BaselineSpec(
        rule="a sum of regression trees, each fitted to the gradient of the loss at the sum before it, times a rate",
        source="Friedman 2001, Annals of Statistics 29(5); histograms as in Ke et al. 2017, NeurIPS 30",
        departs="no early stop: the number of trees is set",
        settings=BoostingSettings,
        build=lambda s: HistGradientBoostingClassifier(
            max_iter=s.trees,
            learning_rate=s.learning_rate,
            max_leaf_nodes=s.leaves,
            early_stopping=False,
            random_state=s.seed,
        ),
    ),
}


def fit(name: str, settings: Settings, examples: Examples, *, task: str, data: str) -> tuple[Run, dict[str, float]]:
    """Return one fit as a run without history, with the same validation and test metrics as networks."""
    classifier = BASELINES[name].build(settings).fit(examples.train.x.astype(np.float64), examples.train.y)
    metrics = {
        f"{prefix}/{metric}": value
        for prefix, split in (("train", examples.train), ("val", examples.validation), ("test", examples.test))
        for metric, value in measure(classifier, split).items()
    }
    parameters = {"task": task, "data": data, "model": name, "role": Role.BASELINE}
    parameters |= {f"{name}.{key}": value for key, value in settings.model_dump(mode="json").items()}
    return Run(name, parameters, metrics), metrics


def measure(classifier: Any, split: Split) -> Mapping[str, float]:
    """Loss, accuracy and area under the ROC curve on a split."""
    logits = torch.from_numpy(scores(classifier, split.x.astype(np.float64)))
    y = torch.from_numpy(split.y).long()
    loss = F.cross_entropy(logits, y).item()
    return {"loss": loss, "accuracy": accuracy(logits, y), "auc": separation(logits, y)}


def scores(classifier: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits (N, K); of two classes scikit-learn gives the second one's against the first's (N,)."""
    found: NDArray[np.float64] = classifier.decision_function(x)
    return np.stack([np.zeros_like(found), found], axis=1) if found.ndim == 1 else found
