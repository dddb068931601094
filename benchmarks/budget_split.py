"""How a cell should split its trainings over trials, reruns and final runs: contests simulated from the records.

    python -m benchmarks.budget_split [--contests 4000] [--seed 5000]

Run it from the root, on records of the pipeline. A problem is a network on a task, with its optimizers. Of each cell
its runs give

    mean(u) = best - scale u^shape      the true mean at the point that is worse than a share u of the search space,
    spread                              the standard deviation over seeds,

and of each problem the share of the variance that points of a cell, and cells, have in common under one seed. The best
5 trials are fitted by least squares, after their noise is shrunk away. Quasi-random points are one draw of u from each
of as many equal parts of [0, 1] as there are trials. The regret of a cell is best minus the true mean of its pick, in
units of the spread. Diverged runs count as missing: no run of the simulation diverges.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, stdtrit

from bakeoff.base import record
from bakeoff.base.record import Run
from bakeoff.harness.params import check
from bakeoff.results.runs_by_role import Roles

Array = NDArray[np.float64]
FITTED = 5  # best trials of a cell
SHAPES = (0.5, 1.0, 1.5, 2.0, 3.0)
NEAR = 0.25  # spreads: as good as the best

# Of 25 trainings, with 3 at the defaults: trials, finalists, reruns of each, final runs.
SPLITS = ((8, 3, 3, 5), (8, 3, 2, 8), (8, 2, 2, 10), (10, 2, 2, 8), (11, 2, 2, 7), (10, 3, 2, 6), (12, 1, 0, 10))


@dataclass(frozen=True)
class Problem:
    """What the records say of one problem.

    Attributes:
        in_cell, between: the share of the variance over seeds that points of a cell, and cells, have in common.
        best, scale, shape: of each cell's points.
    """

    spread: float
    in_cell: float
    between: float
    best: Array
    scale: Array
    shape: Array


@dataclass(frozen=True)
class Outcome:
    """Means over contests.

    Attributes:
        regret: of the picks.
        top: how often the leader's pick is within NEAR spreads of the best of all points of all cells.
        half_width: of a 95 % interval of a paired difference, in spreads.
    """

    regret: float
    top: float
    half_width: float


def values(runs: Sequence[Run], metric: str) -> Array:
    """Return the validation scores; NaN where a run diverged."""
    return np.array([run.metrics[metric] if run.diverged is None else np.nan for run in runs])


def problem(cells: Sequence[Roles], metric: str) -> Problem:
    finals = np.array([values(cell.finals, metric) for cell in cells])
    spread = float(np.sqrt(np.nanmedian(np.nanvar(finals, axis=1, ddof=1))))
    shares = [share for cell in cells if (share := common(cell, metric)) is not None]
    rest, total = np.median(shares, axis=0) if shares else (1.0, 1.0)
    pairs = np.corrcoef(finals)[np.triu_indices(len(cells), 1)]
    pairs = pairs[np.isfinite(pairs)]
    fits = np.array([surface(cell, metric, spread) for cell in cells])
    return Problem(
        spread,
        float(np.clip(1 - rest / total, 0, 0.95)),
        float(np.clip(np.median(pairs), 0, 0.95)) if len(pairs) else 0.0,
        *fits.T,
    )


def common(cell: Roles, metric: str) -> tuple[float, float] | None:
    """Return the variance of the reruns that neither point nor seed explains, and the variance over seeds.

    None where there are too few reruns, or one diverged.
    """
    table: dict[int, list[float]] = defaultdict(list)
    for run, score in zip(cell.reruns, values(cell.reruns, metric), strict=True):
        table[run.parameters["point"]].append(score)
    scores = np.array(list(table.values()))
    points, seeds = scores.shape
    if points < 2 or seeds < 2 or np.isnan(scores).any():
        return None
    rest = scores - scores.mean(1, keepdims=True) - scores.mean(0) + scores.mean()
    return float((rest**2).sum() / ((points - 1) * (seeds - 1))), float(scores.var(1, ddof=1).mean())


def surface(cell: Roles, metric: str, spread: float) -> tuple[float, float, float]:
    """Return best, scale and shape."""
    seen: dict[int, list[float]] = defaultdict(list)
    for runs in (cell.trials, cell.reruns, cell.finals):
        for run, score in zip(runs, values(runs, metric), strict=True):
            seen[run.parameters["point"]].append(score)
    ended = [np.array(scores)[np.isfinite(scores)] for scores in seen.values()]
    means = [(scores.mean(), len(scores)) for scores in ended if len(scores)]
    top = sorted(means, reverse=True)[:FITTED]
    scores, counts = (np.array(column, dtype=float) for column in zip(*top, strict=True))
    between = max(scores.var(ddof=1) - (spread**2 / counts).mean(), 1e-12)
    centre = scores.mean()
    scores = np.sort(centre + (scores - centre) * between / (between + spread**2 / counts))[::-1]
    shares = (np.arange(len(scores)) + 0.5) / len(seen)
    fits = []
    for shape in SHAPES:
        terms = np.stack([np.ones(len(scores)), -(shares**shape)], axis=1)
        (best, scale), *_ = np.linalg.lstsq(terms, scores, rcond=None)
        fits.append((((scores - terms @ [best, scale]) ** 2).sum(), best, max(scale, 0.0), shape))
    _, best, scale, shape = min(fits)
    return float(best), float(scale), shape


def simulate(draw: np.random.Generator, of: Problem, split: tuple[int, int, int, int], contests: int) -> Outcome:
    trials, finalists, reruns, finals = split
    strata = (np.arange(trials) + draw.random((contests, len(of.best), trials))) / trials
    means = of.best[:, None] - of.scale[:, None] * strata ** of.shape[:, None]
    own = of.spread * np.sqrt(1 - of.in_cell)  # what one seed gives to all points of a cell decides nothing
    seen = means + own * draw.standard_normal(means.shape)
    pick = np.take_along_axis(means, np.argsort(-seen, axis=2)[:, :, :finalists], axis=2)
    if reruns:
        again = pick + own / np.sqrt(reruns) * draw.standard_normal(pick.shape)
        pick = np.take_along_axis(pick, again.argmax(axis=2)[..., None], axis=2)
    pick = pick[..., 0]
    noise = of.spread * np.sqrt((1 - of.between) / finals)
    leader = (pick + noise * draw.standard_normal(pick.shape)).argmax(axis=1)
    top = pick[np.arange(contests), leader] >= of.best.max() - NEAR * of.spread
    return Outcome(float(((of.best - pick) / of.spread).mean()), float(top.mean()), half_width(finals, of.between))


def half_width(seeds: int, between: float) -> float:
    """Return the expected half of a 95 % interval of a paired difference, in spreads."""
    c4 = np.sqrt(2 / (seeds - 1)) * np.exp(gammaln(seeds / 2) - gammaln((seeds - 1) / 2))
    return float(stdtrit(seeds - 1, 0.975) * c4 * np.sqrt(2 * (1 - between) / seeds))


def problems() -> dict[str, Problem]:
    """Return the problems in reports/records, by task and network."""
    found = {}
    for name, task in check().tasks.items():
        for model in task.models:
            paths = [Path(f"reports/records/{name}/{model}-{optimizer}.json") for optimizer in task.optimizers]
            found[f"{name}: {model}"] = problem([Roles.of(record.read(path)) for path in paths], f"val/{task.metric}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contests", type=int, default=4000, help="of each problem and split")
    parser.add_argument("--seed", type=int, default=5000)
    arguments = parser.parse_args()
    models = problems()
    print("| trials | finalists x reruns | final runs | regret | leader near the best | half-width |")
    print("|---|---|---|---|---|---|")
    for split in SPLITS:
        outcomes = [
            simulate(np.random.default_rng(arguments.seed + place), of, split, arguments.contests)
            for place, of in enumerate(models.values())
        ]
        regret, top, width = (
            np.mean([getattr(outcome, name) for outcome in outcomes]) for name in ("regret", "top", "half_width")
        )
        trials, finalists, reruns, finals = split
        shown = f"{finalists} x {reruns}" if reruns else "none"
        print(f"| {trials} | {shown} | {finals} | {regret:.3f} | {100 * top:.0f} % | {width:.2f} |")


if __name__ == "__main__":
    main()
