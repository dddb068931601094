"""The table of params.yaml by which the numbers of trainings and epochs are chosen: `budget` names one of `budgets`."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import Field

from bakeoff.base.settings import Settings

Read = Callable[[str, Any], Any]  # gives the value of a dotted key of params.yaml, checked by a type
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")]
Times = Annotated[float, Field(gt=0, le=1e6)]  # what the epochs of every training are multiplied by
T = TypeVar("T")
Plan = TypeVar("Plan", bound=Settings)  # with `epochs`


def of_budget(settings: Read, key: str, kind: type[T]) -> T:
    """Return the value of a key of the chosen table, checked by a type."""
    value: T = settings(f"budgets.{settings('budget', Name)}.{key}", kind)
    return value


def budgeted(settings: Read, plan: Plan) -> Plan:
    """Return a plan of a training with the epochs of the chosen budget."""
    epochs = scaled(plan.epochs, of_budget(settings, "epochs", Times))  # type: ignore[attr-defined]
    return plan.model_copy(update={"epochs": epochs})


def scaled(epochs: int, times: float) -> int:
    """Return so many times the epochs: the nearest number, at least 1."""
    return max(1, round(epochs * times))
