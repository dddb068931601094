"""One search of a problem by one contender: the project's searchers, and Optuna's own loop."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import optuna

from bakeoff.base.settings import load
from bakeoff.tuner_contest.functions import FUNCTIONS, function_problem
from bakeoff.tuner_contest.problem import Problem
from bakeoff.tuner_contest.search import build, searched
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.searchers.searcher import Proposal, Searcher
from benchmarks.tuning import outsiders
from benchmarks.tuning.outsiders import PACKAGES
from benchmarks.tuning.tables import problems

DOCUMENT = load(Path(__file__).parents[2] / "params.yaml")
PARAMS, BATCH = DOCUMENT["tuning"], DOCUMENT["tuner_contest"]["batch"]
ENVIRONMENTS: list[Path] = []  # the folder of those of other libraries, if it was given
PROBLEMS: dict[str, Problem] = {name: function_problem(name) for name in FUNCTIONS}
METHODS = tuple(name for name in SEARCHERS if name != "gradient")  # it needs the gradient of a training
SAMPLERS: Mapping[str, Callable[[int], optuna.samplers.BaseSampler]] = {
    "optuna tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "optuna gp": lambda seed: optuna.samplers.GPSampler(seed=seed),
}
CONTENDERS = (*METHODS, *SAMPLERS, *PACKAGES)
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
    if contender in PACKAGES:
        libraries = {contender: outsiders.version(ENVIRONMENTS[0], contender)}
    else:
        libraries = {name: version(name) for name in ("numpy", *LIBRARIES.get(contender, ()))}
    text = json.dumps([BATCH, PARAMS.get(contender), libraries], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def with_tables(wheel: Path | None) -> None:
    """Add the tables of a wheel to the problems."""
    if wheel:
        PROBLEMS.update({table.name: table for table in problems(wheel)})


def with_environments(folder: Path | None) -> None:
    """Note the folder that has the environments of the other libraries."""
    ENVIRONMENTS[:] = [folder] if folder else []


def prepare(wheel: Path | None, environments: Path | None) -> None:
    """Make a process ready that searches."""
    with_tables(wheel)
    with_environments(environments)


def search_for(key: Key) -> Found:
    contender, name, budget, seed = key
    values, seconds = search(contender, PROBLEMS[name], budget, seed)
    return PROBLEMS[name].regrets(values).tolist(), seconds


def search(contender: str, problem: Problem, budget: int, seed: int) -> tuple[list[float], float]:
    """Return the values of all trials, and the seconds of processor time that the searcher took for each."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if contender in PACKAGES:
        return outsiders.by_script(ENVIRONMENTS[0], contender, problem, budget, seed)
    if contender in SAMPLERS:
        return by_optuna(SAMPLERS[contender](seed), problem, budget)
    settings = None if contender == "grid" else SEARCHERS[contender].settings.model_validate(PARAMS[contender])
    start = time.process_time()
    searcher = build(contender, settings, problem.space, budget, seed)
    timed = Timed(searcher, time.process_time() - start)
    return searched(timed, problem, budget, BATCH), timed.seconds / budget


class Timed:
    """A searcher whose processor time is taken.

    Attributes:
        seconds: that it has taken, at first to be built.
    """

    def __init__(self, searcher: Searcher, seconds: float) -> None:
        self.searcher, self.seconds = searcher, seconds

    def ask(self, n: int) -> list[Proposal]:
        self.seconds -= time.process_time()
        found = self.searcher.ask(n)
        self.seconds += time.process_time()
        return found

    def tell(self, values: Sequence[Any]) -> None:
        self.seconds -= time.process_time()
        self.searcher.tell(values)
        self.seconds += time.process_time()


def by_optuna(sampler: optuna.samplers.BaseSampler, problem: Problem, budget: int) -> tuple[list[float], float]:
    """One trial after the other, at the sampler's defaults."""
    values: list[float] = []
    trained = 0.0

    def objective(trial: optuna.Trial) -> float:
        nonlocal trained
        point: dict[str, float] = {}
        for name in problem.space.dimensions:
            low, high = problem.space.extremes(name)
            whole = name in problem.space.integers
            point[name] = trial.suggest_int(name, low, high) if whole else trial.suggest_float(name, low, high)
        trained -= time.process_time()
        values.append(problem.value(point))
        trained += time.process_time()
        return values[-1]

    start = time.process_time()
    optuna.create_study(sampler=sampler).optimize(objective, n_trials=budget)
    return values, (time.process_time() - start - trained) / budget
