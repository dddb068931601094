"""A plain reference of the compiled learner and window: torch's gradient, the registry's optimizers, all pairs.

N rows, D columns, K classes.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from bakeoff.data.examples import one_hot
from bakeoff.networks.registry import NETWORKS
from bakeoff.networks.softmax import SoftmaxSettings
from bakeoff.online.kernels import Floats, Ints, Rows
from bakeoff.online.learner import Rule
from bakeoff.optimizers.registry import OPTIMIZERS
from bakeoff.optimizers.schedules import factor


def learn(rule: Rule, rows: Rows, widths: Ints, classes: int, seed: int) -> tuple[Floats, list[Floats]]:
    """Logits (N, K) of each row as it was predicted, and the weights (D + 1, K) after each batch, the bias last."""
    x = torch.from_numpy(one_hot(rows.numbers, rows.codes.astype(np.uint16), widths)).double()
    y, network = torch.from_numpy(rows.labels), SoftmaxSettings(initial_sigma=0.01)
    model = NETWORKS["softmax"].build(network, (x.shape[1],), classes, torch.Generator().manual_seed(seed)).double()
    spec = OPTIMIZERS[rule.optimizer]
    hyperparameters = {"learning_rate": rule.learning_rate, "epsilon": rule.epsilon}
    settings = spec.settings.model_validate({name: hyperparameters[name] for name in spec.settings.model_fields})
    optimizer = spec.build(model.parameters(), settings)
    logits, weights = [], []
    for step, first in enumerate(range(0, len(x), rule.batch_size)):
        batch = np.arange(first, min(first + rule.batch_size, len(x)))
        with torch.no_grad():
            logits.append(model(x[batch]))
        answered = [row for row in (batch - rule.delay).tolist() if row >= 0 and rows.learns[row]]
        if answered:
            for group in optimizer.param_groups:
                group["lr"] = rule.learning_rate * factor(rule.schedule, step, 0)
            optimizer.zero_grad()
            F.cross_entropy(model(x[answered]), y[answered]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        bias, weight = sorted((p.detach() for p in model.parameters()), key=torch.Tensor.dim)
        weights.append(torch.cat([weight.T, bias[None]]).numpy())
    return torch.cat(logits).numpy(), weights


def area(scores: Sequence[float], positives: Sequence[bool]) -> float | None:
    """Under the ROC curve, by looking at every pair of a positive and a negative."""
    pairs = [
        (a > b) + (a == b) / 2
        for a, positive in zip(scores, positives, strict=True)
        for b, other in zip(scores, positives, strict=True)
        if positive and not other
    ]
    return sum(pairs) / len(pairs) if pairs else None
