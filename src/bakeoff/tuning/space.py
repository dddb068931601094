"""The box that a search looks in. Searchers move in the unit cube; hyperparameters get their values here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bakeoff.tuning.settings import DimensionSettings, SpaceSettings

Point = dict[str, float]  # a value for each hyperparameter
Cube = tuple[float, ...]  # the same place in the unit cube


@dataclass(frozen=True)
class Space:
    """The dimensions by name: each from `low` to `high`, even in its value or in its logarithm."""

    dimensions: dict[str, DimensionSettings]

    @classmethod
    def read(cls, settings: SpaceSettings) -> "Space":
        return cls(dict(settings))

    def __len__(self) -> int:
        return len(self.dimensions)

    def point(self, cube: Sequence[float]) -> Point:
        """The values at a place of the cube: low at 0, high at 1."""
        return {name: value(at, unit) for (name, at), unit in zip(self.dimensions.items(), cube, strict=True)}

    def cube_gradient(self, point: Point, gradient: Point) -> list[float]:
        """The gradient by the coordinates of the cube, of the gradient by the values at a point."""
        return [gradient[name] * slope(at, point[name]) for name, at in self.dimensions.items()]


def value(dimension: DimensionSettings, unit: float) -> float:
    low, high = dimension.low, dimension.high
    between = low * (high / low) ** unit if dimension.log else low + unit * (high - low)
    return min(max(between, low), high)  # rounding may lead out of the box


def slope(dimension: DimensionSettings, value: float) -> float:
    """The derivative of the value by its coordinate in the cube."""
    low, high = dimension.low, dimension.high
    return value * math.log(high / low) if dimension.log else high - low
