"""How often comparisons of equal cells err, and how many worse cells they find: simulated contests.

    python -m benchmarks.significance [--contests 4000] [--cells 2 3 6 10 18 30]

A contest is an array of scores (k cells, S seeds). Some cells share the best true mean; an error is a contest in which
any of these is called worse. The rules: tests against the leader alone, adjusted by Holm's method, as many papers do
it; all ordered pairs without moderated variances; and `bakeoff.results.multiple_comparisons`, which has all ordered
pairs and moderates the variances of large families.

The standard error of a rate of 5 % is 0.34 % from 4,000 contests. Families of 2 and 3 cells have ten times as
many: 0.11 %. The seeds of all draws are fixed.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from bakeoff.results.multiple_comparisons import CELLS, Differences, compared, with_the_best
from bakeoff.results.significance import EQUAL

Array = NDArray[np.float64]
Noise = Literal["normal", "t3", "skewed", "binomial"]
CONFIDENCE = 0.95
FAMILIES = (2, 3, 6, 10, 18, 30)  # cells
SEEDS = (3, 5, 8, 20)
SMALL, MORE = 3, 10  # families of so few cells have so many times as many contests
TOGETHER = 2_000_000  # differences in memory at once
EXAMPLES = 500  # that an accuracy counts


def equal(k: int) -> Array:
    return np.ones(k)


def first(count: Callable[[int], int], ratio: float) -> Callable[[int], Array]:
    """Return spreads of which the first so many are `ratio` times the others."""
    return lambda k: np.where(np.arange(k) < count(k), ratio, 1.0)


def graded(k: int) -> Array:
    """Return spreads from 1 to 10."""
    return np.geomspace(1, 10, k)


def half(k: int) -> int:
    return k // 2


def single(_k: int) -> int:
    return 1


def none(k: int) -> Array:
    return np.zeros(k)


def three_best(k: int) -> Array:
    """Return how far cells are behind the best, in their own standard deviations: three of them not at all."""
    return np.concatenate([np.zeros(min(3, k)), np.resize([0.5, 1, 2, 3], max(k - 3, 0))])


def one_best(k: int) -> Array:
    return np.concatenate([[0.0], np.resize([1, 2, 3], k - 1)])


@dataclass(frozen=True)
class Setting:
    """How the scores of a contest are drawn.

    Attributes:
        spread: of each cell, the standard deviation over seeds.
        behind: of each cell, in its own standard deviations.
        shared: the correlation of all cells over the seeds (good and bad seeds).
        grouped: the same, within each of three groups of cells.
        steps: examples of 500 in a standard deviation of 1, for accuracies, which are rounded to whole examples.
        fewer: whether the first half of the cells has half of the seeds.
    """

    spread: Callable[[int], Array] = equal
    behind: Callable[[int], Array] = none
    noise: Noise = "normal"
    shared: float = 0.0
    grouped: float = 0.0
    steps: float | None = None
    fewer: bool = False

    @property
    def step(self) -> float:
        """Of the scores; 0 where they are not counted."""
        return 1 / EXAMPLES if self.steps is not None or self.noise == "binomial" else 0.0


HALF_TENFOLD = Setting(spread=first(half, 10))
SETTINGS: Mapping[str, Setting] = {
    "equal": Setting(),
    "one tenfold": Setting(spread=first(single, 10)),
    "one a tenth": Setting(spread=first(single, 0.1)),
    "half threefold": Setting(spread=first(half, 3)),
    "half tenfold": HALF_TENFOLD,
    "1 to 10": Setting(spread=graded),
    "paired": Setting(shared=0.8),
    "paired, 1 to 10": Setting(shared=0.8, spread=graded),
    "groups, half threefold": Setting(grouped=0.7, spread=first(half, 3)),
    "heavy tails": Setting(noise="t3"),
    "heavy tails, half tenfold": replace(HALF_TENFOLD, noise="t3"),
    "discrete": Setting(steps=2.0),
    "discrete, 1 to 10": Setting(steps=2.0, spread=graded),
    "coarse": Setting(steps=0.7),
    "coarse, half tenfold": replace(HALF_TENFOLD, steps=0.7),
    "binomial": Setting(noise="binomial"),
    "unequal seeds": Setting(fewer=True),
    "unequal seeds, half tenfold": replace(HALF_TENFOLD, fewer=True),
    "three best": Setting(behind=three_best),
    "three best, 1 to 10": Setting(behind=three_best, spread=graded),
}
# Nothing is promised for differences that are skewed: a run that fails now and then, in some of the cells.
BEYOND: Mapping[str, Setting] = {
    "skewed": Setting(noise="skewed"),
    "skewed, half tenfold": replace(HALF_TENFOLD, noise="skewed"),
}


def draw(rng: np.random.Generator, contests: int, cells: int, seeds: int, setting: Setting) -> Array:
    """Return scores (contests, cells, seeds), NaN where a cell has no such seed."""
    size = (contests, cells, 2 * seeds if setting.fewer else seeds)
    if setting.noise == "binomial":
        return rng.binomial(EXAMPLES, 0.97, size) / EXAMPLES
    own = standard(rng, size, setting.noise)
    seed = rng.standard_normal((contests, 1, size[2]))
    group = rng.standard_normal((contests, 3, size[2]))[:, np.arange(cells) % 3]
    z = np.sqrt(setting.shared) * seed + np.sqrt(setting.grouped) * group
    z += np.sqrt(1 - setting.shared - setting.grouped) * own
    scores = setting.spread(cells)[:, None] * (z - setting.behind(cells)[:, None])
    if setting.steps is not None:
        scores = np.round(0.9 * EXAMPLES + setting.steps * scores) / EXAMPLES
    if setting.fewer:
        scores[:, : cells // 2, seeds:] = np.nan
    return np.asarray(scores)


def standard(rng: np.random.Generator, size: tuple[int, int, int], noise: Noise) -> Array:
    """Return noise of mean 0 and standard deviation 1."""
    match noise:
        case "t3":
            return rng.standard_t(3, size) / np.sqrt(3)
        case "skewed":
            return (0.5 - rng.gamma(0.5, 1, size)) / np.sqrt(0.5)
        case _:
            return rng.standard_normal(size)


def leader_alone(scores: Array, confidence: float) -> NDArray[np.bool_]:
    """Return which cells (..., k) are worse by two-sided paired t-tests against the leader, with Holm's method."""
    found = Differences.of(scores)
    leader = np.nanmean(scores, -1).argmax(-1)[..., None, None]
    mean, variance, count = (
        np.take_along_axis(values, leader, -1)[..., 0] for values in (found.mean, found.variance, found.count)
    )
    flat = variance < EQUAL**2
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * stdtr(count - 1, -np.abs(mean) / np.sqrt(variance / count))
    p = np.where(flat, np.where(np.abs(mean) > EQUAL, 2.0 ** (1 - count), 1.0), p)
    # The leader is no comparison: it takes the last place, and the first has the factor k - 1.
    np.put_along_axis(p, leader[..., 0], np.inf, -1)
    order = np.argsort(p, axis=-1)
    steps = np.take_along_axis(p, order, -1) * np.arange(p.shape[-1] - 1, -1, -1).clip(1)
    worse = np.empty(p.shape, bool)
    np.put_along_axis(worse, order, np.maximum.accumulate(steps, -1) <= 1 - confidence, -1)
    return worse


def all_pairs(scores: Array, confidence: float) -> NDArray[np.bool_]:
    """Return which cells are worse by all ordered pairs, with each pair's own variance."""
    found = Differences.of(scores)
    return compared(found, found.variance, found.freedom, confidence).adjusted <= 1 - confidence


def moderated_pairs(scores: Array, confidence: float, step: float = 0.0) -> NDArray[np.bool_]:
    """Return which cells are worse by the rule of the comparison."""
    return with_the_best(scores, confidence, step=step).adjusted <= 1 - confidence


RULES = ("leader alone", "all pairs", "ours")


def simulated(contests: int, cells: int, seeds: int, setting: Setting, key: int) -> dict[str, NDArray[np.bool_]]:
    """Return by rule which cells are called worse, (contests, cells)."""
    rng = np.random.default_rng([key, cells, seeds])
    chunk = max(1, TOGETHER // (cells**2 * seeds))
    parts: dict[str, list[NDArray[np.bool_]]] = {rule: [] for rule in RULES}
    for start in range(0, contests, chunk):
        scores = draw(rng, min(chunk, contests - start), cells, seeds, setting)
        parts["leader alone"].append(leader_alone(scores, CONFIDENCE))
        parts["all pairs"].append(all_pairs(scores, CONFIDENCE))
        parts["ours"].append(moderated_pairs(scores, CONFIDENCE, setting.step))
    return {rule: np.concatenate(found) for rule, found in parts.items()}


Rates = dict[str, tuple[float, float]]  # by rule: of any error, and of one on the first best cell


def errors(
    settings: Mapping[str, Setting], contests: int, families: Sequence[int]
) -> Iterator[tuple[int, int, str, Rates]]:
    """Yield for each setting and rule the rates of contests that call a best cell worse, and the first best cell."""
    for cells in families:
        number = contests * (MORE if cells <= SMALL else 1)
        for seeds in SEEDS:
            for key, (name, setting) in enumerate(settings.items()):
                best = setting.behind(cells) == 0
                found = simulated(number, cells, seeds, setting, key)
                rates = {rule: (worse[:, best].any(1).mean(), worse[:, 0].mean()) for rule, worse in found.items()}
                yield cells, seeds, name, {rule: (float(any_), float(one)) for rule, (any_, one) in rates.items()}


def error_table(settings: Mapping[str, Setting], contests: int, families: Sequence[int]) -> None:
    """Print the error rates in percent, and for each family and number of seeds the worst setting."""
    worst: dict[tuple[int, int, str], tuple[float, str]] = {}
    kept = dict.fromkeys(RULES, 0.0)
    for cells, seeds, name, rates in errors(settings, contests, families):
        for rule, (rate, first_out) in rates.items():
            place = (cells, seeds, rule)
            worst[place] = max(worst.get(place, (0.0, "")), (100 * rate, name))
            kept[rule] = max(kept[rule], 100 * first_out)
        shown = "  ".join(f"{rule} {100 * rate:.1f}" for rule, (rate, _) in rates.items())
        print(f"{cells} cells, {seeds} seeds, {name}: {shown}", flush=True)
    print(f"\n| cells | seeds | {' | '.join(RULES)} |\n|---|---|{'---|' * len(RULES)}")
    for cells in families:
        for seeds in SEEDS:
            row = (worst[cells, seeds, rule] for rule in RULES)
            print(f"| {cells} | {seeds} | {' | '.join(f'{rate:.1f} ({name})' for rate, name in row)} |")
    print("\nThe truly best cell is called worse, at worst:", {rule: round(rate, 1) for rule, rate in kept.items()})


def power_table(contests: int) -> None:
    """Print how many of the worse cells are found, by how far they are behind in their own standard deviations."""
    print(f"\n| cells | seeds | spreads | {' | '.join(RULES)} |\n|---|---|---|{'---|' * len(RULES)}")
    for cells in (3, 6, CELLS, 18):
        for seeds in (5, 8, 10):
            for name, spread in (("equal", equal), ("1 to 10", graded)):
                setting = Setting(behind=one_best, spread=spread)
                found = simulated(contests, cells, seeds, setting, key=100)
                behind = one_best(cells)
                rows = (
                    " / ".join(f"{100 * worse[:, behind == sd].mean():.0f}" for sd in (1, 2, 3) if (behind == sd).any())
                    for worse in found.values()
                )
                print(f"| {cells} | {seeds} | {name} | {' | '.join(rows)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contests", type=int, default=4000, help="of each setting (default: %(default)s)")
    parser.add_argument("--cells", type=int, nargs="+", default=FAMILIES, help="of the families (default: %(default)s)")
    arguments = parser.parse_args()
    contests, families = arguments.contests, arguments.cells
    print("Error rates in percent")
    error_table(SETTINGS, contests, families)
    print("\nWithout promise: skewed scores")
    error_table(BEYOND, contests, families)
    print("\nWorse cells found, in percent of those that are 1 / 2 / 3 of their standard deviations behind the best")
    power_table(contests // 2)


if __name__ == "__main__":
    main()
