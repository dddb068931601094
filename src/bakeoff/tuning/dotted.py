"""Settings under dotted names: read and replaced in plain values."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import hint
from bakeoff.tuning.settings import Dimension, Range

EPOCHS = "training.epochs"


def paused(point: Mapping[str, Any], epochs: int) -> tuple[dict[str, Any], int | None]:
    """Return a point whose training pauses without its epochs, and these; None if they are those of a full training."""
    rest = {name: value for name, value in point.items() if name != EPOCHS}
    until = point.get(EPOCHS, epochs)
    return rest, None if until == epochs else until


class Unknown(ValueError):
    """A dotted name that is not a setting of the training."""


def whole_names(
    values: Mapping[str, Any], space: Mapping[str, Dimension], takes: Callable[[str, float], bool]
) -> frozenset[str]:
    """Return the names of the ranges of integers.

    A range has whole values where the setting has one; where it has no number (`null`, or a word), if both ends are
    whole and the setting takes no fraction.

    Raises:
        Unknown: a name is not a setting.
    """
    integers = set()
    for name, dimension in space.items():
        now = found(values, name)
        if isinstance(dimension, Range) and (
            isinstance(now, int)
            if isinstance(now, int | float) and not isinstance(now, bool)
            else whole_ends(dimension) and not takes(name, dimension.low + 0.5)
        ):
            integers.add(name)
    return frozenset(integers)


def whole_ends(dimension: Range) -> bool:
    return dimension.low == int(dimension.low) and dimension.high == int(dimension.high)


def placed(values: Mapping[str, Any], point: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of the values with those of a point, whose names are dotted.

    Raises:
        Unknown: a name is not a setting.
    """
    document: dict[str, Any] = deepcopy(dict(values))
    for name, value in point.items():
        found(document, name)
        *folders, last = name.split(".")
        inside: Any = document
        for part in folders:
            inside = inside[int(part)] if isinstance(inside, list) else inside[part]
        inside[int(last) if isinstance(inside, list) else last] = deepcopy(value)
    return document


def found(values: Mapping[str, Any], name: str) -> Any:
    """Return the value of a setting.

    Raises:
        Unknown: there is none of this name.
    """
    inside: Any = values
    parts = name.split(".")
    if len(parts) < 2:
        raise Unknown(f"{legible(name)} is not a setting of a training (sections: {', '.join(values)})")
    for depth, part in enumerate(parts):
        known = dict(inside) if isinstance(inside, Mapping) else {}
        if isinstance(inside, list):
            known = {str(number): one for number, one in enumerate(inside)}
        if part not in known:
            raise Unknown(
                f"{legible('.'.join(parts[: depth + 1]) if part else name)} is not a setting{hint(part, known)}"
            )
        inside = known[part]
    return inside


def legible(name: str) -> str:
    """Return a dotted name; in quotes where a part of it is empty or has a blank."""
    return name if all(part and part.split() == [part] for part in name.split(".")) else quoted(name)
