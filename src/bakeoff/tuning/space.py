"""The space that a search looks in. Searchers move in the unit cube; settings get their values here."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.tuning.settings import Choice, Dimension, Range, spelled

Point = dict[str, Any]  # a value for each setting that is searched, by its dotted name
Cube = tuple[float, ...]  # the same place in the unit cube


@dataclass(frozen=True)
class Space:
    """The dimensions by name: ranges, even on their scale, and choices.

    Attributes:
        integers: the ranges with integer values.
    """

    dimensions: Mapping[str, Dimension]
    integers: Collection[str] = ()

    def __len__(self) -> int:
        return len(self.dimensions)

    def point(self, cube: Sequence[float]) -> Point:
        """Return the values at a place of the cube: low at 0, high at 1.

        A dimension whose condition does not hold has no value.
        """
        point: Point = {}
        for (name, dimension), unit in zip(self.dimensions.items(), cube, strict=True):
            if holds(dimension, point):
                point[name] = self.value(name, unit)
        return point

    def value(self, name: str, unit: float) -> Any:
        """Return the value of one dimension at a coordinate of the cube."""
        dimension = self.dimensions[name]
        if isinstance(dimension, Choice):
            return dimension.choices[min(int(unit * len(dimension.choices)), len(dimension.choices) - 1)]
        return whole(dimension, unit) if name in self.integers else value(dimension, unit)

    def extremes(self, name: str) -> list[Any]:
        """Return every choice, or the ends of the range."""
        dimension = self.dimensions[name]
        if isinstance(dimension, Choice):
            return list(dimension.choices)
        return [self.value(name, 0.0), self.value(name, 1.0)]

    def cube_gradient(self, point: Point, gradient: Point) -> list[float]:
        """Return the gradient by the coordinates of the cube, of the gradient by the values at a point.

        All dimensions are ranges of real numbers.
        """
        return [
            gradient[name] * slope(dimension, point[name])
            for name, dimension in self.dimensions.items()
            if isinstance(dimension, Range)
        ]


def holds(dimension: Dimension, point: Mapping[str, Any]) -> bool:
    """Return whether the condition of a dimension holds at a point, of which the dimensions before it are known."""
    return all(name in point and same(point[name], wanted) for name, wanted in condition(dimension).items())


def condition(dimension: Dimension) -> Mapping[str, Any]:
    """Return the values that other dimensions must have; empty for a dimension without a condition."""
    found: Mapping[str, Any] = getattr(dimension, "when", {})
    return found


def same(one: Any, other: Any) -> bool:
    """Return whether two values are the same setting: 1 and 1.0 are, 1 and true are not."""
    return spelled(one) == spelled(other)


def value(dimension: Range, unit: float) -> float:
    low, high = dimension.low, dimension.high
    between: float
    match dimension.scale:
        case "log":
            between = low * (high / low) ** unit
        case "one_minus":
            between = 1 - (1 - low) * ((1 - high) / (1 - low)) ** unit
        case "linear":
            between = low + unit * (high - low)
    return min(max(between, low), high)  # rounding may lead out of the box


def whole(dimension: Range, unit: float) -> int:
    """Return the integer at a coordinate; each integer has the interval of half a unit on both sides."""
    if dimension.scale == "linear":
        low, high = int(dimension.low), int(dimension.high)
        return min(low + int(unit * (high - low + 1)), high)
    return round(value(dimension, unit))


def slope(dimension: Range, value: float) -> float:
    """Return the derivative of the value by its coordinate in the cube."""
    low, high = dimension.low, dimension.high
    match dimension.scale:
        case "log":
            return value * math.log(high / low)
        case "one_minus":
            return (value - 1) * math.log((1 - high) / (1 - low))
        case "linear":
            return high - low
