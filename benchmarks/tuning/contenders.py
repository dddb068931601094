"""One search of a problem by one contender: the project's searchers, and Optuna's own loop."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from bakeoff.base.settings import Settings, load
from bakeoff.tuning.registry import SEARCHERS
from bakeoff.tuning.searcher import Problem as Asked
from bakeoff.tuning.settings import GridSettings
from benchmarks.tuning.problems import PROBLEMS, Problem
from benchmarks.tuning.tables import problems

BATCH = 4
PARAMS = load(Path(__file__).parents[2] / "params.yaml")["tuning"]
METHODS = tuple(name for name in SEARCHERS if name != "gradient")  # it needs the gradient of a training
SAMPLERS: Mapping[str, Callable[[int], optuna.samplers.BaseSampler]] = {
    "optuna tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "optuna gp": lambda seed: optuna.samplers.GPSampler(seed=seed),
}
CONTENDERS = (*METHODS, *SAMPLERS)
LIBRARIES: Mapping[str, Sequence[str]] = {  # that propose the points, beside NumPy
    "sobol": ("scipy",),
    "bayes": ("optuna",),
    "gp": ("optuna", "scipy", "torch"),
    "cma": ("cmaes",),
    "nsga2": ("optuna",),
    "optuna tpe": ("optuna",),
    "optuna gp": ("optuna", "scipy", "torch"),
}
Key = tuple[str, str, int, int]  # contender, problem, budget, seed
Found = tuple[list[float], float]  # regret of the best so far after each trial, seconds of the searcher a trial


def version_of(contender: str) -> str:
    """Return a digest of a contender's settings and of the versions of its libraries."""
    libraries = {name: version(name) for name in ("numpy", *LIBRARIES.get(contender, ()))}
    text = json.dumps([BATCH, PARAMS.get(contender), libraries], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def with_tables(wheel: Path | None) -> None:
    """Add the tables of a wheel to the problems."""
    if wheel:
        PROBLEMS.update({table.name: table for table in problems(wheel)})


def searched(key: Key) -> Found:
    contender, name, budget, seed = key
    values, seconds = search(contender, PROBLEMS[name], budget, seed)
    return PROBLEMS[name].regrets(values), seconds


def search(contender: str, problem: Problem, budget: int, seed: int) -> tuple[list[float], float]:
    """Return the values of all trials, and the seconds of processor time that the searcher took for each."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if contender in SAMPLERS:
        return by_optuna(SAMPLERS[contender](seed), problem, budget)
    spec = SEARCHERS[contender]
    settings = spec.settings.model_validate(PARAMS[contender])
    if contender == "grid":
        settings = levels(problem, budget, seed)
    return by_searcher(spec.build, settings, problem, budget, seed)


def by_searcher(
    build: Callable[[Asked, Any], Any], settings: Settings, problem: Problem, budget: int, seed: int
) -> tuple[list[float], float]:
    """In batches, as a study does."""
    values: list[float] = []
    took = -time.process_time()
    searcher = build(Asked("benchmark", problem.space, budget, seed, no_slope), settings)
    while len(values) < budget:
        points = [proposal.point for proposal in searcher.ask(min(BATCH, budget - len(values)))]
        took += time.process_time()
        found = [problem.at(list(point.values())) for point in points]
        took -= time.process_time()
        searcher.tell(found)
        values += found
    return values, (took + time.process_time()) / budget


def by_optuna(sampler: optuna.samplers.BaseSampler, problem: Problem, budget: int) -> tuple[list[float], float]:
    """One trial after the other, at the sampler's defaults."""
    values: list[float] = []
    trained = 0.0

    def objective(trial: optuna.Trial) -> float:
        nonlocal trained
        if problem.levels:
            place: list[float] = [trial.suggest_int(f"x{k}", 0, n - 1) for k, n in enumerate(problem.levels)]
        else:
            place = [trial.suggest_float(name, 0.0, 1.0) for name in problem.space.dimensions]
        trained -= time.process_time()
        values.append(problem.at(place))
        trained += time.process_time()
        return values[-1]

    start = time.process_time()
    optuna.create_study(sampler=sampler).optimize(objective, n_trials=budget)
    return values, (time.process_time() - start - trained) / budget


def levels(problem: Problem, budget: int, seed: int) -> GridSettings:
    """Return a grid of at least as many points as the budget; which dimensions have a level more is drawn."""
    counts = np.ones(problem.dimensions, int)
    most = problem.levels or [budget] * problem.dimensions
    order = np.random.default_rng(seed).permutation(problem.dimensions)
    while counts.prod() < budget:
        open_ = [axis for axis in order if counts[axis] < most[axis]]
        counts[min(open_, key=lambda axis: counts[axis])] += 1
    return GridSettings(levels={"benchmark": dict(zip(problem.space.dimensions, counts.tolist(), strict=True))})


def no_slope(steps: int) -> Any:
    raise NotImplementedError(f"a function has no gradient through {steps} steps of a training")
