"""Records of online learning that nobody trained: two rules of two seeds each."""

import math
from typing import Any

from bakeoff.base.record import Record, Run

LENGTH = 60  # rows of a history


def run(rule: str, drift: str, seed: int, **metrics: float) -> Run:
    optimizer, schedule = rule.split("-")
    parameters: dict[str, Any] = {
        "optimizer": optimizer,
        "schedule": schedule,
        "role": "final",
        "drift": drift,
        "seed": seed,
        "stream.delay": 250,
        "stream.warmup": 0.15,
        "stream.learnt": 0.9,
        "drift.window": 50,
        "drift.holds": 1200,
        "drift.within": 0.02,
        "evaluation.interval": 1000,
        "evaluation.averaged": [1, 10],
    }
    history = []
    for epoch in range(1, LENGTH + 1):
        lost = 0.3 if drift == "labels" and 20 < epoch <= 23 else 0.0
        auc = {} if epoch == 5 else {"window/auc": 0.7}  # a window may lack a class
        history.append({"epoch": epoch, "step": 1000 * epoch, "window/accuracy": 0.8 - lost, **auc})
    if drift != "none":
        parameters["drift.row"] = 20_000
    return Run(f"{rule}-{drift}-s{seed}", parameters, metrics, history)


def record(rule: str, loss: float, labels: list[float], edge: str | None = None) -> Record:
    """Two seeds; `labels` are the rows that they take to recover, infinite for never."""
    head = Run(f"{rule}-search", run(rule, "none", 1000).parameters | {"role": "search", "edge": edge}, {}, [])
    head.parameters["optimizer.learning_rate"] = 0.0316  # type: ignore[index]
    del head.parameters["drift"]  # type: ignore[attr-defined]
    runs = [head]
    for seed, rows in enumerate(labels):
        spread = {"loss.mean1/deviation": 0.6, "loss.mean10/deviation": 0.3 + seed / 10}
        scores = {"stream/accuracy": 0.8 + seed / 100, "stream/loss": loss + seed / 100, "stream/auc": 0.65}
        runs.append(run(rule, "none", seed, **scores, **spread))
        for drift, late in (("labels", rows), ("features", 300.0)):
            costs = {"drift/errors": 2 * rows if math.isfinite(rows) else 9000.0}
            runs.append(run(rule, drift, seed, **costs, **({"drift/rows": late} if math.isfinite(late) else {})))
    return Record("train_online", "online", "r", {}, {}, "c", runs)


RECORDS = {
    "sgd-constant": record("sgd-constant", 0.50, [400.0, 600.0]),
    "adagrad-inverse_time": record(
        "adagrad-inverse_time", 0.45, [math.inf, 700.0], "learning_rate 10 is online.search.high; widen the search"
    ),
}
