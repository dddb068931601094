"""How busy workers are while a search asks in batches, or in an ordered window.

    python -m benchmarks.window [--study cnn] [--points 60] [--trials 64] [--repeats 200]

Run it from the root, where the study's data are ingested. The durations are the processor times of trainings at random
points of the study, without the shortest and the longest 5 %. The efficiency is the sum of the durations over workers
times the time from the first question to the last answer. It is simulated on durations drawn from these; for 2 workers
it is also measured, on processes that sleep as long as a training takes.
"""

import bakeoff.base.reproducible  # noqa: F401  # isort: skip  (before NumPy)

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.base import settings
from bakeoff.base.workers import answering
from bakeoff.data.examples import Examples
from bakeoff.tuning.executor import search, search_in_window
from bakeoff.tuning.one_objective import OneObjective
from bakeoff.tuning.searchers.random import Random
from bakeoff.tuning.searchers.searcher import Problem, Proposal, no_slope
from bakeoff.tuning.settings import RandomSettings, StopSettings
from bakeoff.tuning.setup import Setup
from bakeoff.tuning.trained import Trained

Durations = NDArray[np.float64]
NEVER = StopSettings(target=None, patience=None, halving=None)
SHAPES = ((2, 4), (4, 8), (4, 16), (8, 32))  # workers, and the size of the batch or the window


def durations(study: str, count: int) -> Durations:
    """Return the processor time of trainings at so many random points, trimmed to 5-95 %."""
    document = settings.load()

    def read(key: str, kind: Any) -> Any:
        return settings.validate(document, key, kind)

    setup = Setup.read(read, study, "random", read)
    objective = setup.objective(Examples.load(Path(setup.data)))
    problem = Problem(study, setup.base.space(setup.settings), count, 0, no_slope)
    taken = []
    for proposal in Random(problem, RandomSettings()).ask(count):
        began = time.process_time()
        objective(proposal.point)
        taken.append(time.process_time() - began)
    whole = np.array(taken)
    print(
        f"{study}: median {np.median(whole):.2f} s, coefficient of variation {whole.std() / whole.mean():.2f}", end=""
    )
    low, high = np.quantile(whole, [0.05, 0.95])
    trimmed = whole[(whole >= low) & (whole <= high)]
    print(f", trimmed {trimmed.std() / trimmed.mean():.2f}")
    return trimmed


def in_batches(taken: Durations, workers: int, size: int) -> float:
    """Return the simulated efficiency of batches."""
    now = 0.0
    for first in range(0, len(taken), size):
        free = np.zeros(workers)
        for duration in taken[first : first + size]:
            free[free.argmin()] += duration
        now += free.max()
    return float(taken.sum() / (workers * now))


def in_a_window(taken: Durations, workers: int, size: int) -> float:
    """Return the simulated efficiency of an ordered window."""
    free, told = np.zeros(workers), []
    for number, duration in enumerate(taken):
        worker = free.argmin()
        asked = told[number - size] if number >= size else 0.0
        free[worker] = max(free[worker], asked) + duration
        told.append(max(free[worker], told[-1] if told else 0.0))
    return float(taken.sum() / (workers * free.max()))


class Numbered:
    """Proposes 0, 1, 2, ..."""

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, n: int) -> list[Proposal]:
        self.asked += n
        return [Proposal({"number": number}) for number in range(self.asked - n, self.asked)]

    def tell(self, values: Sequence[Any]) -> None:
        """Learn nothing from them."""


def measured(taken: Durations, workers: int, size: int, *, window: bool) -> float:
    """Return the efficiency of processes that sleep."""

    def train(number: int) -> Trained:
        time.sleep(float(taken[number]))
        return Trained({"val/loss": 0.0}, None)

    shared: dict[str, Any] = {"budget": len(taken), "price": 1, "stop": NEVER, "watch": lambda _: None}
    shared["goal"] = OneObjective("loss")
    with answering(train, workers) as ask:
        began = time.monotonic()
        if window:
            search_in_window(Numbered(), lambda point: ask.begin(point["number"]), window=size, **shared)
        else:
            search(
                Numbered(),
                lambda points: ask([point["number"] for point in points]),
                cheapest=1,
                batch=size,
                **shared,
            )
        return float(taken.sum() / (workers * (time.monotonic() - began)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--study", default="cnn")
    parser.add_argument("--points", type=int, default=60)
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=200)
    asked = parser.parse_args()
    pool = durations(asked.study, asked.points)
    draw = np.random.default_rng(0)
    drawn = [draw.choice(pool, asked.trials) for _ in range(asked.repeats)]
    simulations: Sequence[tuple[str, Callable[[Durations, int, int], float]]] = (
        ("batches", in_batches),
        ("window", in_a_window),
    )
    for workers, size in SHAPES:
        for name, simulate in simulations:
            efficiency = np.mean([simulate(taken, workers, size) for taken in drawn])
            print(f"simulated, {workers} workers, {name} of {size}: {efficiency:.2f}")
    for name, window in (("batches", False), ("window", True)):
        print(f"measured, 2 workers, {name} of 4: {measured(drawn[0], 2, 4, window=window):.2f}", flush=True)


if __name__ == "__main__":
    main()
