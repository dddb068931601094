"""Contests that nobody held: records in the form that trainings leave, from a formula and a seed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from bakeoff.base.record import Record, Run
from bakeoff.base.values import Metric
from bakeoff.results.compare import TaskRecords, compare
from bakeoff.results.curves import curves
from bakeoff.results.model import Comparison, Reference, TaskKind
from bakeoff.results.references import INTENSITIES, HeldOut
from bakeoff.results.settings import ComparisonSettings

EPOCHS, STEPS = 8, 110  # of a run, and of an epoch
LOST = 30.0  # times its best rate, from where on a run diverges

# Of each optimizer its space, its best rate, the default one, how good it is, and how soon it is there (epochs).
OPTIMIZERS: Mapping[str, tuple[Mapping[str, list[float]], float, float, float, float]] = {
    "sgd": ({"learning_rate": [1e-3, 10.0]}, 0.3, 0.1, 0.0, 1.5),
    "momentum": ({"learning_rate": [1e-3, 10.0], "beta": [0.5, 0.99]}, 0.3, 0.1, 0.002, 1.2),
    "adagrad": ({"learning_rate": [1e-3, 1.0]}, 0.03, 0.01, 0.001, 0.8),
    "adadelta": ({"learning_rate": [0.01, 10.0], "rho": [0.5, 0.99]}, 1.0, 1.0, 0.0, 1.5),
    "rmsprop": ({"learning_rate": [1e-4, 0.1], "beta": [0.5, 0.99]}, 1e-3, 1e-3, 0.001, 0.7),
    "adam": ({"learning_rate": [1e-4, 0.1], "beta1": [0.5, 0.99]}, 1e-3, 1e-3, 0.002, 0.7),
    "nesterov": ({"learning_rate": [1e-3, 10.0], "beta": [0.5, 0.99]}, 0.05, 0.01, 0.002, 1.2),
    "adam_uncorrected": ({"learning_rate": [1e-4, 0.1], "beta1": [0.5, 0.99]}, 1e-3, 1e-3, -0.03, 1.0),
    "lion": ({"learning_rate": [1e-5, 1e-3], "beta1": [0.5, 0.99]}, 9e-4, 1e-4, 0.0, 0.9),
}
# Of each task its kind and metric, and of its models how good they are, how many weights they have, and how many seeds.
TASKS: Mapping[str, tuple[TaskKind, Metric, Mapping[str, tuple[float, int, int]]]] = {
    "images": (
        "images",
        "accuracy",
        {"softmax": (0.92, 7850, 10), "mlp": (0.945, 101770, 10), "cnn": (0.975, 54314, 5)},
    ),
    "table": ("table", "auc", {"softmax": (0.73, 254, 10), "mlp": (0.745, 16514, 10)}),
    "scans": ("scans", "dice", {"unet": (0.84, 29635, 5)}),
    "cifar": ("images", "accuracy", {"softmax": (0.4, 30730, 3), "cnn": (0.7, 60000, 2)}),
    "penguins": ("table", "accuracy", {"mlp": (0.9, 1000, 3)}),
}
DEFAULT = ("images", "table", "scans")
HELD_OUT: Mapping[Metric, HeldOut] = {
    "accuracy": HeldOut((50,) * 10, (Reference(name="the majority class", validation=0.1, test=0.1),)),
    "auc": HeldOut((300, 200), (Reference(name="chance", validation=0.5, test=0.5),)),
    "dice": HeldOut((6000, 2000), (Reference(name=INTENSITIES, validation=0.5612, test=0.5733),)),
}
STATE = {"sgd": 0, "momentum": 1, "adagrad": 1, "adadelta": 2, "rmsprop": 1, "nesterov": 1, "lion": 1}


def simulated(task: str, model: str, optimizer: str, shared: bool = False) -> Record:
    """One cell's record: 8 trials, 3 finalists run 3 times again, final runs, and 3 at the default hyperparameters.

    Args:
        shared: the points of an optimizer are the same on every problem.
    """
    _, metric, models = TASKS[task]
    top, weights, seeds = models[model]
    space, best, default, bonus, soon = OPTIMIZERS[optimizer]
    draw = np.random.default_rng([*task.encode(), *model.encode(), *optimizer.encode()])
    common = {
        "task": task,
        "data": f"data/{task}/examples.npz",
        "model": model,
        "optimizer": optimizer,
        "network.parameters": weights,
        "optimizer.state": STATE.get(optimizer, 2),
        "validation_subset": 100,
        "training.epochs": EPOCHS,
        "training.batch_size": 32,
        "training.evaluations": 12,
        "training.schedule.kind": "constant",
    }

    def run(name: str, role: str, seed: int, point: int | None, hyperparameters: Mapping[str, float]) -> Run:
        rate = hyperparameters["learning_rate"]
        of = {f"optimizer.{key}": value for key, value in hyperparameters.items()}
        parameters = common | of | {"role": role, "seed": seed, "point": point}
        parent = f"{model}-{optimizer}-search" if role in ("trial", "rerun") else None
        lucky = np.random.default_rng([seed, 7]).normal(0, 0.004)  # good and bad seeds, the same for all optimizers
        end = top + bonus + lucky - 0.02 * math.log10(rate / best) ** 2 + draw.normal(0, 0.002)
        lost = rate > LOST * best
        history = [
            {
                "epoch": epoch,
                "step": epoch * STEPS,
                "train/loss": 2 * (1 - end) + 2 * math.exp(-epoch / soon),
                "val_subset/loss": 3 * (1 - end) + 2 * math.exp(-epoch / soon) + abs(draw.normal(0, 0.01)),
                f"val_subset/{metric}": float(end * (1 - 0.5 * math.exp(-epoch / soon)) + draw.normal(0, 0.001)),
            }
            for epoch in range(1, 3 if lost else EPOCHS + 1)
        ]
        if lost:
            return Run(name, parameters, {}, history, 2 * STEPS + 5, parent)
        # On all validation data the values are the same.
        history[-1] |= {f"val/{of}": history[-1][f"val_subset/{of}"] for of in ("loss", metric)}
        metrics = {key: value for key, value in history[-1].items() if key not in ("epoch", "step")}
        if role in ("final", "default"):
            metrics |= {f"test/{metric}": metrics[f"val/{metric}"] - 0.01 + draw.normal(0, 0.002)}
        return Run(name, parameters, metrics, history, None, parent)

    cell = f"{model}-{optimizer}"
    place = np.random.default_rng([*optimizer.encode(), 1]) if shared else draw
    points = [
        {name: float(low * (high / low) ** place.uniform()) for name, (low, high) in space.items()} for _ in range(8)
    ]
    trials = [run(f"{cell}-t{n}", "trial", 1000, n, point) for n, point in enumerate(points, start=1)]
    order = sorted(range(8), key=lambda n: (trials[n].diverged is not None, -trials[n].metrics.get(f"val/{metric}", 0)))
    reruns = [
        run(f"{cell}-t{n + 1}-s{seed}", "rerun", seed, n + 1, points[n])
        for n in order[:3]
        for seed in (1001, 1002, 1003)
    ]
    pick = order[0]
    low, high = space["learning_rate"]
    rate = points[pick]["learning_rate"]
    edge = f"learning_rate {rate:.3g} lies at the upper edge of its space, {low:g} to {high:g}; widen it"
    head = trials[pick].parameters | {"role": "search", "edge": edge if rate > high / (high / low) ** 0.1 else None}
    finals = [run(f"{cell}-s{seed}", "final", seed, pick + 1, points[pick]) for seed in range(seeds)]
    usual = dict.fromkeys(space, 0.9) | {"learning_rate": default}
    defaults = [run(f"{cell}-default-s{seed}", "default", seed, None, usual) for seed in range(3)]
    search = Run(f"{cell}-search", head, {"trials": 8.0})
    settings = {f"optimizers.{optimizer}": {"search": space}}
    counts = {"trials": 8, "finalists": 3, "reruns": 3, "defaults": 3}
    settings |= {"budget": "standard"} | {f"budgets.standard.contest.{name}": count for name, count in counts.items()}
    return Record(f"train_{task}@{cell}", task, "", settings, {}, "", [search, *trials, *reruns, *finals, *defaults])


RATES = {"low": 0.01, "high": 10.0, "scale": "log"}


def search(method: str, level: float) -> Record:
    """A study of a search for hyperparameters: three trials, and two confirmations of the best."""
    shared = {"task": "images", "data": "data/images/examples.npz", "method": method, "seed": 0}
    shared |= {"study": "mlp", "model": "mlp", "optimizer": "momentum", "study.objective": "loss"}
    shared |= {"study.space": "optimizer.learning_rate"}
    name = f"{method}-s0"
    losses = [level + 0.3, level + 0.1, level]
    history = [{"epoch": n, "best/val/loss": loss} for n, loss in enumerate(losses, start=1)]
    of_search = {"study.ended": "budget"} | ({"bayes.startup_trials": 3} if method == "bayes" else {})
    head = Run(name, shared | {"optimizer.learning_rate": 0.3} | of_search, {"trials": 3.0}, history)
    trials = [
        Run(f"{name}-t{n}", shared | {"optimizer.learning_rate": n / 10}, {"val/loss": loss}, parent=name)
        for n, loss in enumerate(losses, start=1)
    ]
    fresh = [
        Run(f"{name}-c{n}", shared | {"seed": n}, {"val/loss": level + n / 50, "test/accuracy": 0.9}, parent=name)
        for n in (1, 2)
    ]
    settings = {"tuning.studies.mlp": {"optimizer": "momentum", "space": {"optimizer.learning_rate": RATES}}}
    return Record(f"tune_mlp@{method}", "tuning", "", settings, {}, "", [head, *trials, *fresh])


def search_of_two(method: str, level: float, *, diverged: bool = False) -> Record:
    """A study of accuracy against the number of weights: four trials, one of them diverged, and two confirmations.

    Args:
        level: the accuracy of the largest network.
        diverged: whether all trials did.
    """
    shared = {"task": "images", "data": "data/images/examples.npz", "method": method, "seed": 0}
    shared |= {"study": "duo", "model": "mlp", "optimizer": "adam", "study.objective": "accuracy, parameters"}
    shared |= {"study.space": "network.hidden.0"}
    name = f"duo-{method}-s0"
    trials = [
        Run(f"{name}-t{n:03}", shared | {"network.hidden.0": width}, metrics, diverged=5 if lost else None, parent=name)
        for n, (width, score) in enumerate(((4, level - 0.2), (64, level), (32, None), (70, level - 0.1)), start=1)
        for lost in [diverged or score is None]
        for metrics in [{} if lost or score is None else {"val/accuracy": score, "parameters": 10 * width}]
    ]
    again = [] if diverged else [(trials[1], 0.02), (trials[0], 0.01)]
    fresh = [
        Run(
            f"{name}-c{n}",
            trial.parameters | {"seed": 1, "study.trial": trial.name[-4:]},
            {
                "val/accuracy": trial.metrics["val/accuracy"] - less,
                "parameters": trial.metrics["parameters"],
                "test/accuracy": 0.5,
            },
            parent=name,
        )
        for n, (trial, less) in enumerate(again, start=1)
    ]
    head = Run(name, shared | {"study.front": "", "study.ended": "budget"}, {"trials": 4.0})
    space = {"network.hidden.0": {"low": 4, "high": 128, "scale": "log"}}
    settings = {"tuning.studies.duo": {"optimizer": "adam", "space": space}}
    return Record(f"tune_duo@{method}", "tuning", "", settings, {}, "", [head, *trials, *fresh])


def baseline(name: str, score: float, task: str = "table") -> Record:
    metric = TASKS[task][1]
    metrics = {f"val/{metric}": score, f"test/{metric}": score - 0.03}
    run = Run(name, {"task": task, "model": name}, metrics)
    return Record(f"train_baseline@{name}", "baselines", "", {}, {}, "", [run])


def recipe() -> Record:
    shared = {"task": "images", "model": "cnn", "optimizer": "adamw", "refit": False, "training.epochs": 40}
    scores = {0: 0.98, 1: 0.99, 2: 0.982}
    runs = [
        Run(f"images-cnn-s{seed}", shared | {"seed": seed}, {"val/accuracy": score, "test/accuracy": score - 0.01})
        for seed, score in scores.items()
    ]
    return Record("train_recipe_images@cnn", "recipes", "", {}, {}, "", runs)


def contests(
    tasks: Sequence[str], optimizers: Sequence[str] = tuple(OPTIMIZERS), *, shared: bool = False
) -> dict[str, TaskRecords]:
    """Return the records of the contests of these tasks."""
    return {
        task: TaskRecords(
            kind,
            metric,
            {
                (model, optimizer): simulated(task, model, optimizer, shared)
                for model in models
                for optimizer in optimizers
            },
            HELD_OUT[metric],
        )
        for task, (kind, metric, models) in TASKS.items()
        if task in tasks
    }


def all_diverged(records: Mapping[str, TaskRecords], *roles: str) -> dict[str, TaskRecords]:
    """Return the records with every run of these roles diverged in its second epoch."""

    def lost(run: Run) -> Run:
        diverged = run.parameters["role"] in roles
        return replace(run, metrics={}, history=run.history[:1], diverged=STEPS + 5) if diverged else run

    return {
        task: replace(
            found,
            cells={cell: replace(record, runs=list(map(lost, record.runs))) for cell, record in found.cells.items()},
        )
        for task, found in records.items()
    }


def vectors(corpus: str = "corpus") -> Record:
    """One training of word vectors."""
    run = Run("cbow-s0", {"data": f"data/{corpus}/tokens.npy", "model": "cbow", "seed": 0}, {"val/loss": 2.0})
    return Record("train_embedding@cbow", "embedding", "", {}, {}, "", [run])


@pytest.fixture(scope="session")
def records() -> dict[str, TaskRecords]:
    """Three tasks, six models, nine optimizers."""
    return contests(DEFAULT)


SETTINGS = ComparisonSettings(confidence=0.95, unstable_above=0.1, resamples=1000, seed=0)


@pytest.fixture(scope="session")
def comparison(records: dict[str, TaskRecords]) -> Comparison:
    """The comparison of these contests."""
    return compare(
        records,
        {"corpus": {"cbow": vectors()}},
        {"mlp": {method: search(method, level) for method, level in (("grid", 0.5), ("bayes", 0.4))}},
        [baseline("logistic", 0.725), baseline("boosting", 0.764)],
        [recipe()],
        SETTINGS,
    )


@pytest.fixture(scope="session")
def curves_csv(records: dict[str, TaskRecords]) -> str:
    return curves(records)
