"""The shape of a table of trainings, which params.yaml alone decides."""

from collections.abc import Mapping

from bakeoff.tuning.settings import Choice, Dimension


def shape(dimensions: Mapping[str, Dimension], levels: Mapping[str, int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the shape of a table, and of each dimension the number of its choices."""
    choices = tuple(len(one.choices) if isinstance(one, Choice) else 0 for one in dimensions.values())
    return tuple(count or levels[name] for name, count in zip(dimensions, choices, strict=True)), choices
