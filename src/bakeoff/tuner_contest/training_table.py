"""Real trainings of a study as a problem: a table of every combination of some levels, and the values between them.

Between the levels the value is interpolated linearly in each coordinate of the unit cube, in which the searchers move.
So no value is below the least of the table, and the minimum is known. How far the interpolation is from real trainings
is measured at random points. This is a surrogate benchmark as in Eggensperger, Hutter, Hoos & Leyton-Brown 2015, AAAI.
"""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from bakeoff.base.settings import BadInput
from bakeoff.tuner_contest.problem import Problem
from bakeoff.tuner_contest.table_shape import shape
from bakeoff.tuning.measures import metric, sign
from bakeoff.tuning.settings import Choice, Range
from bakeoff.tuning.space import Cube, Point, Space
from bakeoff.tuning.trained import Trained

Array = NDArray[np.float64]
ROLE, DIVERGED, INTERPOLATED = "role", "diverged", "interpolated"
LEVEL, CHECK = "level", "check"


def level_places(space: Space, levels: Mapping[str, int]) -> list[Cube]:
    """Return the places of the table in the cube, the last coordinate the fastest: the ends of a range among them."""
    axes = [
        [(number + 0.5) / len(one.choices) for number in range(len(one.choices))]
        if isinstance(one, Choice)
        else np.linspace(0.0, 1.0, levels[name]).tolist()
        for name, one in space.dimensions.items()
    ]
    return list(product(*axes))


def check_places(space: Space, count: int, seed: int) -> list[Cube]:
    """Return random places of the cube."""
    return [tuple(row) for row in np.random.default_rng(seed).random((count, len(space))).tolist()]


@dataclass(frozen=True)
class TrainingTable:
    """The values of an objective, of which less is better, by level; infinity if a training diverged.

    Attributes:
        choices: of each dimension the number of its choices; 0 for a range.
    """

    values: Array
    choices: tuple[int, ...]

    def at(self, cube: Sequence[float]) -> float:
        """Return the value at a place of the cube.

        Among the levels around a place, those that diverged have no part; where the nearest one did, so does the place.
        """
        below, shares = [], []
        for coordinate, count, size in zip(cube, self.choices, self.values.shape, strict=True):
            if count:
                below.append(min(int(coordinate * count), count - 1))
                shares.append(0.0)
                continue
            place = min(max(coordinate, 0.0), 1.0) * (size - 1)
            below.append(min(int(place), size - 2))
            shares.append(place - below[-1])
        if not np.isfinite(self.values[tuple(low + (share > 0.5) for low, share in zip(below, shares, strict=True))]):
            return math.inf
        total = weight = 0.0
        for corner in product(*((0, 1) if share > 0 else (0,) for share in shares)):
            part = math.prod(share if up else 1 - share for up, share in zip(corner, shares, strict=True))
            value = float(self.values[tuple(low + up for low, up in zip(below, corner, strict=True))])
            if math.isfinite(value) and part > 0:
                total, weight = total + part * value, weight + part
        return total / weight

    def problem(self, name: str) -> Problem:
        """Return the table as a problem over the unit cube; of a choice, over the numbers of its values.

        Raises:
            BadInput: too few trainings ended to tell a good one from others.
        """
        finite = self.values[np.isfinite(self.values)]
        place = f"params.yaml: tuner_contest.tables.{name}"
        if len(finite) < 2:
            raise BadInput(
                f"{place}: {len(finite)} of {self.values.size} trainings ended, the others diverged, and a table needs "
                "2 or more; take another study, or narrower ranges"
            )
        if np.median(finite) <= finite.min():
            raise BadInput(
                f"{place}: half of the {len(finite)} trainings that ended or more have the least value, so no search "
                "is better than another; take more examples or epochs, or another study"
            )

        def value(point: Point) -> float:
            at = [
                (point[key] + 0.5) / count if count else point[key]
                for key, count in zip(keys, self.choices, strict=True)
            ]
            return self.at(at)

        keys = [f"x{number}" for number in range(len(self.choices))]
        space = Space(
            {
                key: Choice(choices=tuple(range(count))) if count else Range(low=0.0, high=1.0, scale="linear")
                for key, count in zip(keys, self.choices, strict=True)
            }
        )
        median = float(np.median(np.where(np.isfinite(self.values), self.values, finite.max())))
        least, worst = float(finite.min()), float(finite.max())
        return Problem(name, space, value, least, median, worst)


def table_of(space: Space, levels: Mapping[str, int], values: Sequence[float]) -> TrainingTable:
    """Return the table of values in the order of `level_places`."""
    sizes, choices = shape(space.dimensions, levels)
    return TrainingTable(np.array(values, dtype=float).reshape(sizes), choices)


def written(
    names: Sequence[str],
    objective: str,
    trained: Iterable[tuple[Point, Trained]],
    checked: Iterable[tuple[Point, Trained, float]],
) -> str:
    """Return a table as CSV: the trainings at the levels, then those at random points.

    Columns: `level` or `check`, the settings, the objective (empty for a diverged training), the step at which the
    training diverged, and of a check the interpolated objective (empty if the interpolation says that it diverges).
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([ROLE, *names, objective, DIVERGED, INTERPOLATED])

    def row(role: str, point: Point, found: Trained, between: float | None) -> list[str]:
        value = "" if found.diverged else repr(found.metrics[metric(objective)])
        guess = "" if between is None or math.isinf(between) else repr(sign(objective) * between)
        return [role, *(str(point[name]) for name in names), value, str(found.diverged or ""), guess]

    writer.writerows(row(LEVEL, point, found, None) for point, found in trained)
    writer.writerows(row(CHECK, point, found, between) for point, found, between in checked)
    return text.getvalue()


@dataclass(frozen=True)
class Checks:
    """Real and interpolated values of an objective at random points; infinity if it diverges.

    Attributes:
        errors: median and 90th percentile of the absolute error over the points where neither diverges; None if
            there is none.
        correlation: Spearman's rank correlation over all points; None if either has one value only.
        misjudged: points at which only one of the two diverges.
    """

    real: tuple[float, ...]
    interpolated: tuple[float, ...]

    @property
    def errors(self) -> tuple[float, float] | None:
        pairs = zip(self.real, self.interpolated, strict=True)
        found = [abs(one - other) for one, other in pairs if math.isfinite(one) and math.isfinite(other)]
        if not found:
            return None
        middle, high = np.quantile(found, [0.5, 0.9]).tolist()
        return middle, high

    @property
    def correlation(self) -> float | None:
        ranks = [rankdata(values) for values in (self.real, self.interpolated)]
        if any(len(set(one.tolist())) < 2 for one in ranks):
            return None
        return float(np.corrcoef(*ranks)[0, 1])

    @property
    def misjudged(self) -> int:
        return sum(math.isfinite(a) != math.isfinite(b) for a, b in zip(self.real, self.interpolated, strict=True))


def read(path: Path, objective: str, sizes: Sequence[int], choices: Sequence[int]) -> tuple[TrainingTable, Checks]:
    """Return a table, and its checks; of the objective less is better.

    Raises:
        BadInput: the file has another number of trainings than its settings say.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def values(column: str, role: str) -> list[float]:
        return [sign(objective) * float(row[column]) if row[column] else math.inf for row in rows if row[ROLE] == role]

    found = values(objective, LEVEL)
    if len(found) != math.prod(sizes):
        raise BadInput(
            f"{path}: has {len(found)} trainings at levels, and should have {math.prod(sizes)}; "
            "delete it, and `dvc repro tuner_contest` makes it again"
        )
    table = TrainingTable(np.array(found).reshape(tuple(sizes)), tuple(choices))
    return table, Checks(tuple(values(objective, CHECK)), tuple(values(INTERPOLATED, CHECK)))
