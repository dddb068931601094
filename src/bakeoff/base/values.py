"""Types of values that several sections of params.yaml share."""

from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field

Item = TypeVar("Item")


def distinct(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Return the items if all are different.

    Raises:
        ValueError: an item is listed twice.
    """
    twice = [item for item in items if items.count(item) > 1]
    if twice:
        raise ValueError(f"lists '{twice[0]}' twice; list it once")
    return items


Positive = Annotated[int, Field(ge=1, le=10**9)]
PositiveFloat = Annotated[float, Field(gt=0, le=1e30)]
Share = Annotated[float, Field(gt=0, lt=1)]
Amount = Positive | Share  # a number, or a share of all
LARGEST_SEED = 2**32 - 1  # what scikit-learn, NumPy and torch all take
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
Metric = Literal["accuracy", "auc", "dice"]  # all of them better when higher, none outside [0, 1]
DISTINCT = AfterValidator(distinct)


def resolved(amount: int | float, whole: int, least: int = 1) -> int:
    """Return a number unchanged, and a share as the nearest number of `whole`, but at least `least`."""
    return amount if isinstance(amount, int) else max(least, round(amount * whole))
