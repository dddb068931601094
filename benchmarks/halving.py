"""How many trainings halving needs for what random search finds with 64.

    python -m benchmarks.halving [--study mlp] [--epochs 3 9] [--points 600] [--repeats 4000]

Run it from the root, where the study's data are ingested. Points are drawn at random from the study's space, and each
is trained to the end, with a pause on each rung. Searches then draw their points from these without replacement, the
same for all; halving has the brackets that a study has (first 1, factor 3). The regret is the objective minus its least
of all points. It is the median over the repeats. The study's schedule has to be constant: then a training for fewer
epochs has the same value whether it pauses or ends there, and `resume` changes the costs alone.
"""

import bakeoff.base.reproducible  # noqa: F401  # isort: skip  (before NumPy)

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.base import settings
from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.settings import BadInput
from bakeoff.data.examples import Examples
from bakeoff.optimizers.schedules import Constant
from bakeoff.tuning.dotted import EPOCHS
from bakeoff.tuning.halving import Bracket, planned, rungs
from bakeoff.tuning.searchers.random import Random
from bakeoff.tuning.searchers.searcher import Problem, no_slope
from bakeoff.tuning.settings import HalvingSettings, RandomSettings, StopSettings
from bakeoff.tuning.setup import Setup
from bakeoff.tuning.space import Point

Values = dict[int, NDArray[np.float64]]  # of the points, by the epochs of their training
BUDGET = 64  # trainings of random search
BUDGETS = (*range(8, 64, 2), 64)  # trainings of halving


def reader(changes: dict[str, Any]) -> Callable[[str, Any], Any]:
    """Return what reads params.yaml, with other values at some keys."""
    document = settings.load()
    return lambda key, kind: changes.get(key) or settings.validate(document, key, kind)


def trained(study: str, epochs: int, count: int) -> Values:
    """Return the values of so many random points on each rung."""
    halving = halved(resume=True)
    read = Setup.read(reader({}), study, "random", reader({}))
    stop = StopSettings(target=None, patience=None, halving=halving)
    changed = read.settings.model_copy(update={"epochs": epochs, "stop": stop})
    setup = Setup.read(reader({f"tuning.studies.{study}": changed}), study, "random", reader({}))
    if setup.base.at({}).training.schedule != Constant(kind="constant", warmup=0.0):
        raise BadInput(f"study {study}: its schedule is not constant from the first step on; take another study")
    objective = setup.objective(Examples.load(Path(setup.data)))
    space = setup.base.space(changed)
    points = [one.point for one in Random(Problem(study, space, count, 0, no_slope), RandomSettings()).ask(count)]
    name = changed.objectives[0]

    def on_rungs(point: Point, number: int) -> list[float]:
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = Checkpoint("halving", str(number), Path(folder))
            asked = [point | {EPOCHS: level} for level in rungs(halving, epochs)]
            return [objective(one, checkpoint).value(name) for one in asked]

    values = np.array([on_rungs(point, number) for number, point in enumerate(points)])
    return dict(zip(rungs(halving, epochs), values.T, strict=True))


def halved(*, resume: bool) -> HalvingSettings:
    return HalvingSettings(kind="halving", first=1, factor=3, resume=resume)


def found(values: Values, bracket: Bracket, drawn: Sequence[int]) -> float:
    """Return the best value with all epochs among points that climb a bracket."""
    points = np.array(drawn[: bracket[0].points])
    for rung in bracket:
        points = points[: rung.points]
        points = points[np.argsort(values[rung.epochs][points], kind="stable")]
    return float(values[bracket[-1].epochs][points[0]])


def compared(study: str, epochs: int, count: int, repeats: int) -> None:
    draw = np.random.default_rng(0)
    orders = [draw.permutation(count) for _ in range(repeats)]
    values = trained(study, epochs, count)
    full = values[epochs]
    least, diverged = full.min(), np.count_nonzero(~np.isfinite(full))
    likeness = [f"{np.corrcoef(ranks(of), ranks(full))[0, 1]:.2f} at {level}" for level, of in values.items()]
    print(f"{study}, {epochs} epochs; {count} points, {diverged} of them diverge")
    print(f"rank correlation with the last epoch: {', '.join(likeness)}")
    random = [float(np.median([full[order[:n]].min() for order in orders]) - least) for n in (16, 32, BUDGET)]
    print(f"random search, 16, 32 and {BUDGET} trainings: {', '.join(f'{one:.4f}' for one in random)}")
    for resume in (True, False):
        halving, regrets = halved(resume=resume), {}
        for budget in BUDGETS:
            (bracket,) = planned(halving, epochs, budget).brackets
            regrets[budget] = float(np.median([found(values, bracket, order) for order in orders]) - least)
            print(f"resume: {resume}, {budget} trainings, {bracket[0].points} points: {regrets[budget]:.4f}")
        enough = next((budget for budget, regret in regrets.items() if regret <= random[-1]), None)
        print(f"reaches the regret of random search with {BUDGET} at {enough} trainings\n", flush=True)


def ranks(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return values.argsort(kind="stable").argsort(kind="stable")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--study", default="mlp")
    parser.add_argument("--epochs", type=int, nargs="+", default=[3, 9])
    parser.add_argument("--points", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=4000)
    asked = parser.parse_args()
    for epochs in asked.epochs:
        compared(asked.study, epochs, asked.points, asked.repeats)


if __name__ == "__main__":
    main()
